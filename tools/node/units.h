// Units: the volumes of the group as this member shows them: a target, its logical unit and its routed device each.
// Follows the volume records; what was deleted is dropped from the stores.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/unit_states.h"
#include "cluster/volumes.h"
#include "routing/page_service.h"
#include "routing/router.h"
#include "target/base/log.h"
#include "target/ports/target_catalog.h"
#include "tools/node/load_monitor.h"

namespace shoal {

struct Unit {
  cluster::VolumeRecord record;
  std::shared_ptr<routing::RoutedVolume> device;
  std::shared_ptr<LogicalUnit> logical;
};

class Units final : public TargetCatalog {
 public:
  using EndSessions = std::function<void(ImageId image)>;
  using WrapDevice = std::function<std::shared_ptr<BlockDevice>(std::shared_ptr<BlockDevice> of_session)>;
  // All of it outlives this.
  Units(const cluster::Volumes& volumes, cluster::UnitStates& states, routing::Router& router,
        routing::PageService& pages, LoadMonitor& load, EndSessions end_sessions, Log log);

  void set_portals(std::vector<Endpoint> group_portals, std::optional<Endpoint> member_portal);
  using KnowSpace = std::function<std::optional<PoolSpace>(const std::vector<StoreId>& stores)>;
  void know_space(KnowSpace know, unsigned threshold_percent) {
    know_space_ = std::move(know);
    threshold_percent_ = threshold_percent;
  }
  void wrap_devices(WrapDevice wrap) { wrap_device_ = std::move(wrap); }
  // The records have changed. `fresh`: a complete listing stands behind it, so what was deleted is known.
  void follow(bool fresh);

  std::vector<TargetListing> list(const Endpoint& local, const std::string& initiator_name) override;
  std::shared_ptr<LogicalUnit> find(const std::string& target_name, const std::string& initiator_name) override;

  std::shared_ptr<BlockDevice> device_of_session(const LogicalUnit& unit, std::uint64_t session,
                                                 const std::string& initiator_name) override;

  const std::map<std::string, Unit>& all() const { return units_; }  // by volume name
  routing::VolumeCounters counters() const;                          // of all units that ever were

 private:
  void add(const cluster::VolumeRecord& record);
  void change_access(Unit& unit, const cluster::VolumeRecord& record);
  void describe(const cluster::VolumeRecord& record, Completion<> done);
  void remove(std::map<std::string, Unit>::iterator unit);
  void remove_deleted();
  void forget_deleted_images();
  void drop_deleted_images();

  const cluster::Volumes& volumes_;
  cluster::UnitStates& states_;
  routing::Router& router_;
  routing::PageService& pages_;
  LoadMonitor& load_;
  EndSessions end_sessions_;
  KnowSpace know_space_;
  unsigned threshold_percent_ = 0;
  WrapDevice wrap_device_;  // of sessions from now on; empty: as they are
  Log log_;
  std::vector<Endpoint> group_portals_;
  std::optional<Endpoint> member_portal_;
  std::map<std::string, Unit> units_;
  std::map<std::string, std::string> by_target_;  // target name -> volume name
  std::set<ImageId> dropping_;
  routing::VolumeCounters removed_;  // counters of units that are gone
};

}  // namespace shoal
