// What the control port answers, as JSON: pure functions of values that were collected before. shoalctl's views read
// these.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/members.h"
#include "cluster/volumes.h"
#include "routing/page_service.h"
#include "routing/router.h"
#include "routing/scrubber.h"
#include "target/server/target_server.h"
#include "tools/node/allocation_desk.h"
#include "tools/node/availability.h"
#include "tools/node/control_handler.h"
#include "tools/node/decisions.h"
#include "tools/node/gathering.h"
#include "tools/node/secret_files.h"
#include "tools/node/session_mover.h"

namespace shoal {

struct OwnStore {
  StoreId id;
  routing::StoreKind kind = routing::StoreKind::file;
  routing::StoreState state;
  routing::StoreSpace space;
  routing::RepairCounters damage;
};

// This member and what it sees of the group, at one moment.
struct MemberView {
  std::string group;
  MemberId self;
  const char* state = "serving";  // starting, serving, stopping
  std::uint64_t uptime_s = 0;
  std::string metadata_kind;  // etcd, sqlite
  bool metadata_reachable = false;
  std::string metadata_problem;  // why not, where that is known
  std::string metadata_trouble;  // why they are not used although they answer; empty: they are used
  std::map<MemberId, cluster::MemberRecord> members;
  PeerViews peers;
  std::vector<OwnStore> stores;
  std::map<StoreId, routing::StoreSpace> spaces;  // of stores of the group, as they were heard of last
  std::optional<routing::ScrubStatus> scrub;      // of the store that has a device
  routing::VolumeCounters volumes;
  routing::PageCounters pages;
  server::ServerCounters server;
  MoveCounters moves;
  DecisionCounters decisions;
  std::uint64_t ignored_redirects = 0;
  std::size_t sessions = 0;
  SecretCheck discovery_secrets;
};

StorePlaces places_of(const MemberView& view);

struct VolumeView {
  cluster::VolumeRecord record;
  routing::PageMap::Snapshot map;
  SecretCheck secrets;               // of its CHAP, at this member
  std::uint64_t allocated_here = 0;  // bytes of this member's stores
};

nlohmann::json members_json(const MemberView& view);
nlohmann::json volume_json(const VolumeView& volume, const StorePlaces& places);  // also one of the list
// Into what volume_json() gave: what the volume takes of the group's stores.
void add_allocation(nlohmann::json& volume, const VolumeView& of, const Allocations& allocations);
// Members that have no part of a new volume, and why.
nlohmann::json left_out_json(const MemberView& view, const routing::Image& image);
nlohmann::json map_json(const VolumeView& volume, const StorePlaces& places);
nlohmann::json status_json(const MemberView& view, const std::vector<VolumeView>& volumes);
// `came`: "group portal", "redirect" or, by itself, "member portal".
nlohmann::json session_json(MemberId member, const server::SessionInfo& session, const char* came, Time now);
// Does what a peer answered have what the views of this member read of a session?
bool is_session(const nlohmann::json& answered);
// What members that drain still wait for, of the sessions of the group: into their notes.
void add_drain_notes(nlohmann::json& members, const Gathered& sessions);

ControlResponse ok(const nlohmann::json& body);
ControlResponse failure(int status, const std::string& what);

}  // namespace shoal
