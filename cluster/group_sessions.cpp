#include "cluster/group_sessions.h"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cluster/followed_listing.h"
#include "cluster/local_nexus.h"
#include "cluster/redirected_logins.h"
#include "cluster/session_messages.h"
#include "target/base/check.h"
#include "target/base/countdown.h"

namespace shoal::cluster {
namespace {

SeenSessions::Records::const_iterator first_of_host(const SeenSessions::Records& records, const NexusName& host) {
  return records.lower_bound({host.image, host.portal_group_tag, host.initiator_name, 0});
}

MemberId holder_of(const NexusRecord& record) { return record.member == MemberId{} ? record.not_at : record.member; }

// The members that are asked about an image, and what they have said.
struct UseInquiry {
  std::set<MemberId> waiting;
  ImageUse use;
  Completion<ImageUse> done;
  std::unique_ptr<Timer> deadline;

  void answer(MemberId member, std::optional<std::size_t> live) {
    if (!done || waiting.erase(member) == 0) return;
    if (!live) use.silent.push_back(member);
    if (live && *live > 0) use.live[member] = *live;
    if (waiting.empty()) finish();
  }
  void finish() {
    deadline.reset();
    use.silent.insert(use.silent.end(), waiting.begin(), waiting.end());
    waiting.clear();
    if (auto then = std::exchange(done, {})) then(std::move(use));
  }
};

}  // namespace

struct GroupSessions::Impl : std::enable_shared_from_this<GroupSessions::Impl> {
  Impl(Runtime& runtime, MetaStore& meta, const Members& members, routing::PeerChannel* peers, FenceOwners fence,
       Log log)
      : context{runtime, meta, members, peers, std::move(fence), std::move(log), MetaCalls(runtime, meta)},
        listing(runtime, meta, std::string(kSessionsPrefix), "", FollowedListing::FirstPicture::good_enough,
                [this](const ListedPicture& picture) { on_picture(picture); }) {}

  template <class Then>
  auto guarded(Then then) {
    return [weak = weak_from_this(), then = std::move(then)](auto&&... args) mutable {
      if (const auto self = weak.lock()) then(std::forward<decltype(args)>(args)...);
    };
  }

  void bind() {
    context.vacated = [this](const NexusId& id) { context.runtime.post(guarded([this, id] { forget(id); })); };
    context.tell_moved = [this](const Seen<NexusRecord>& moved, Completion<> done) {
      tell_moved(moved, std::move(done));
    };
    if (context.peers) {
      context.peers->serve(routing::ControlKind::end_nexus,
                           guarded([this](MemberId from, std::string body, Completion<std::string> reply) {
                             on_request(from, body, std::move(reply));
                           }));
    }
  }

  LocalNexus* find(const NexusId& id) {
    const auto found = nexuses.find(id);
    return found == nexuses.end() ? nullptr : found->second.get();
  }

  LocalNexus& nexus(const NexusName& name) {
    auto& nexus = nexuses[GroupSessions::id_of(name)];
    if (!nexus) nexus = std::make_shared<LocalNexus>(context, name);
    return *nexus;
  }

  void forget(const NexusId& id) {
    const LocalNexus* nexus = find(id);
    if (nexus && nexus->vacant()) nexuses.erase(id);
  }

  MemberId self() const { return context.members.self().id; }

  // --- what the metadata say ---

  void on_picture(const ListedPicture& picture) {
    context.seen.learn(picture);
    for (const auto& [name, record] : context.seen.records()) {
      LocalNexus* local = find(GroupSessions::id_of(name));
      if (local) {
        local->on_seen(record.value);
      } else if (holder_of(record.value) == self()) {
        nexus(name).park(record);  // left by an earlier incarnation
      }
    }
    on_missing_records(picture.revision);
    for (auto& waiting : std::exchange(loading, {})) waiting();
  }

  // A nexus that another member took and let go again has no record that would tell its old holder so. The gate does:
  // it knows the highest epoch that was ever removed.
  void on_missing_records(std::uint64_t revision) {
    for (const auto& [id, local] : nexuses) {
      const auto* gate = context.seen.gate(local->name().image);
      if (context.seen.record(local->name()) || !gate) continue;
      local->on_missing(revision, gate->value.highest_removed);
    }
  }

  // --- what other members ask ---

  void on_request(MemberId from, const std::string& body, Completion<std::string> reply) {
    const auto request = decode_session_request(body);
    if (!request) {
      context.log.warn("session_request_unreadable from={}", from);
      return reply(encode(EndReply{EndAnswer::unknown}));
    }
    if (const auto* end = std::get_if<EndRequest>(&*request)) return on_end(from, *end, std::move(reply));
    if (const auto* moved = std::get_if<MovedRequest>(&*request)) return on_moved(*moved, std::move(reply));
    if (const auto* redirected = std::get_if<RedirectedRequest>(&*request)) {
      return on_redirected(*redirected, std::move(reply));
    }
    if (const auto* placed = std::get_if<PlacedRequest>(&*request)) {
      if (placed_elsewhere) placed_elsewhere(placed->name, placed->at);
      return reply(encode(EndReply{EndAnswer::ended}));
    }
    release_idle_here(std::get<ReleaseIdleRequest>(*request).image,
                      [reply = std::move(reply)](std::size_t live) mutable { reply(encode_live(live)); });
  }

  void on_end(MemberId from, const EndRequest& request, Completion<std::string> reply) {
    context.log.info("nexus_asked_for from={} initiator={} image={} epoch={}", from,
                     quoted(request.name.initiator_name), request.name.image, request.epoch);
    LocalNexus* local = find(GroupSessions::id_of(request.name));
    if (!local) return reply(encode(EndReply{EndAnswer::unknown}));
    const auto keep = local->shared_from_this();
    keep->supersede(request.epoch,
                    [reply = std::move(reply)](const EndReply& answer) mutable { reply(encode(answer)); });
  }

  // --- a session that is to be placed anew ---

  // Its host comes back within milliseconds, sooner than any hint of the metadata: so the members whose portals it may
  // ask know of the move before it is told to go. Who does not answer within kTellWithin learns it from the metadata.
  void tell_moved(const Seen<NexusRecord>& moved, Completion<> done) {
    const Countdown told(std::move(done));
    context.runtime.post(told.part());
    if (!context.peers) return;
    const std::string body = encode(MovedRequest{moved.value, moved.revision});
    for (const auto& [member, record] : *context.members.all()) {
      if (member == self() || !context.peers->connected(member)) continue;
      context.peers->request(member, routing::ControlKind::end_nexus, body, kTellWithin,
                             [one = told.part()](const Result<std::string, routing::PeerError>&) mutable { one(); });
    }
  }

  void on_moved(const MovedRequest& request, Completion<std::string> reply) {
    context.seen.learn({request.record, request.revision});
    if (move_elsewhere && request.record.place_at != MemberId{}) move_elsewhere(request.record);
    reply(encode(EndReply{EndAnswer::ended}));
  }

  // --- logins that are sent to another member ---

  void tell_redirected(const NexusName& name, MemberId to) { tell(to, RedirectedRequest{name}); }

  void tell_placed(const NexusName& name, MemberId at) {
    if (!context.peers) return;
    for (const auto& [member, record] : *context.members.all()) {
      if (member != self() && context.peers->connected(member)) tell(member, PlacedRequest{name, at});
    }
  }

  void tell(MemberId member, const SessionRequest& what) {
    if (!context.peers) return;
    context.peers->request(member, routing::ControlKind::end_nexus, encode(what), kTellWithin,
                           [](const Result<std::string, routing::PeerError>&) {});
  }

  void on_redirected(const RedirectedRequest& request, Completion<std::string> reply) {
    redirected.learn(request.name, context.runtime.now(),
                     [this](const NexusName& name) { return nexuses.contains(GroupSessions::id_of(name)); });
    reply(encode(EndReply{EndAnswer::ended}));
  }

  // --- records that no session uses ---

  void release_idle_here(ImageId image, Completion<std::size_t> done) {
    const Countdown removals(guarded([this, image, done = std::move(done)]() mutable { done(live_sessions(image)); }));
    Completion<> all_asked = removals.part();
    for (const auto& nexus : nexuses_of(image)) nexus->remove_if_idle(removals.part());
    context.runtime.post(std::move(all_asked));
  }

  std::vector<std::shared_ptr<LocalNexus>> nexuses_of(ImageId image) const {
    std::vector<std::shared_ptr<LocalNexus>> found;
    for (const auto& [id, nexus] : nexuses) {
      if (nexus->name().image == image) found.push_back(nexus);
    }
    return found;
  }

  std::size_t live_sessions(ImageId image) const {
    const auto of_image = nexuses_of(image);
    return static_cast<std::size_t>(
        std::count_if(of_image.begin(), of_image.end(), [](const auto& nexus) { return nexus->in_use(); }));
  }

  void release_idle(ImageId image, Completion<ImageUse> done) {
    auto inquiry = std::make_shared<UseInquiry>();
    inquiry->done = std::move(done);
    inquiry->waiting.insert(self());
    inquiry->deadline = context.runtime.after(kMetadataWithin, [weak = std::weak_ptr(inquiry)] {
      if (const auto late = weak.lock()) late->finish();
    });
    context.calls.list(gate_key(image) + "/",
                       [this, image, inquiry](const CompleteListing& listed) { ask_holders(image, listed, inquiry); });
  }

  void ask_holders(ImageId image, const CompleteListing& listed, std::shared_ptr<UseInquiry> inquiry) {
    if (!inquiry->done) return;  // too late
    for (const Entry& entry : listed.entries) {
      if (const auto record = decode_nexus(entry.key, entry.value)) inquiry->waiting.insert(holder_of(*record));
    }
    for (const MemberId member : std::set(inquiry->waiting)) ask_holder(member, image, inquiry);
  }

  void ask_holder(MemberId member, ImageId image, std::shared_ptr<UseInquiry> inquiry) {
    if (member == self()) {
      return release_idle_here(image, [inquiry, member](std::size_t live) { inquiry->answer(member, live); });
    }
    if (!context.peers) return inquiry->answer(member, std::nullopt);
    context.peers->request(member, routing::ControlKind::end_nexus, encode(ReleaseIdleRequest{image}), kConfirmWithin,
                           guarded([inquiry, member](const Result<std::string, routing::PeerError>& answer) {
                             inquiry->answer(member, answer ? decode_live(*answer) : std::nullopt);
                           }));
  }

  NexusContext context;
  FollowedListing listing;
  std::map<NexusId, std::shared_ptr<LocalNexus>> nexuses;
  std::vector<Completion<>> loading;
  RedirectedLogins redirected;
  std::function<void(const NexusRecord&)> move_elsewhere;
  std::function<void(const NexusName&, MemberId)> placed_elsewhere;
};

GroupSessions::GroupSessions(Runtime& runtime, MetaStore& meta, const Members& members, routing::PeerChannel* peers,
                             FenceOwners fence, Log log)
    : impl_(std::make_shared<Impl>(runtime, meta, members, peers, std::move(fence), std::move(log))) {
  impl_->bind();
}
GroupSessions::~GroupSessions() = default;

void GroupSessions::load(Completion<> done) {
  impl_->loading.push_back(std::move(done));
  impl_->listing.start();
}

void GroupSessions::claim(const NexusName& name, SessionControl& session,
                          Completion<Result<NexusClaim, ClaimError>> done) {
  impl_->nexus(name).claim(session, std::move(done));
}

void GroupSessions::release(const NexusId& id, Generation generation, NexusMemory memory) {
  if (LocalNexus* nexus = impl_->find(id)) nexus->release(generation, std::move(memory));
}

void GroupSessions::release_for_move(const NexusId& id, Generation generation, MemberId place_at, NexusMemory memory,
                                     Completion<bool> done) {
  LocalNexus* nexus = impl_->find(id);
  if (!nexus) return impl_->context.runtime.post([done = std::move(done)]() mutable { done(false); });
  nexus->release_for_move(generation, place_at, std::move(memory), std::move(done));
}

void GroupSessions::tell_placed(const NexusName& name, MemberId at) { impl_->tell_placed(name, at); }
void GroupSessions::on_placed_elsewhere(std::function<void(const NexusName&, MemberId)> listener) {
  impl_->placed_elsewhere = std::move(listener);
}
void GroupSessions::tell_redirected(const NexusName& name, MemberId to) { impl_->tell_redirected(name, to); }

bool GroupSessions::came_by_redirect(const NexusName& name, Time since) const {
  return impl_->redirected.covers(name, since);
}

void GroupSessions::release_idle(ImageId image, Completion<ImageUse> done) {
  impl_->release_idle(image, std::move(done));
}

std::optional<NexusRecord> GroupSessions::known(const NexusName& name) const {
  const auto* found = impl_->context.seen.record(name);
  if (!found) return std::nullopt;
  return found->value;
}

std::optional<NexusRecord> GroupSessions::moved_away(const NexusName& host) const {
  const auto& records = impl_->context.seen.records();
  const Seen<NexusRecord>* newest = nullptr;  // that is moved, or has arrived since
  for (auto at = first_of_host(records, host); at != records.end() && of_same_host(at->first, host); ++at) {
    const Seen<NexusRecord>& seen = at->second;
    const bool nowhere = seen.value.place_at == MemberId{} && seen.value.member == MemberId{};
    if (nowhere || (newest && newest->revision > seen.revision)) continue;
    newest = &seen;
  }
  return newest && newest->value.place_at != MemberId{} ? std::optional(newest->value) : std::nullopt;
}

std::set<MemberId> GroupSessions::serving_others(const NexusName& nexus) const {
  std::set<MemberId> members;
  const auto& records = impl_->context.seen.records();
  for (auto at = first_of_host(records, nexus); at != records.end() && of_same_host(at->first, nexus); ++at) {
    const NexusRecord& record = at->second.value;
    const MemberId member = record.member != MemberId{} ? record.member : record.place_at;
    if (record.name != nexus && member != MemberId{}) members.insert(member);
  }
  return members;
}

void GroupSessions::on_move_elsewhere(std::function<void(const NexusRecord&)> listener) {
  impl_->move_elsewhere = std::move(listener);
}

std::vector<NexusRecord> GroupSessions::all() const {
  std::vector<NexusRecord> records;
  for (const auto& [name, record] : impl_->context.seen.records()) records.push_back(record.value);
  return records;
}

NexusId GroupSessions::id_of(const NexusName& name) {
  const std::string key = nexus_key(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  NexusId id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

}  // namespace shoal::cluster
