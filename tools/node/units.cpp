#include "tools/node/units.h"

#include <utility>

#include "routing/probed_volume.h"
#include "tools/node/portal_listing.h"

namespace shoal {
namespace {

void add_counters(routing::VolumeCounters& sum, const routing::VolumeCounters& more) {
  sum.operations += more.operations, sum.failed += more.failed;
  sum.local_bytes += more.local_bytes, sum.forwarded_bytes += more.forwarded_bytes;
  sum.local_parts += more.local_parts, sum.forwarded_parts += more.forwarded_parts;
  sum.held += more.held, sum.repeated += more.repeated;
  sum.owner_silent += more.owner_silent, sum.data_lost += more.data_lost, sum.wrong_store += more.wrong_store;
  sum.in_progress += more.in_progress, sum.held_now += more.held_now;
}

std::shared_ptr<LogicalUnit> logical_unit(const cluster::VolumeRecord& record, std::shared_ptr<BlockDevice> device,
                                          std::shared_ptr<UnitState> state) {
  auto unit = std::make_shared<LogicalUnit>();
  unit->image = record.image.id;
  unit->volume = record.name;
  unit->target_name = record.iqn;
  unit->identity = record.identity;
  // With `sync` nothing is left for a flush to do, nor is there in memory, which has nothing behind it: hosts are
  // spared flushes.
  unit->write_cache = record.image.durability == routing::DurabilityPolicy::writeback;
  unit->unmap_granularity_blocks = routing::kChunkBytes / kBlockBytes;
  unit->device = std::move(device);
  unit->state = std::move(state);
  return unit;
}

}  // namespace

Units::Units(const cluster::Volumes& volumes, cluster::UnitStates& states, routing::Router& router,
             routing::PageService& pages, LoadMonitor& load, EndSessions end_sessions, Log log)
    : volumes_(volumes),
      states_(states),
      router_(router),
      pages_(pages),
      load_(load),
      end_sessions_(std::move(end_sessions)),
      log_(std::move(log)) {}

void Units::set_portals(std::vector<Endpoint> group_portals, std::optional<Endpoint> member_portal) {
  group_portals_ = std::move(group_portals);
  member_portal_ = std::move(member_portal);
}

void Units::follow(bool fresh) {
  const auto records = volumes_.all();
  remove_deleted();
  if (fresh) forget_deleted_images();
  for (const auto& [name, record] : *records) {
    const auto known = units_.find(name);
    if (known != units_.end() && known->second.record.image.id == record.image.id) {
      change_access(known->second, record);  // all else of a record stays as it was made
      continue;
    }
    // A name points at one image; the higher id is the newer one, whatever order the hints came in.
    if (known != units_.end() && known->second.record.image.id > record.image.id) continue;
    if (known != units_.end()) remove(known);
    add(record);
  }
  if (fresh) drop_deleted_images();
}

void Units::change_access(Unit& unit, const cluster::VolumeRecord& record) {
  if (unit.record.access == record.access) return;
  unit.record.access = record.access;
  describe(unit.record, [] {});
}

void Units::add(const cluster::VolumeRecord& record) {
  const auto map = routing::PageMap::make(record.image);
  describe(record, [&pages = pages_, map] { pages.set_map(map); });
  auto device = router_.open(map);
  const auto logical = logical_unit(record, device, states_.open(record.image.id));
  if (know_space_)
    logical->space = [know = know_space_, stores = record.image.placement.stores] { return know(stores); };
  logical->threshold_percent = static_cast<std::uint8_t>(threshold_percent_);
  units_[record.name] = Unit{record, device, logical};
  by_target_[record.iqn] = record.name;
  log_.info("volume_served name={} image={} bytes={} pages={}", record.name, record.image.id, record.image.size_bytes,
            map->page_count());
}

// What a store keeps of a volume is its record, so that the group's metadata can be made again from the stores.
void Units::describe(const cluster::VolumeRecord& record, Completion<> done) {
  pages_.describe(record.image, cluster::encode(record), std::move(done));
}

void Units::remove(std::map<std::string, Unit>::iterator unit) {
  const auto& [name, gone] = *unit;
  log_.info("volume_gone name={} image={}", name, gone.record.image.id);
  add_counters(removed_, gone.device->counters());
  removed_.in_progress = removed_.held_now = 0;  // gauges
  by_target_.erase(gone.record.iqn);
  pages_.stop_describing(gone.record.image.id);
  end_sessions_(gone.record.image.id);
  states_.forget(gone.record.image.id);
  units_.erase(unit);
}

// A record that is not listed may be newer than the listing: only what is known to be deleted goes.
void Units::remove_deleted() {
  for (auto unit = units_.begin(); unit != units_.end();) {
    const auto next = std::next(unit);
    if (volumes_.was_deleted(unit->second.record.image.id)) remove(unit);
    unit = next;
  }
}

// Views of a unit may come when it has gone from here, or before it was ever shown.
void Units::forget_deleted_images() {
  for (const ImageId image : states_.images()) {
    if (volumes_.was_deleted(image)) states_.forget(image);
  }
}

// Also images that were deleted while this member was down.
void Units::drop_deleted_images() {
  for (const auto& store : pages_.stores()) {
    for (const ImageId image : store->images()) {
      if (!volumes_.was_deleted(image) || !dropping_.insert(image).second) continue;
      log_.info("image_dropped image={} store={}", image, store->id());
      pages_.drop_image(image, [this, image] { dropping_.erase(image); });
    }
  }
}

std::vector<TargetListing> Units::list(const Endpoint& local, const std::string& initiator_name) {
  const auto addresses = listed_portals(local, group_portals_, member_portal_);
  std::vector<TargetListing> listings;
  for (const auto& [name, unit] : units_) {
    if (cluster::may_log_in(unit.record.access, initiator_name)) listings.push_back({unit.record.iqn, addresses});
  }
  return listings;
}

std::shared_ptr<LogicalUnit> Units::find(const std::string& target_name, const std::string& initiator_name) {
  const auto name = by_target_.find(target_name);
  if (name == by_target_.end()) return nullptr;
  const Unit& unit = units_.at(name->second);
  return cluster::may_log_in(unit.record.access, initiator_name) ? unit.logical : nullptr;
}

std::shared_ptr<BlockDevice> Units::device_of_session(const LogicalUnit& unit, std::uint64_t session,
                                                      const std::string& initiator_name) {
  const auto known = units_.find(unit.volume);
  if (known == units_.end() || known->second.record.image.id != unit.image) return nullptr;
  std::shared_ptr<BlockDevice> device =
      std::make_shared<routing::ProbedVolume>(known->second.device, load_.probe(session, unit.image, initiator_name));
  return wrap_device_ ? wrap_device_(std::move(device)) : device;
}

routing::VolumeCounters Units::counters() const {
  routing::VolumeCounters sum = removed_;
  for (const auto& [name, unit] : units_) add_counters(sum, unit.device->counters());
  return sum;
}

}  // namespace shoal
