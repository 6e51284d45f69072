#include "cluster/volumes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "cluster/followed_listing.h"
#include "cluster/group_identity.h"
#include "cluster/image_counter.h"
#include "cluster/meta_calls.h"
#include "cluster/nexus_record.h"
#include "cluster/volume_rules.h"
#include "target/base/check.h"

namespace shoal::cluster {
namespace {

constexpr std::string_view kPrefix = "/v/";
constexpr Duration kAnswerWithin = 10s;
constexpr int kReadingsToBelieve = 3;

std::string volume_key(const std::string& name) { return std::string(kPrefix) + name; }

ImageCounter counter_in(const std::optional<Entry>& entry) {
  return (entry ? decode_image_counter(entry->value) : std::nullopt).value_or(ImageCounter{0, {}});
}

std::string in_words(const std::string& name, const ImageUse& use) {
  std::string who;
  for (const auto& [member, count] : use.live) {
    who += fmt::format("{}{} {} at member {}", who.empty() ? "" : ", ", count, count == 1 ? "session" : "sessions",
                       member);
  }
  for (const MemberId member : use.silent) {
    who += fmt::format("{}member {} has sessions on record and does not answer", who.empty() ? "" : ", ", member);
  }
  return fmt::format("volume {} is in use: {}. Log the hosts out first (shoalctl sessions)", name, who);
}

// One order of an operator, pursued until its outcome is known. It is answered once; when metadata do not answer in
// time, with that, and goes on.
struct Order {
  Completion<Result<VolumeRecord, VolumeError>> done;
  BackOff back_off;
  std::unique_ptr<Timer> deadline;

  void answer(Result<VolumeRecord, VolumeError> result) {
    deadline.reset();
    if (auto then = std::exchange(done, {})) then(std::move(result));
  }
  void refuse(int status, std::string text) { answer(VolumeError{status, std::move(text)}); }
  bool overdue() const { return !done; }
};

struct Creation : Order {
  VolumeRequest request;
  UnitIdentity identity;
  std::uint64_t created_ms = 0;
  Census census;
};

// Of a volume that should be there.
struct NamedOrder : Order {
  std::string name;
  int doubts = 0;  // readings that spoke against it, perhaps from the past
};

struct Removal : NamedOrder {
  bool asked_holders = false;
};

struct AccessChange : NamedOrder {
  Volumes::ChangeAccess change;
};

}  // namespace

struct Volumes::Impl : std::enable_shared_from_this<Volumes::Impl> {
  Impl(Runtime& runtime_, MetaStore& meta, const Members& members_, std::string iqn_prefix_, Log log_)
      : runtime(runtime_),
        members(members_),
        iqn_prefix(std::move(iqn_prefix_)),
        log(std::move(log_)),
        calls(runtime_, meta),
        listing(runtime_, meta, std::string(kPrefix), kImageCounterKey, FollowedListing::FirstPicture::doubtful,
                [this](const ListedPicture& listed) { on_picture(listed); }) {
    show({});
  }

  template <class Then>
  auto guarded(Then then) {
    return [weak = weak_from_this(), then = std::move(then)](auto&&... args) mutable {
      if (const auto self = weak.lock()) then(std::forward<decltype(args)>(args)...);
    };
  }

  // --- the picture ---

  void on_picture(const ListedPicture& listed) {
    std::map<std::string, VolumeRecord> volumes;
    bool all_readable = true;
    for (const Entry& entry : listed.entries) {
      auto record = decode_volume(entry.value);
      if (!record) log.warn("volume_record_unreadable key={}", quoted(entry.key));
      all_readable = all_readable && record;
      if (record) volumes.emplace(record->name, std::move(*record));
    }
    show(std::move(volumes));
    const bool fresh = listed.reached && all_readable;
    if (fresh) judge(counter_in(listed.floor));
    tell(fresh);
  }

  void show(std::map<std::string, VolumeRecord> volumes) {
    picture = std::make_shared<const std::map<std::string, VolumeRecord>>(std::move(volumes));
    by_iqn.clear();
    for (const auto& [name, record] : *picture) {
      by_iqn.emplace(record.iqn, &record);
      highest = std::max(highest, record.image.id);
    }
  }

  // Images below `next` existed before the listing was made: those that it does not have are gone, unless these
  // metadata have never known them.
  void judge(ImageCounter counter) {
    if (counter.next > 0) highest = std::max(highest, ImageId{counter.next - 1});
    judged_by = std::move(counter);
    standing.clear();
    for (const auto& [name, record] : *picture) standing.insert(record.image.id);
  }

  void tell(bool fresh) {
    for (auto& waiting : std::exchange(loading, {})) waiting();
    if (changed) changed(fresh);
  }

  // --- creating ---

  void create(VolumeRequest request, Completion<Result<VolumeRecord, VolumeError>> done) {
    auto creation = std::make_shared<Creation>();
    creation->request = std::move(request);
    creation->identity = new_identity(runtime.random());
    creation->created_ms = runtime.wall_clock_ms();
    begin(creation, std::move(done), "created", creation->request.name);
    if (auto wrong = check_name(creation->request.name)) return creation->refuse(400, std::move(*wrong));
    if (auto wrong = check_shape(creation->request.size_bytes, creation->request.page_bytes)) {
      return creation->refuse(400, std::move(*wrong));
    }
    if (picture->size() >= kMaxVolumes) {
      return creation->refuse(409,
                              fmt::format("the group has {} volumes, and more are not supported", picture->size()));
    }
    read_for_creation(creation);
  }

  // Answers when metadata are silent for too long; the order itself goes on.
  void begin(const std::shared_ptr<Order>& order, Completion<Result<VolumeRecord, VolumeError>> done, const char* what,
             const std::string& name) {
    order->done = guarded([this, done = std::move(done)](Result<VolumeRecord, VolumeError> result) mutable {
      runtime.post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
    });
    order->deadline = runtime.after(kAnswerWithin, [weak = std::weak_ptr<Order>(order), what, name] {
      const auto late = weak.lock();
      if (!late) return;
      late->refuse(503, fmt::format("metadata do not answer: whether volume {} was {} is not known yet. Look with "
                                    "shoalctl volume list when they are back",
                                    name, what));
    });
  }

  void read_for_creation(std::shared_ptr<Creation> creation) {
    calls.read(volume_key(creation->request.name), [this, creation](const std::optional<Entry>& found) {
      if (found) return on_name_taken(*creation, *found);
      if (!take_census) return read_counter(creation, {});
      take_census(guarded([this, creation](Census census) {
        creation->census = std::move(census);
        read_identity(creation);
      }));
    });
  }

  void read_identity(std::shared_ptr<Creation> creation) {
    calls.read(kGroupKey, [this, creation](const std::optional<Entry>& found) {
      const auto identity = found ? decode_group(found->value) : std::nullopt;
      if (identity && identity->id == group) return read_counter(creation, {{kGroupKey, found->revision}});
      creation->refuse(503,
                       "the metadata are not the group's any more, so nothing is created in them; give back those "
                       "that it had");
    });
  }

  void read_counter(std::shared_ptr<Creation> creation, std::vector<Expect> expect) {
    calls.read(kImageCounterKey,
               [this, creation, expect = std::move(expect)](const std::optional<Entry>& found) mutable {
                 auto counter = found ? decode_image_counter(found->value) : ImageCounter{};
                 if (!counter) return creation->refuse(503, fmt::format("{} is not a number", kImageCounterKey));
                 expect.push_back({kImageCounterKey, found ? found->revision : 0});
                 write_creation(creation, std::move(expect), std::move(*counter));
               });
  }

  void on_name_taken(Creation& creation, const Entry& found) {
    const auto record = decode_volume(found.value);
    if (record && record->identity == creation.identity) return on_created(creation, *record);  // our own write
    creation.refuse(409, fmt::format("volume {} exists already", creation.request.name));
  }

  // What is counted may be too low only where the metadata were put back: the compare-and-swap proves what it is.
  void write_creation(std::shared_ptr<Creation> creation, std::vector<Expect> expect, ImageCounter counter) {
    const std::uint64_t counted = counter.next;
    counter.rise_above(std::max(highest, creation->census.highest));
    const ImageId id{counter.next++};
    auto image =
        place_image(creation->request, id, members_for(creation->census), known_space ? known_space() : KnownSpace{});
    if (!image) return creation->refuse(409, image.error());
    const std::string& name = creation->request.name;
    const VolumeRecord record{name,
                              iqn_prefix + ":" + name,
                              std::move(*image),
                              creation->identity,
                              creation->created_ms,
                              {{}, {}, creation->request.chap}};
    expect.insert(expect.end(), {{volume_key(name), 0}, {gate_key(id), 0}});
    CasRequest request{
        std::move(expect),
        {{volume_key(name), encode(record)}, {kImageCounterKey, encode(counter)}, {gate_key(id), encode(ImageGate{})}}};
    if (id.value != counted) log.warn("image_ids_passed_over first={} last={}", counted, id.value - 1);
    calls.pursue(std::move(request), [this, creation, record](const Settled& settled) {
      if (settled.done) return on_created(*creation, record);
      if (settled.found) return on_name_taken(*creation, *settled.found);
      again(creation, [this, creation] { read_for_creation(creation); });  // another volume took the image id
    });
  }

  std::map<MemberId, MemberRecord> members_for(const Census& census) const {
    auto chosen = *members.all();
    if (take_census) std::erase_if(chosen, [&](const auto& each) { return !census.in_reach.contains(each.first); });
    return chosen;
  }

  void on_created(Creation& creation, const VolumeRecord& record) {
    log.info("volume_created name={} image={} bytes={} page_bytes={} stores={}", record.name, record.image.id,
             record.image.size_bytes, record.image.page_bytes, record.image.placement.stores.size());
    auto volumes = *picture;
    volumes.insert_or_assign(record.name, record);
    show(std::move(volumes));
    tell(false);
    creation.answer(record);
  }

  // An order that nobody waits for any more is given up where its outcome is known.
  template <class Then>
  void again(const std::shared_ptr<Order>& order, Then then) {
    if (order->overdue()) return;
    calls.pause(order->back_off, std::move(then));
  }

  // --- an order about a volume that should be there ---

  // Reads once more, unless it was enough.
  template <class Read>
  bool doubts(const std::shared_ptr<NamedOrder>& order, Read read) {
    if (++order->doubts == kReadingsToBelieve) return false;
    again(order, std::move(read));
    return true;
  }

  static void refuse_unknown(NamedOrder& order) {
    order.refuse(404, fmt::format("there is no volume {} (shoalctl volume list)", quoted(order.name)));
  }

  // then(record, revision), or the order is refused.
  template <class Then>
  void read_record(std::shared_ptr<NamedOrder> order, Then then) {
    calls.read(volume_key(order->name), [this, order, then](const std::optional<Entry>& found) {
      const auto once_more = [this, order, then] { read_record(order, then); };
      if (!found && picture->contains(order->name) && doubts(order, once_more)) return;
      if (!found) return refuse_unknown(*order);
      const auto record = decode_volume(found->value);
      if (!record) return order->refuse(503, fmt::format("the record of volume {} is of another version", order->name));
      then(*record, found->revision);
    });
  }

  // --- changing ---

  void change_access(std::string name, ChangeAccess change, Completion<Result<VolumeRecord, VolumeError>> done) {
    auto order = std::make_shared<AccessChange>();
    order->name = std::move(name);
    order->change = std::move(change);
    begin(order, std::move(done), "changed", quoted(order->name));
    if (check_name(order->name)) return refuse_unknown(*order);
    read_for_change(order);
  }

  // Also what is there already is written: the reading may be from the past, only the compare-and-swap proves it.
  void read_for_change(std::shared_ptr<AccessChange> order) {
    const auto once_more = [this, order] { read_for_change(order); };
    read_record(order, [this, order, once_more](VolumeRecord record, std::uint64_t revision) {
      if (auto error = order->change(record.access)) {
        if (!doubts(order, once_more)) order->refuse(error->status, std::move(error->text));
        return;
      }
      calls.pursue({{{volume_key(record.name), revision}}, {{volume_key(record.name), encode(record)}}},
                   [this, order, record, once_more](const Settled& settled) {
                     if (settled.done) return on_changed(*order, record);
                     again(order, once_more);
                   });
    });
  }

  void on_changed(AccessChange& order, const VolumeRecord& record) {
    log.info("volume_access_changed name={} allow={} deny={} chap={}", record.name, record.access.allow.size(),
             record.access.deny.size(), record.access.chap.has_value());
    auto volumes = *picture;
    volumes.insert_or_assign(record.name, record);
    show(std::move(volumes));
    tell(false);
    order.answer(record);
  }

  // --- removing ---

  void remove(std::string name, Completion<Result<VolumeRecord, VolumeError>> done) {
    auto removal = std::make_shared<Removal>();
    removal->name = std::move(name);
    begin(removal, std::move(done), "deleted", quoted(removal->name));
    if (check_name(removal->name)) return refuse_unknown(*removal);
    read_for_removal(removal);
  }

  void read_for_removal(std::shared_ptr<Removal> removal) {
    read_record(removal, [this, removal](const VolumeRecord& record, std::uint64_t revision) {
      calls.read(gate_key(record.image.id), [this, removal, record, revision](const std::optional<Entry>& gate) {
        on_gate(removal, record, revision, gate);
      });
    });
  }

  void on_gate(std::shared_ptr<Removal> removal, const VolumeRecord& record, std::uint64_t revision,
               const std::optional<Entry>& found) {
    const auto gate = found ? decode_gate(found->value) : std::nullopt;
    if (!gate)
      return again(removal, [this, removal] { read_for_removal(removal); });  // the reading was older than the volume
    if (gate->records > 0) return on_records(removal, record, *gate);
    CasRequest request{{{volume_key(record.name), revision}, {gate_key(record.image.id), found->revision}},
                       {{volume_key(record.name), std::nullopt}, {gate_key(record.image.id), std::nullopt}}};
    calls.pursue(std::move(request), [this, removal, record](const Settled& settled) {
      if (settled.done) return on_removed(*removal, record);
      again(removal, [this, removal] { read_for_removal(removal); });
    });
  }

  // Records are in the way. Those that no session uses go when their holders are asked.
  void on_records(std::shared_ptr<Removal> removal, const VolumeRecord& record, const ImageGate& gate) {
    if (removal->asked_holders && doubts(removal, [this, removal] { read_for_removal(removal); })) return;
    if (removal->asked_holders || !busy) {
      return removal->refuse(409, fmt::format("volume {} is in use: {} sessions on record", record.name, gate.records));
    }
    removal->asked_holders = true;
    busy(record.image.id, guarded([this, removal](const ImageUse& use) {
           if (!use.live.empty() || !use.silent.empty()) return removal->refuse(409, in_words(removal->name, use));
           read_for_removal(removal);
         }));
  }

  void on_removed(Removal& removal, const VolumeRecord& record) {
    log.info("volume_removed name={} image={}", record.name, record.image.id);
    auto volumes = *picture;
    volumes.erase(record.name);
    show(std::move(volumes));
    tell(false);
    listing.refresh();
    removal.answer(record);
  }

  Runtime& runtime;
  const Members& members;
  std::string iqn_prefix;
  Log log;
  GroupId group;
  TakeCensus take_census;
  std::function<KnownSpace()> known_space;
  Picture picture;
  std::map<std::string, const VolumeRecord*> by_iqn;  // of picture
  ImageId highest;                                    // that was ever seen
  ImageCounter judged_by{0, {}};
  std::set<ImageId> standing;  // of the listing that was judged by
  std::vector<Completion<>> loading;
  std::function<void(bool)> changed;
  std::function<void(ImageId, Completion<ImageUse>)> busy;
  MetaCalls calls;
  FollowedListing listing;
};

Volumes::Volumes(Runtime& runtime, MetaStore& meta, const Members& members, std::string iqn_prefix, Log log)
    : impl_(std::make_shared<Impl>(runtime, meta, members, std::move(iqn_prefix), std::move(log))) {}
Volumes::~Volumes() = default;

void Volumes::load(Completion<> done) {
  impl_->loading.push_back(std::move(done));
  impl_->listing.start();
}
void Volumes::refresh(Completion<> done) { impl_->listing.refresh(std::move(done)); }
Volumes::Picture Volumes::all() const { return impl_->picture; }
const VolumeRecord* Volumes::find_target(const std::string& iqn) const {
  const auto found = impl_->by_iqn.find(iqn);
  return found == impl_->by_iqn.end() ? nullptr : found->second;
}
bool Volumes::was_deleted(ImageId image) const {
  const ImageCounter& counter = impl_->judged_by;
  return image.value < counter.next && !counter.was_passed_over(image) && !impl_->standing.contains(image);
}
ImageId Volumes::highest_seen() const { return impl_->highest; }
void Volumes::guard_creation(const GroupId& group, TakeCensus take_census) {
  impl_->group = group;
  impl_->take_census = std::move(take_census);
}
void Volumes::place_by(std::function<KnownSpace()> known_space) { impl_->known_space = std::move(known_space); }
void Volumes::on_change(std::function<void(bool fresh)> changed) { impl_->changed = std::move(changed); }
void Volumes::on_busy(std::function<void(ImageId, Completion<ImageUse>)> release_idle) {
  impl_->busy = std::move(release_idle);
}
void Volumes::create(VolumeRequest request, Completion<Result<VolumeRecord, VolumeError>> done) {
  impl_->create(std::move(request), std::move(done));
}
void Volumes::change_access(std::string name, ChangeAccess change, Completion<Result<VolumeRecord, VolumeError>> done) {
  impl_->change_access(std::move(name), std::move(change), std::move(done));
}
void Volumes::remove(std::string name, Completion<Result<VolumeRecord, VolumeError>> done) {
  impl_->remove(std::move(name), std::move(done));
}

}  // namespace shoal::cluster
