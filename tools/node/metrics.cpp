#include "tools/node/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace shoal {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  Families& family(MetricType type, const std::string& name, const std::string& help) {
    families_.push_back({"shoal_" + name, help, type, {}});
    return *this;
  }
  Families& sample(double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  void counter(const std::string& name, const std::string& help, std::uint64_t value) {
    family(MetricType::Counter, name, help).sample(static_cast<double>(value));
  }
  void gauge(const std::string& name, const std::string& help, std::uint64_t value) {
    family(MetricType::Gauge, name, help).sample(static_cast<double>(value));
  }
  const std::vector<MetricFamily>& all() const { return families_; }

 private:
  std::vector<MetricFamily> families_;
};

void add_host_side(Families& families, const server::ServerCounters& server, std::size_t sessions) {
  families.gauge("sessions", "Sessions of hosts at this member", sessions);
  families.gauge("connections", "Connections at the portals", server.connections);
  families.gauge("half_open_connections", "Connections that have not logged in yet", server.half_open);
  families.gauge("discovery_sessions", "Discovery sessions", server.discovery_sessions);
  families.counter("connections_total", "Connections accepted", server.accepted);
  families.counter("refused_connections_total", "Connections closed at a limit", server.refused_connections);
  families.counter("logins_total", "Logins into full feature phase", server.logins);
  families.counter("redirects_total", "Logins answered with another member's address", server.redirects);
  families.counter("refused_logins_total", "Logins refused", server.refused_logins);
  families.counter("delayed_logins_total", "Logins that waited or were refused after too many that failed",
                   server.delayed_logins);
  families.counter("shared_names_total", "Logins refused because another host uses the same initiator name",
                   server.shared_names);
  families.counter("commands_total", "SCSI commands", server.commands);
  families.counter("check_conditions_total", "SCSI commands that ended with CHECK CONDITION", server.check_conditions);
  families.counter("host_read_bytes_total", "Bytes read by hosts", server.read_bytes);
  families.counter("host_written_bytes_total", "Bytes written by hosts", server.written_bytes);
}

void add_routing(Families& families, const routing::VolumeCounters& volumes, const routing::PageCounters& pages) {
  families.counter("local_bytes_total", "Bytes of hosts here whose pages lie here", volumes.local_bytes);
  families.counter("forwarded_bytes_total", "Bytes of hosts here whose pages lie at other members",
                   volumes.forwarded_bytes);
  families.counter("operations_total", "Operations on volumes", volumes.operations);
  families.counter("failed_operations_total", "Operations that did not end well", volumes.failed);
  families.counter("held_parts_total", "Parts of operations held for a silent member", volumes.held);
  families.gauge("held_parts", "Parts of operations that are held now", volumes.held_now);
  families.counter("owner_silent_total", "Operations ended because a member stayed silent", volumes.owner_silent);
  families.counter("data_lost_total", "Operations ended because their page is lost", volumes.data_lost);
  families.counter("page_read_bytes_total", "Bytes read from the stores here", pages.read_bytes);
  families.counter("page_written_bytes_total", "Bytes written to the stores here", pages.written_bytes);
  families.counter("page_flushes_total", "Flushes of the stores here", pages.flushes);
  families.counter("fenced_requests_total", "Requests of older generations refused", pages.fenced);
  families.counter("ghost_requests_total", "Late requests dropped", pages.ghosts);
  families.counter("page_errors_total", "Requests that a store here failed", pages.errors);
}

void add_moves(Families& families, const MoveCounters& moves, std::uint64_t ignored_redirects) {
  families.counter("moves_begun_total", "Sessions that were to be moved to another member", moves.begun);
  families.counter("moves_arrived_total", "Of these, sessions that logged in elsewhere", moves.arrived);
  families.counter("moves_failed_total", "Of these, sessions that stayed, came back, or did not come anywhere in time",
                   moves.failed);
  families.counter("places_kept_total", "Places kept here for sessions of other members", moves.places_kept);
  families.counter("places_refused_total", "Places refused here to other members", moves.places_refused);
  families.counter("ignored_redirects_total", "Logins served here because their host did not follow redirects",
                   ignored_redirects);
}

template <class Kind>
void add_kinds(Families& families, const char* label, std::initializer_list<Kind> kinds,
               const std::map<Kind, std::uint64_t>& counts) {
  for (const Kind kind : kinds) {
    const auto found = counts.find(kind);
    families.sample(found == counts.end() ? 0 : static_cast<double>(found->second),
                    {{label, std::string(to_string(kind))}});
  }
}

void add_decisions(Families& families, const DecisionCounters& counters) {
  using load::DecisionKind, load::MoveReason;
  families.family(MetricType::Counter, "decisions_total", "Decisions about load of this member, by kind");
  add_kinds(families, "kind", {DecisionKind::allocate, DecisionKind::move, DecisionKind::hold, DecisionKind::drain},
            counters.decisions);
  families.family(MetricType::Counter, "moves_total", "Sessions of this member that logged in elsewhere, by reason");
  add_kinds(families, "reason",
            {MoveReason::over_utilised, MoveReason::affinity, MoveReason::drain, MoveReason::by_hand}, counters.moves);
}

void add_group(Families& families, const MemberView& view) {
  families.gauge("uptime_seconds", "Since this member started", view.uptime_s);
  families.gauge("metadata_reachable", "1: the metadata answered the last call", view.metadata_reachable ? 1 : 0);
  families.family(MetricType::Gauge, "member_up", "1: links to and from that member are up");
  for (const auto& [member, peer] : view.peers) {
    families.sample(peer.up ? 1 : 0, {{"member", fmt::format("{}", member)}});
  }
  families.family(MetricType::Gauge, "store_in_service", "1: the store takes reads and writes");
  for (const OwnStore& store : view.stores) {
    families.sample(store.state.in_service ? 1 : 0, {{"store", store.id.to_string()}, {"kind", to_string(store.kind)}});
  }
}

void add_damage(Families& families, const MemberView& view) {
  families.family(MetricType::Counter, "store_damaged_blocks_total",
                  "Blocks of a store here that were not what was written there, when they were read");
  for (const OwnStore& store : view.stores) {
    families.sample(static_cast<double>(store.damage.damaged), {{"store", store.id.to_string()}});
  }
  if (!view.scrub) return;
  families.gauge("scrub_running", "1: the store here is being read as a whole",
                 view.scrub->state == routing::ScrubState::running ? 1 : 0);
  families.gauge("scrub_read_bytes", "Of the present scrub, or the last", view.scrub->read_bytes);
  families.gauge("scrub_bytes", "Allocated when that scrub began", view.scrub->most_bytes);
  families.gauge("scrub_unread_bytes", "Of that scrub: not served just then, and so not read", view.scrub->unread_bytes);
  families.counter("scrubs_total", "Scrubs that came to their end", view.scrub->runs);
  families.counter("scrub_damaged_blocks_total", "Blocks that scrubs could not read", view.scrub->all_damaged_blocks);
}

void add_space(Families& families, const MemberView& view, const std::vector<VolumeView>& volumes) {
  families.family(MetricType::Gauge, "store_bytes", "Bytes of a store here, by state: total, used, free");
  for (const OwnStore& store : view.stores) {
    const auto sample = [&](const char* state, std::uint64_t bytes) {
      families.sample(static_cast<double>(bytes),
                      {{"store", store.id.to_string()}, {"kind", to_string(store.kind)}, {"state", state}});
    };
    sample("used", store.space.used_bytes);
    if (store.space.total_bytes == 0) continue;
    sample("total", store.space.total_bytes);
    sample("free", store.space.free_bytes);
  }
  families.family(MetricType::Gauge, "volume_allocated_bytes", "Bytes of the stores here that a volume takes");
  for (const VolumeView& volume : volumes) {
    families.sample(static_cast<double>(volume.allocated_here), {{"volume", volume.record.name}});
  }
}

void add_volumes(Families& families, const MemberView& view, const std::vector<VolumeView>& volumes) {
  const StorePlaces places = places_of(view);
  families.family(MetricType::Gauge, "volume_unavailable_pages",
                  "Pages that cannot be served now, as this member sees it");
  for (const VolumeView& volume : volumes) {
    families.sample(static_cast<double>(health_of(*volume.map, places).unavailable_pages),
                    {{"volume", volume.record.name}});
  }
}

void add_load(Families& families, const load::GroupLoad& group) {
  const auto of_members = [&](const char* name, const char* help, double load::MemberLoad::*measure) {
    families.family(MetricType::Gauge, name, help);
    for (const auto& [id, member] : group.members) {
      if (member.heard) families.sample(member.*measure, {{"member", fmt::format("{}", id)}});
    }
  };
  families.family(MetricType::Gauge, "system_load", "Mean pressure of the members, 0 to 1").sample(group.system_load);
  of_members("member_work", "Units per second that its hosts ask for", &load::MemberLoad::work);
  of_members("member_forwarded_work", "Of these, what is placed at other members", &load::MemberLoad::forwarded);
  of_members("member_client_load", "Work, stretched by the time that hosts wait, by weight",
             &load::MemberLoad::client_load);
  of_members("member_share", "Fraction of the group's client load", &load::MemberLoad::share);
  of_members("member_fair_share", "Fraction of it that its weight stands for", &load::MemberLoad::fair);
  of_members("member_pressure", "Of store, processor, memory and network the fullest, 0 to 1",
             &load::MemberLoad::pressure);
}

}  // namespace

std::string metrics_text(const MemberView& view, const std::vector<VolumeView>& volumes,
                         const load::GroupLoad& group_load) {
  Families families;
  add_host_side(families, view.server, view.sessions);
  add_routing(families, view.volumes, view.pages);
  add_moves(families, view.moves, view.ignored_redirects);
  add_decisions(families, view.decisions);
  add_group(families, view);
  add_volumes(families, view, volumes);
  add_space(families, view, volumes);
  add_damage(families, view);
  add_load(families, group_load);
  return prometheus::TextSerializer().Serialize(families.all());
}

}  // namespace shoal
