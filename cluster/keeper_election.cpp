#include "cluster/keeper_election.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "cluster/followed_listing.h"
#include "cluster/member_signs.h"
#include "cluster/meta_calls.h"

namespace shoal::cluster {

struct KeeperElection::Impl : std::enable_shared_from_this<KeeperElection::Impl> {
  Impl(Runtime& runtime_, MetaStore& meta, const Members& members_, const routing::PeerChannel& peers_, Log log_)
      : runtime(runtime_),
        members(members_),
        peers(peers_),
        log(std::move(log_)),
        calls(runtime_, meta),
        listing(runtime_, meta, std::string(kKeeperPrefix), "", FollowedListing::FirstPicture::good_enough,
                [this](const ListedPicture& picture) { on_picture(picture); }) {}

  // ---- the record

  void on_picture(const ListedPicture& picture) {
    listed = true;
    for (const Entry& entry : picture.entries) learn(entry);
    review();
  }

  void learn(const Entry& entry) {
    const auto record = entry.key == kKeeperKey ? decode_keeper(entry.value) : std::nullopt;
    if (record) learn(*record, entry.revision);
  }

  void learn(const KeeperRecord& record, std::uint64_t revision) {
    if (known && record.term <= known->term) return;
    known = record;
    known_revision = revision;
    log.info("unit_keeper member={} incarnation={} term={}", record.member, record.incarnation, record.term);
    on_keeper(record);
  }

  // ---- whose turn it is

  Presence presence() const {
    return known ? judge(known->incarnation, signs_of(known->member, members, peers)) : Presence::gone;
  }

  std::size_t before_this_one() const {
    const auto all = members.all();
    return static_cast<std::size_t>(std::ranges::count_if(
        *all, [&](const auto& each) { return each.first < members.self().id && peers.connected(each.first); }));
  }

  void review() {
    if (!listed || taking || turn) return;
    const Presence now = presence();
    if (now == Presence::stands) return;
    const auto rank = static_cast<int>(before_this_one());
    turn = runtime.after(now == Presence::gone ? rank * kElectionTurn : kElectionDoubt, [this] { on_turn(); });
  }

  void on_turn() {
    turn.reset();
    if (presence() == Presence::gone) return take();
    review();
  }

  void take() {
    taking = true;
    const MemberRecord& self = members.self();
    const KeeperRecord next{self.id, self.incarnation, (known ? known->term : 0) + 1};
    calls.pursue({{{std::string(kKeeperKey), known_revision}}, {{std::string(kKeeperKey), encode(next)}}},
                 [this, next](const Settled& settled) {
                   taking = false;
                   if (settled.done) return learn(next, settled.revision);
                   if (settled.found) learn(*settled.found);
                   calls.pause(back_off, [this] { listing.refresh(); });
                 });
  }

  Runtime& runtime;
  const Members& members;
  const routing::PeerChannel& peers;
  Log log;
  std::function<void(const KeeperRecord&)> on_keeper;
  std::optional<KeeperRecord> known;
  std::uint64_t known_revision = 0;
  bool listed = false;  // the first picture is there
  bool taking = false;  // the compare-and-swap is under way
  std::unique_ptr<Timer> turn;
  BackOff back_off;
  MetaCalls calls;
  FollowedListing listing;
};

KeeperElection::KeeperElection(Runtime& runtime, MetaStore& meta, const Members& members,
                               const routing::PeerChannel& peers, Log log)
    : impl_(std::make_shared<Impl>(runtime, meta, members, peers, std::move(log))) {}
KeeperElection::~KeeperElection() = default;

void KeeperElection::start(std::function<void(const KeeperRecord&)> on_keeper) {
  impl_->on_keeper = std::move(on_keeper);
  impl_->listing.start();
}
void KeeperElection::review() { impl_->review(); }
void KeeperElection::refresh() { impl_->listing.refresh(); }

}  // namespace shoal::cluster
