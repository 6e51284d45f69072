// SimGroup: a whole Shoal group in one World: three members (the very Node of tools/node, each on a host with a disk),
// the metadata on a fourth host, and some initiators, each on its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "test/sim/group/mutation.h"
#include "test/sim/group/sim_initiator.h"
#include "test/sim/group/workload.h"
#include "test/sim/meta/sim_meta_store.h"
#include "test/sim/world.h"
#include "tools/node/node.h"

namespace shoal::sim {

struct GroupShape {
  unsigned members = 3, initiators = 3;
  std::uint64_t volume_blocks = 192;     // stamped ones, of 4 KiB
  std::uint32_t page_blocks = 16;        // 64 KiB
  std::string durability = "writeback";  // or "sync", "memory"
  Mutation mutation = Mutation::none;
  std::optional<std::size_t> keeper = {};  // starts before the others, so that it keeps what nexuses share
  LogLevel log_level = LogLevel::info;  // of the members, into the trace
};

class SimGroup {
 public:
  SimGroup(std::uint64_t seed, const GroupShape& shape);
  ~SimGroup();

  World& world() { return world_; }
  const GroupShape& shape() const { return shape_; }
  SimEtcd& etcd() { return *etcd_; }
  Host& etcd_host() { return *etcd_host_; }
  std::size_t members() const { return members_.size(); }
  Host& member(std::size_t index) { return *members_[index].host; }
  Node* node(std::size_t index);  // null: it is down
  std::size_t initiators() const { return hosts_.size(); }
  Host& initiator(std::size_t index) { return *hosts_[index].host; }
  SimInitiator& disk(std::size_t index) { return *hosts_[index].disk; }
  Workload& workload(std::size_t index) { return *hosts_[index].workload; }
  // How a host names itself and the volume; the portals of a member.
  static SessionName session_name(const Host& host, std::uint64_t isid);
  static Endpoint portal(std::size_t member);         // of the group: may redirect
  static Endpoint member_portal(std::size_t member);  // never does
  Checkers& checkers() { return checkers_; }
  const std::vector<std::string>& violations() const { return violations_; }

  // Members serve, the volume is there, and every host is logged in. False: it did not come to that.
  bool start();
  void kill_member(std::size_t index);  // with durability sync its machine loses its power
  void start_member(std::size_t index);
  bool serves(std::size_t index) const { return members_[index].serves; }
  // The control port of that member. nullopt: no answer within `limit`.
  std::optional<ControlResponse> control(std::size_t index, ControlRequest request, Duration limit = 30s);

 private:
  struct Process;  // of a member: its metadata client and its node
  struct Member {
    Host* host = nullptr;
    std::weak_ptr<Process> process;  // the host owns it
    bool serves = false;
  };
  struct User {
    Host* host = nullptr;
    std::unique_ptr<SimInitiator> disk;
    std::unique_ptr<Workload> workload;
  };

  NodeConfig config_of(std::size_t index) const;
  void add_member(std::size_t index);
  void add_initiator(std::size_t index);
  void on_started(std::size_t index, std::uint64_t process, const Result<void, std::string>& result);
  bool all_linked();
  bool make_volume();

  World world_;
  GroupShape shape_;
  std::vector<std::string> violations_;
  Checkers checkers_;
  Host* etcd_host_ = nullptr;
  std::unique_ptr<SimEtcd> etcd_;
  std::vector<Member> members_;
  std::vector<User> hosts_;
};

}  // namespace shoal::sim
