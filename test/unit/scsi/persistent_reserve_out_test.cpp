#include <catch2/catch.hpp>

#include "target/scsi/limits.h"
#include "target/scsi/transport_id.h"
#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Action = PersistentReserveOut::Action;

namespace {

constexpr unsigned kSpecifyPorts = 0x08, kAllPorts = 0x04, kThroughPowerLoss = 0x01;
constexpr std::uint64_t kKey = 0x0102030405060708, kActionKey = 0x1112131415161718;
const Ended kInvalidList = check(5, 0x26, 0), kLengthError = check(5, 0x1a, 0), kConflict{0x18};

Cdb reserve_out(Action action, std::size_t list_bytes = 24, unsigned scope_and_type = 1) {
  return with(cdb({0x5f, static_cast<unsigned>(action), scope_and_type}), 5, static_cast<std::uint32_t>(list_bytes));
}

std::string list(unsigned flags = 0, std::uint64_t key = kKey, std::uint64_t action_key = kActionKey) {
  std::array<std::byte, 24> bytes{};
  store_be(MutableByteSpan(bytes), 0, key);
  store_be(MutableByteSpan(bytes), 8, action_key);
  bytes[20] = std::byte(flags);
  return std::string(as_text(bytes));
}
std::string id_of(const InitiatorPort& port) { return std::string(as_text(scsi::encode_transport_id(port))); }
std::string counted(const std::string& ids) {
  std::array<std::byte, 4> count{};
  store_be(MutableByteSpan(count), 0, static_cast<std::uint32_t>(ids.size()));
  return std::string(as_text(count)) + ids;
}
std::string move_list(const std::string& id, unsigned flags = 0, std::uint16_t relative_port = 1) {
  std::string all = list();
  all[17] = static_cast<char>(flags);
  all[18] = static_cast<char>(relative_port >> 8);
  all[19] = static_cast<char>(relative_port);
  return all.substr(0, 20) + counted(id);
}

struct Rig : ScsiRig {
  scsi::CommandResult reserve(Action action, const std::string& list, unsigned scope_and_type = 1) {
    return give(reserve_out(action, list.size(), scope_and_type), list);
  }
  PersistentReserveOut asked() const { return std::get<PersistentReserveOut>(state->changes.at(0)); }
};

}  // namespace

TEST_CASE("REGISTER asks for the keys and flags of its list") {
  Rig rig;
  rig.reserve(Action::register_key, list(kAllPorts));
  CHECK(rig.asked() ==
        PersistentReserveOut{
            .action = Action::register_key, .key = kKey, .action_key = kActionKey, .all_target_ports = true});
}

TEST_CASE("every service action is asked for under its own name, with its type") {
  for (const auto action :
       {Action::reserve, Action::release, Action::clear, Action::preempt, Action::preempt_and_abort}) {
    Rig rig;
    const bool typed = action != Action::clear;
    rig.reserve(action, list(), 6);
    CHECK(rig.asked() == PersistentReserveOut{.action = action,
                                              .type = typed ? ReservationType::exclusive_access_registrants_only
                                                            : ReservationType::write_exclusive,
                                              .key = kKey,
                                              .action_key = kActionKey});
  }
}

TEST_CASE("a command that ends well has taken its list") {
  Rig rig;
  const auto result = rig.reserve(Action::register_and_ignore, list());
  CHECK(ended(result) == kGood);
  CHECK(result.transfer_bytes == 24);
  CHECK(rig.state->painted.persistent.registrations ==
        std::vector<Registration>{{.port = ScsiRig::port(), .key = kActionKey}});
}

TEST_CASE("REGISTER with SPEC_I_PT brings all the ports of its list") {
  Rig rig;
  const InitiatorPort long_name{"iqn." + std::string(219, 'x'), 7};
  const std::string with_ports = list(kSpecifyPorts) + counted(id_of(ScsiRig::other_port()) + id_of(long_name));
  rig.reserve(Action::register_key, with_ports);
  CHECK(rig.asked().ports == std::vector{ScsiRig::other_port(), long_name});
  Rig none;
  none.reserve(Action::register_key, list(kSpecifyPorts) + counted(""));
  CHECK(none.asked().ports.empty());
}

TEST_CASE("a wrong TransportID of SPEC_I_PT is pointed at, and nobody is registered") {
  Rig rig;
  std::string second = id_of(ScsiRig::other_port());
  second[0] = 0x05;
  const std::string first = id_of(ScsiRig::port());
  const auto result = rig.reserve(Action::register_key, list(kSpecifyPorts, 0) + counted(first + second));
  CHECK(ended(result) == kInvalidList);
  CHECK(field_pointer(result) == std::pair(0x8fu, static_cast<unsigned>(28 + first.size())));
  CHECK(rig.state->changes.empty());
}

TEST_CASE("SPEC_I_PT belongs to REGISTER alone, and is not looked at where nobody registers") {
  Rig rig;
  const auto result = rig.reserve(Action::register_and_ignore, list(kSpecifyPorts));
  CHECK(ended(result) == kInvalidList);
  CHECK(field_pointer(result) == std::pair(0x8bu, 20u));
  CHECK(rig.state->changes.empty());
  rig.reserve(Action::clear, list(kSpecifyPorts | kThroughPowerLoss | kAllPorts));
  CHECK(rig.asked() == PersistentReserveOut{.action = Action::clear, .key = kKey, .action_key = kActionKey});
}

TEST_CASE("nothing is registered through a power loss") {
  for (const auto action : {Action::register_key, Action::register_and_ignore}) {
    Rig rig;
    const auto result = rig.reserve(action, list(kThroughPowerLoss));
    CHECK(ended(result) == kInvalidList);
    CHECK(field_pointer(result) == std::pair(0x88u, 20u));
    CHECK(rig.state->changes.empty());
  }
  Rig rig;
  CHECK(ended(rig.reserve(Action::register_and_move, move_list(id_of(ScsiRig::other_port()), 1))) == kInvalidList);
}

TEST_CASE("a list that is not as long as its parts is a length error") {
  Rig rig;
  for (std::size_t bytes = 0; bytes < 24; ++bytes) {
    for (const auto action : {Action::register_key, Action::reserve, Action::register_and_move}) {
      CHECK(ended(rig.reserve(action, list().substr(0, bytes))) == kLengthError);
    }
  }
  const std::string id = id_of(ScsiRig::other_port());
  for (const std::string& wrong : {list() + "1234", list(kSpecifyPorts), list(kSpecifyPorts) + counted(id) + "1234",
                                   list(kSpecifyPorts) + counted(id).substr(0, id.size())}) {
    CHECK(ended(rig.reserve(Action::register_key, wrong)) == kLengthError);
  }
  CHECK(ended(rig.reserve(Action::reserve, list() + "1234")) == kLengthError);
  CHECK(ended(rig.reserve(Action::register_and_move, move_list(id) + "1234")) == kLengthError);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("the initiator must give the list that its CDB announces") {
  Rig rig;
  CHECK(ended(rig.give(reserve_out(Action::clear, 24), list().substr(0, 20))) == kLengthError);
  CHECK(ended(rig.run(reserve_out(Action::clear, 24))) == kLengthError);
  CHECK(ended(rig.give(reserve_out(Action::clear, 0xffffffff), list())) == kLengthError);
  CHECK(rig.state->changes.empty());
  rig.give(reserve_out(Action::clear, 24), list() + "more than that");
  CHECK(rig.asked().key == kKey);
}

TEST_CASE("a list beyond the limit is a length error") {
  Rig rig;
  std::string ids;
  while (ids.size() + 28 <= scsi::kMaxReserveOutListBytes) ids += id_of(ScsiRig::other_port());
  CHECK(ended(rig.reserve(Action::register_key, list(kSpecifyPorts, 0) + counted(ids))) == kLengthError);
}

TEST_CASE("scope and type must exist where they mean something, and are ignored elsewhere") {
  Rig rig;
  for (const auto action : {Action::reserve, Action::release}) {
    for (const unsigned wrong : {0x00u, 0x02u, 0x04u, 0x09u, 0x0fu}) {
      const auto result = rig.reserve(action, list(), wrong);
      CHECK(ended(result) == kInvalidField);
      CHECK(field_pointer(result) == std::pair(0xcbu, 2u));
    }
    const auto result = rig.reserve(action, list(), 0x21);
    CHECK(ended(result) == kInvalidField);
    CHECK(field_pointer(result) == std::pair(0xcfu, 2u));
  }
  CHECK(rig.state->changes.empty());
  CHECK(ended(rig.reserve(Action::register_key, list(0, 0), 0xf2)) == kGood);
  CHECK(ended(rig.reserve(Action::clear, list(0, kActionKey), 0xf2)) == kGood);
}

TEST_CASE("a preemption leaves it to the unit's reservations whether scope and type mean something") {
  for (const auto action : {Action::preempt, Action::preempt_and_abort}) {
    for (const unsigned wrong : {0x00u, 0x0fu, 0x21u}) {
      Rig rig;
      rig.reserve(action, list(), wrong);
      CHECK(rig.asked() ==
            PersistentReserveOut{.action = action, .type = std::nullopt, .key = kKey, .action_key = kActionKey});
    }
  }
}

TEST_CASE("REGISTER AND MOVE names one port behind the only target port") {
  Rig rig;
  rig.reserve(Action::register_and_move, move_list(id_of(ScsiRig::other_port()), 2));
  CHECK(rig.asked() == PersistentReserveOut{.action = Action::register_and_move,
                                            .key = kKey,
                                            .action_key = kActionKey,
                                            .unregister = true,
                                            .ports = {ScsiRig::other_port()}});
}

TEST_CASE("REGISTER AND MOVE to another target port, to nobody or to two is refused") {
  Rig rig;
  const std::string id = id_of(ScsiRig::other_port());
  CHECK(field_pointer(rig.reserve(Action::register_and_move, move_list(id, 0, 2))) == std::pair(0x8fu, 18u));
  for (const std::string& ids : {std::string(), id + id}) {
    const auto result = rig.reserve(Action::register_and_move, move_list(ids));
    CHECK(ended(result) == kInvalidList);
    CHECK(field_pointer(result) == std::pair(0x8fu, 20u));
  }
  CHECK(ended(rig.reserve(Action::register_and_move, move_list(std::string(24, 'x')))) == kInvalidList);
  CHECK(rig.state->changes.empty());
}

TEST_CASE("REPLACE LOST RESERVATION and higher service actions do not exist") {
  Rig rig;
  for (unsigned action = 8; action < 0x20; ++action) {
    CHECK(ended(rig.give(with(cdb({0x5f, action, 1}), 5, std::uint32_t{24}), list())) == kInvalidField);
  }
}

TEST_CASE("each answer about the unit's state ends the command in its own way") {
  class AnswersWith final : public UnitState {
   public:
    explicit AnswersWith(UnitAnswer answer) : answer_(answer) {}
    const UnitView& view() const override { return view_; }
    void change(const InitiatorPort&, UnitChange, Completion<UnitAnswer> done) override { done(answer_); }
    UnitMoment moment() const override { return {}; }
    std::vector<UnitAttention> missed(const InitiatorPort&, const UnitMoment&) const override { return {}; }

   private:
    UnitView view_;
    UnitAnswer answer_;
  };
  const std::pair<UnitAnswer, Ended> kEnds[] = {{UnitAnswer::good, kGood},
                                                {UnitAnswer::conflict, kConflict},
                                                {UnitAnswer::invalid_field_in_cdb, kInvalidField},
                                                {UnitAnswer::invalid_field_in_list, kInvalidList},
                                                {UnitAnswer::invalid_release, check(5, 0x26, 4)},
                                                {UnitAnswer::insufficient_resources, check(5, 0x55, 4)},
                                                {UnitAnswer::unavailable, Ended{0x08}}};
  for (const auto& [answer, end] : kEnds) {
    Rig rig;
    rig.unit->state = std::make_shared<AnswersWith>(answer);
    CHECK(ended(rig.reserve(Action::release, list())) == end);
  }
}
