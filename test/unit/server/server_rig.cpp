#include "test/unit/server/server_rig.h"

namespace shoal::test {
namespace {

IoResult result_of(const Operation& operation, IoStatus status) {
  IoResult result{.status = status};
  if (operation.kind == OperationKind::read && status == IoStatus::ok) {
    result.data = {Slice::copy_of(std::string(operation.range.count * kBlockBytes, '\0'))};
  }
  return result;
}

bool selects(const AbortSelection& selection, const Origin& origin) {
  return (selection.nexus.is_zero() || selection.nexus == origin.nexus) &&
         (selection.id == OperationId{} || selection.id == origin.id) &&
         (selection.generation == Generation{} || selection.generation == origin.generation);
}

}  // namespace

void HeldDevice::submit(Operation operation, Completion<IoResult> done) {
  origins.push_back(operation.origin);
  const IoStatus status = fail_at == submitted_++ ? IoStatus::medium_error : IoStatus::ok;
  if (held) return waiting.push_back({std::move(operation), std::move(done)});
  done(result_of(operation, status));
}

void HeldDevice::abort(const AbortSelection& selection, Completion<> done) {
  aborts.push_back(selection);
  open_aborts_.push_back({selection, std::move(done)});
  if (!held) finish_aborts();
}

void HeldDevice::complete_all() {
  for (Waiting& one : std::exchange(waiting, {})) one.done(result_of(one.operation, IoStatus::ok));
}

void HeldDevice::complete_first(IoStatus status) {
  Waiting one = std::move(waiting.front());
  waiting.erase(waiting.begin());
  one.done(result_of(one.operation, status));
}

void HeldDevice::finish_aborts() {
  for (Abort& abort : std::exchange(open_aborts_, {})) {
    for (Waiting& one : std::exchange(waiting, {})) {
      if (selects(abort.selection, one.operation.origin)) {
        one.done({.status = IoStatus::aborted});
      } else {
        waiting.push_back(std::move(one));
      }
    }
    abort.done();
  }
}

void FakeRegistry::claim(const NexusName& name, SessionControl& session,
                         Completion<Result<NexusClaim, ClaimError>> done) {
  if (error) return done(*error);
  auto go_on = [this, name, &session, done = std::move(done)]() mutable {
    const auto holder = holders_.find(name);
    if (holder == holders_.end()) return grant(name, session, done);
    holder->second.session->end(
        "reinstatement", [this, name, &session, done = std::move(done)]() mutable { grant(name, session, done); });
  };
  held ? waiting_.push_back(std::move(go_on)) : go_on();
}

void FakeRegistry::grant(const NexusName& name, SessionControl& session,
                         Completion<Result<NexusClaim, ClaimError>>& done) {
  const Generation generation{++latest_};
  holders_[name] = {&session, generation};
  granted.push_back(generation);
  std::optional<NexusMemory> memory;
  if (const auto known = memories_.find(name); known != memories_.end()) memory = known->second;
  NexusId id;
  store_be<std::uint64_t>(std::as_writable_bytes(std::span(id.bytes)), 8, name.isid);
  done(NexusClaim{id, generation, static_cast<std::uint16_t>(latest_), memory});
}

void FakeRegistry::release(const NexusId&, Generation generation, NexusMemory memory) {
  released.push_back(generation);
  for (const auto& [name, holder] : holders_) {
    if (holder.generation == generation) memories_[name] = memory;
  }
  std::erase_if(holders_, [&](const auto& one) { return one.second.generation == generation; });
  on_release();
}

void FakeRegistry::answer_held() {
  for (Completion<>& one : std::exchange(waiting_, {})) one();
}

ServerRig::ServerRig() {
  catalog.unit->image = ImageId{7};
  catalog.unit->volume = "demo";
  catalog.unit->target_name = kTargetName;
  catalog.unit->identity = {0x3000000000000001, "serial-1"};
  catalog.unit->device = device;
  catalog.unit->state = state;
}

server::TargetServer& ServerRig::start() {
  server_ = std::make_unique<server::TargetServer>(runtime, catalog, policy, registry, config, Log());
  state->listen([this](const unit::Consequences& consequences, Completion<> done) {
    server_->suffer(catalog.unit->image, consequences, std::move(done));
  });
  REQUIRE(server_->listen({"10.0.0.1", 3260}).has_value());
  return *server_;
}

void Host::ask_login(const iscsi::TextKeys& keys) {
  auto request = operational_request();
  request.isid = isid;
  add(request, keys);
  send();
}

void Host::log_in() {
  ask_login();
  const auto response = answer<iscsi::LoginResponse>();
  REQUIRE(response.status == iscsi::LoginStatus::success);
  numbers.acknowledge(response.numbering.stat_sn);
  take_unit_attention();
}

void Host::discover(std::uint32_t page_bytes) {
  iscsi::TextKeys keys = without(operational_keys(), "MaxRecvDataSegmentLength");
  keys.add("MaxRecvDataSegmentLength", std::to_string(page_bytes));
  ask_login(joined(without(discovery_keys(), "AuthMethod"), keys));
  const auto login = answer<iscsi::LoginResponse>();
  REQUIRE(login.status == iscsi::LoginStatus::success);
  numbers.acknowledge(login.numbering.stat_sn);
}

iscsi::TextRequest Host::ask_for_targets() {
  const iscsi::TextRequest request = numbers.text();
  add(request, iscsi::TextKeys{{"SendTargets", "All"}});
  send();
  rig_.runtime.settle();
  return request;
}

void Host::take_unit_attention() {
  add(numbers.read(test_unit_ready(), 0));
  send();
  const auto response = answer<iscsi::ScsiResponse>();
  REQUIRE(response.status == 2);
  numbers.acknowledge(response.numbering.stat_sn);
}

std::vector<Answer> Host::answers() {
  for (; read_writes_ < wire->writes.size(); ++read_writes_) reader_.receive(wire->writes[read_writes_]);
  return reader_.all();
}

}  // namespace shoal::test
