// ServerRig: a TargetServer on a ManualRuntime, with a unit whose operations complete when the test lets them, and
// ports that answer at once or when they are told to. Host is one initiator connection to it.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/server/target_server.h"
#include "target/unit/local_unit_state.h"
#include "test/support/initiator_pdus.h"
#include "test/unit/server/manual_runtime.h"

namespace shoal::test {

// A disk of zeros. While `held`, operations and aborts wait for the test.
class HeldDevice final : public BlockDevice {
 public:
  struct Waiting {
    Operation operation;
    Completion<IoResult> done;
  };

  std::uint64_t size_blocks() const override { return 1u << 16; }
  void submit(Operation operation, Completion<IoResult> done) override;
  void abort(const AbortSelection& selection, Completion<> done) override;

  void complete_all();  // with ok
  void complete_first(IoStatus status);
  void finish_aborts();  // what they selected first, with `aborted`

  bool held = false;
  std::optional<unsigned> fail_at;  // this operation, counted from 0, ends with medium_error
  std::vector<Waiting> waiting;
  std::vector<AbortSelection> aborts;  // all that came
  std::vector<Origin> origins;

 private:
  struct Abort {
    AbortSelection selection;
    Completion<> done;
  };
  std::vector<Abort> open_aborts_;
  unsigned submitted_ = 0;
};

class FakeCatalog final : public TargetCatalog {
 public:
  std::vector<TargetListing> list(const Endpoint& local, const std::string&) override {
    std::vector<TargetListing> all{{std::string(kTargetName), {local.to_string() + ",1"}}};
    for (int i = 0; i < others; ++i) all.push_back({"iqn.2026-01.shoal:other", {local.to_string() + ",1"}});
    return all;
  }
  std::shared_ptr<LogicalUnit> find(const std::string& name, const std::string& initiator) override {
    return name == unit->target_name && initiator != denied ? unit : nullptr;
  }
  std::shared_ptr<BlockDevice> device_of_session(const LogicalUnit&, std::uint64_t, const std::string&) override {
    return nullptr;
  }
  std::string denied;  // the initiator that finds nothing
  int others = 1;      // targets that are listed and not there
  std::shared_ptr<LogicalUnit> unit = std::make_shared<LogicalUnit>();
};

class FakePolicy final : public LoginPolicy {
 public:
  void decide(const LoginQuery& query, Completion<LoginDecision> done) override {
    queries.push_back(query);
    held ? waiting.push_back(std::move(done)) : done({answer, "test"});
  }
  bool held = false;
  decltype(LoginDecision::what) answer = ServeHere{};
  std::vector<LoginQuery> queries;
  std::vector<Completion<LoginDecision>> waiting;
};

// Ends the older session of a nexus before it grants the claim, as a registry of one member does.
class FakeRegistry final : public SessionRegistry {
 public:
  void claim(const NexusName& name, SessionControl& session, Completion<Result<NexusClaim, ClaimError>> done) override;
  void release(const NexusId& id, Generation generation, NexusMemory memory) override;
  void answer_held();

  bool held = false;
  std::optional<ClaimError> error;
  std::vector<Generation> granted, released;
  std::function<void()> on_release = [] {};

 private:
  struct Holder {
    SessionControl* session = nullptr;
    Generation generation;
  };
  void grant(const NexusName& name, SessionControl& session, Completion<Result<NexusClaim, ClaimError>>& done);

  std::map<NexusName, Holder> holders_;
  std::map<NexusName, NexusMemory> memories_;
  std::vector<Completion<>> waiting_;
  std::uint64_t latest_ = 0;
};

class ServerRig {
 public:
  ServerRig();
  ~ServerRig() { stop_listening(); }
  server::TargetServer& start();  // with `config`; listens
  void stop_listening() { server_.reset(); }
  server::TargetServer& server() { return *server_; }

  server::ServerConfig config;
  ManualRuntime runtime;
  std::shared_ptr<HeldDevice> device = std::make_shared<HeldDevice>();
  std::shared_ptr<unit::LocalUnitState> state = std::make_shared<unit::LocalUnitState>();
  FakeCatalog catalog;
  FakePolicy policy;
  FakeRegistry registry;

 private:
  std::unique_ptr<server::TargetServer> server_;
};

class Host {
 public:
  explicit Host(ServerRig& rig, std::uint64_t isid = kIsid, const std::string& address = "10.0.0.9")
      : isid(isid), rig_(rig), wire(rig.runtime.connect_host({address, 40000})) {}

  template <class Pdu, class... Data>
  void add(const Pdu& pdu, const Data&... data) {  // leaves with the next send()
    wire->arriving += as_text(test::wire(pdu, data...).bytes());
  }
  void send() { rig_.runtime.changed(wire); }
  void take(std::size_t bytes) {  // of the write under way
    wire->unsent -= std::min(bytes, wire->unsent);
    rig_.runtime.changed(wire);
  }

  void ask_login(const iscsi::TextKeys& keys = joined(without(security_keys(), "AuthMethod"), operational_keys()));
  // Asks, and takes the final response; the unit attentions that wait are taken as well.
  void log_in();
  // To a discovery session, which may ask for pages of so many bytes.
  void discover(std::uint32_t page_bytes = 8192);
  iscsi::TextRequest ask_for_targets();
  void take_unit_attention();
  iscsi::ScsiCommand read(std::uint64_t lba = 0, std::uint32_t blocks = 8) {
    return numbers.read(read16(lba, blocks), blocks * kBlockBytes);
  }

  std::vector<Answer> answers();  // since the last time
  template <class Pdu>
  Pdu answer() {  // the only one there is
    rig_.runtime.settle();
    const std::vector<Answer> all = answers();
    REQUIRE(all.size() == 1);
    REQUIRE(all.front().as<Pdu>() != nullptr);
    return *all.front().as<Pdu>();
  }

  std::uint64_t isid;
  InitiatorNumbers numbers;

 private:
  ServerRig& rig_;

 public:
  std::shared_ptr<Wire> wire;

 private:
  AnswerReader reader_;
  std::size_t read_writes_ = 0;
};

}  // namespace shoal::test
