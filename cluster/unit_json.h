// What the nexuses of a unit share, as members write it to each other (unit_messages.h). Names of initiators are
// escaped as in keys (nexus_record.h). Decoding throws json::exception where the text is not one that this version
// writes.
//
// port          ["iqn.x", 9895604649984]
// view          {"generation", "pr": {"generation", "aptpl", "keys": [[port, key, all target ports]], "held": [type,
//               port] or null}, "reserved_by": port or null, "mode": [d_sense, swp], "condition"}
// audience      {"all", "ports": [port]}
// consequences  {"announce": [[asc, ascq, audience]], "abort": audience, "end": audience}
// change        {"out": [action, type, key, action key, aptpl, all target ports, unreg, [port]]}, {"reserve": null},
//               {"release": null}, {"mode": [d_sense, swp]}, {"condition": [from, to]}, {"reset": kind},
//               {"nexus_lost": null}
#pragma once

#include <nlohmann/json.hpp>

#include "target/unit/unit_machine.h"

namespace shoal::cluster {

nlohmann::json port_json(const InitiatorPort& port);
InitiatorPort port_of(const nlohmann::json& value);

nlohmann::json view_json(const UnitView& view);
UnitView view_of(const nlohmann::json& value);

nlohmann::json consequences_json(const unit::Consequences& consequences);
unit::Consequences consequences_of(const nlohmann::json& value);

nlohmann::json change_json(const UnitChange& change);
UnitChange change_of(const nlohmann::json& value);

nlohmann::json answer_json(UnitAnswer answer);
UnitAnswer answer_of(const nlohmann::json& value);

}  // namespace shoal::cluster
