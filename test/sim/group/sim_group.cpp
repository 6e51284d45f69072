#include "test/sim/group/sim_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "routing/journal_store/geometry.h"

namespace shoal::sim {
namespace {

constexpr std::uint64_t kJournalBytes = 4 << 20;  // so that it runs full
constexpr std::uint16_t kGroupPort = 3260, kMemberPort = 3261, kPeerPort = 3262;
constexpr const char* kVolume = "demo";
constexpr std::uint32_t kCounterPages = 2;  // behind the stamped blocks

// What a flush has to wait for: blocks on their way home are in the journal for certain.
bool is_in_journal(const DiskEvent& event) {
  const std::uint64_t begin = byte_of(routing::journal::kJournalChunk);
  return event.offset >= begin && event.offset < begin + kJournalBytes;
}

std::string member_address(std::size_t index) { return fmt::format("10.0.0.{}", index + 1); }

// The first lies inside a page; the others lie across its end and overlap.
std::vector<Counter> counters_of(const GroupShape& shape) {
  const std::uint64_t unit_blocks = kStampBytes / kBlockBytes;
  const std::uint64_t begin = shape.volume_blocks * unit_blocks, border = begin + shape.page_blocks * unit_blocks;
  return {{Lba{begin + 1}, 1}, {Lba{border - 1}, 2}, {Lba{border - 3}, 4}};
}

}  // namespace

struct SimGroup::Process {
  Process(Host& host, SimEtcd& etcd, NodeConfig config, const GroupShape& shape)
      : meta(host, etcd),
        node(host.runtime(), std::move(config), meta, host.log(shape.log_level), seams_of(shape.mutation)) {}
  SimMetaStore meta;
  Node node;
};

SimGroup::SimGroup(std::uint64_t seed, const GroupShape& shape)
    : world_(seed), shape_(shape), checkers_([this](std::string what) { violations_.push_back(std::move(what)); }) {
  etcd_host_ = &world_.add_host("etcd", {"10.0.2.1"});
  etcd_ = std::make_unique<SimEtcd>(world_, *etcd_host_);
  for (unsigned i = 0; i < shape.members; ++i) add_member(i);
  for (unsigned i = 0; i < shape.initiators; ++i) add_initiator(i);
}

SimGroup::~SimGroup() {
  for (Member& member : members_) member.host->kill();
}

Node* SimGroup::node(std::size_t index) {
  const auto process = members_[index].process.lock();
  return process ? &process->node : nullptr;
}

void SimGroup::add_member(std::size_t index) {
  Host& host = world_.add_host(fmt::format("m{}", index + 1), {member_address(index)});
  host.disk().observe([this](const DiskEvent& event) {
    if (event.call == DiskCall::sync || is_in_journal(event)) checkers_.flushes.on_disk(event);
  });
  members_.push_back({&host, {}, false});
}

void SimGroup::add_initiator(std::size_t index) {
  Host& host = world_.add_host(fmt::format("h{}", index + 1), {fmt::format("10.0.1.{}", index + 1)});
  std::vector<Endpoint> portals;
  for (unsigned i = 0; i < shape_.members; ++i) portals.push_back(portal(i));
  SessionName name = session_name(host, test::kIsid + index);
  User user{&host, std::make_unique<SimInitiator>(host, std::move(name), index + 1, std::move(portals), checkers_), {}};
  WorkloadShape load{
      .blocks = shape_.volume_blocks, .page_blocks = shape_.page_blocks, .counters = counters_of(shape_)};
  user.workload = std::make_unique<Workload>(host, *user.disk, load);
  hosts_.push_back(std::move(user));
}

SessionName SimGroup::session_name(const Host& host, std::uint64_t isid) {
  return {"iqn.2016-04.com.open-iscsi:" + host.name(), NodeConfig().iqn_prefix + ":" + kVolume, isid};
}

Endpoint SimGroup::portal(std::size_t member) { return {member_address(member), kGroupPort}; }
Endpoint SimGroup::member_portal(std::size_t member) { return {member_address(member), kMemberPort}; }

NodeConfig SimGroup::config_of(std::size_t index) const {
  const std::string address = member_address(index);
  NodeConfig config;
  config.member = MemberId{static_cast<std::uint32_t>(index + 1)};
  config.group_portals = {{address, kGroupPort}};
  config.member_portal = Endpoint{address, kMemberPort};
  config.peer = Endpoint{address, kPeerPort};
  config.group_key = "a key that all of them know";
  if (shape_.durability != "memory") config.store = "/store";
  config.limits.store_journal_bytes = kJournalBytes;
  config.etcd = {{"10.0.2.1", 2379}};
  return config;
}

void SimGroup::kill_member(std::size_t index) {
  checkers_.blocks.owner_killed();
  shape_.durability == "sync" ? member(index).crash() : member(index).kill();
}

void SimGroup::start_member(std::size_t index) {
  Member& member = members_[index];
  if (!member.host->running()) member.host->start();
  member.serves = false;
  const auto started = std::make_shared<Process>(*member.host, *etcd_, config_of(index), shape_);
  member.process = started;
  member.host->run_application(started);
  const std::uint64_t process = member.host->process();
  member.host->post([this, index, process] {
    node(index)->start([this, index, process](auto result) { on_started(index, process, result); });
  });
}

void SimGroup::on_started(std::size_t index, std::uint64_t process, const Result<void, std::string>& result) {
  if (members_[index].host->process() != process) return;
  members_[index].serves = result.has_value();
  if (!result) violations_.push_back(members_[index].host->name() + " does not start: " + result.error());
}

// A volume lies on the members that its maker reaches.
bool SimGroup::all_linked() {
  const auto answer = control(0, {"GET", "/members"});
  if (!answer || answer->status != 200) return false;
  const auto members = nlohmann::json::parse(answer->body);
  return std::count_if(members.begin(), members.end(), [](const auto& member) { return member.at("state") == "up"; }) ==
         std::ssize(members_) - 1;
}

bool SimGroup::make_volume() {
  for (int looks = 0; !all_linked(); ++looks) {
    if (looks == 100) return false;
    world_.run_for(100ms);
  }
  const auto answer =
      control(0, {"POST", "/volumes",
                  fmt::format(R"({{"name":"{}","size_bytes":{},"page_bytes":{},"durability":"{}"}})", kVolume,
                              (shape_.volume_blocks + kCounterPages * shape_.page_blocks) * kStampBytes,
                              shape_.page_blocks * kStampBytes, shape_.durability)});
  return answer && answer->status < 300;
}

bool SimGroup::start() {
  if (shape_.keeper) {
    start_member(*shape_.keeper);
    if (!world_.run_until([this] { return members_[*shape_.keeper].serves; }, 30s)) return false;
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i != shape_.keeper) start_member(i);
  }
  const auto all_serve = [this] {
    return std::all_of(members_.begin(), members_.end(), [](const Member& member) { return member.serves; });
  };
  if (!world_.run_until(all_serve, 30s) || !make_volume()) return false;
  for (User& user : hosts_) user.host->runtime().post([&user] { user.disk->start(); });
  const auto all_in = [this] {
    return std::all_of(hosts_.begin(), hosts_.end(), [](const User& user) { return user.disk->logged_in(); });
  };
  return world_.run_until(all_in, 30s);
}

std::optional<ControlResponse> SimGroup::control(std::size_t index, ControlRequest request, Duration limit) {
  auto answer = std::make_shared<std::optional<ControlResponse>>();
  Node* asked = node(index);
  if (!asked) return std::nullopt;
  members_[index].host->post([asked, request, answer] {
    asked->handle(request, [answer](ControlResponse response) { *answer = std::move(response); });
  });
  world_.run_until([&] { return answer->has_value(); }, limit);
  return *answer;
}

}  // namespace shoal::sim
