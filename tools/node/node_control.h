// NodeControl: the routes of the control port.
//
//   GET    /status                    this member and the group as it sees it
//   GET    /members                   all members
//   GET    /config                    this member's configuration file, which names the files of secrets
//   GET    /load                      what every member carries, and what is made of it
//   GET    /load/trace                the same with all sessions, as a line of a load trace (cluster/load/trace.h)
//   GET    /decisions[?last=N]        the group's last decisions about load, oldest first
//   GET    /load/rules                what operators have said about load
//   POST   /load/ORDER                policy, balance, weight, pin, unpin (load_requests.h)
//   GET    /volumes   POST            all volumes; make one: {name, size_bytes, page_bytes?, placement?, durability?,
//                                     chap?}
//   GET    /volumes/NAME   DELETE     one volume
//   POST   /volumes/NAME/allow        who may log in: {initiator}, a name or a pattern; also deny and forget
//   POST   /volumes/NAME/chap         what they must prove: {user, secret_file, mutual_user?, mutual_secret_file?}
//   DELETE /volumes/NAME/chap         nothing
//   GET    /volumes/NAME/map          which member has which pages
//   GET    /sessions                  of the whole group
//   GET    /sessions/ID/why           the decisions about that session, and about its host's logins to its volume
//   POST   /sessions/ID/drop          finish its commands, then have its host log in elsewhere
//   POST   /sessions/ID/move          the same, at a member that keeps a place: {to?, how?, polite?, force?}
//   POST   /members/ID/drain          its sessions go, and no host is placed there: {force?}
//   POST   /members/ID/undrain        until then
//   GET    /members/ID/store          its page store; ID may be "self", here too
//   POST   /members/ID/scrub          {order}: start, pause or resume
//   GET    /faults    POST            only with --allow-faults: faults.h
//   GET    /metrics                   for Prometheus
//
// Every request is answered within kControlDeadline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/node/control_handler.h"
#include "tools/node/control_views.h"
#include "tools/node/load_requests.h"
#include "tools/node/node_parts.h"
#include "tools/node/volume_requests.h"

namespace shoal {

inline constexpr Duration kControlDeadline = 25s;
static_assert(kDropWithin + kListWithin < kControlDeadline);
static_assert(kMoveWithin + kPlaceWithin < kControlDeadline);

enum class NodeState { starting, serving, stopping };
const char* to_string(NodeState state);

class NodeControl final : public ControlHandler, public std::enable_shared_from_this<NodeControl> {
 public:
  explicit NodeControl(NodeParts& parts) : parts_(parts) {}  // outlives this

  void enter(NodeState state, std::string waits_for = "") { state_ = state, waits_for_ = std::move(waits_for); }
  void handle(ControlRequest request, Completion<ControlResponse> done) override;

 private:
  void route(const ControlRequest& request, Completion<ControlResponse> done);
  void route_load(const ControlRequest& request, const std::string& order, Completion<ControlResponse> done);
  void route_volume(const ControlRequest& request, const std::string& name, const std::string& rest,
                    Completion<ControlResponse> done);
  void route_session(const ControlRequest& request, const std::string& id, const std::string& order,
                     Completion<ControlResponse> done);
  void route_member(const ControlRequest& request, const std::string& id, const std::string& order,
                    Completion<ControlResponse> done);
  void route_store(MemberId member, const ControlRequest& request, Completion<ControlResponse> done);
  void list_members(Completion<ControlResponse> done) const;
  void list_decisions(const std::string& query, Completion<ControlResponse> done) const;
  void tell_why(const SessionName& session, Completion<ControlResponse> done) const;
  void list_volumes(Completion<ControlResponse> done) const;
  void show_volume(const VolumeView& volume, Completion<ControlResponse> done) const;
  void create_volume(const std::string& body, Completion<ControlResponse> done);
  void change_access(const std::string& name, cluster::Volumes::ChangeAccess change, Completion<ControlResponse> done);
  void delete_volume(const std::string& name, Completion<ControlResponse> done);
  ControlResponse configuration() const;
  ControlResponse late(const ControlRequest& request) const;

  MemberView view() const;
  std::vector<VolumeView> volume_views() const;
  VolumeView view_of(const cluster::VolumeRecord& record, routing::PageMap::Snapshot map) const;
  nlohmann::json load_view() const;
  nlohmann::json volume_names() const;
  std::optional<ImageId> image_of(const std::string& volume) const;
  LoadNames load_names() const;
  nlohmann::json rules_view(const cluster::LoadRules& rules) const;

  NodeParts& parts_;
  NodeState state_ = NodeState::starting;
  std::string waits_for_;
};

}  // namespace shoal
