#include "reservation_model.h"

#include <catch2/catch.hpp>

#include "target/base/random.h"
#include "unit_builders.h"

using namespace shoal;
using namespace shoal::unit;

namespace {

constexpr int kSteps = 50'000;
constexpr Type kTypes[] = {Type::write_exclusive,
                           Type::exclusive_access,
                           Type::write_exclusive_registrants_only,
                           Type::exclusive_access_registrants_only,
                           Type::write_exclusive_all_registrants,
                           Type::exclusive_access_all_registrants};

// Two ISIDs of one name among them.
InitiatorPort port_of(int number) {
  return {number < 2 ? "iqn.twice" : "iqn.host" + std::to_string(number), static_cast<std::uint64_t>(7 - number)};
}

// A walk of random commands, of which most make sense in the state that they meet.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  void step() {
    const int from = pick(ReservationModel::kPorts);
    const std::uint64_t what = random_.below(20);
    if (what == 0) return compare(from, unit_.tell(port_of(from), ReserveUnit{}), model_.reserve_spc2(from));
    if (what < 3) return compare(from, unit_.tell(port_of(from), ReleaseUnit{}), model_.release_spc2(from));
    const ReservationModel::Command command = any_command(from);
    PersistentReserveOut asked{.action = command.action,
                               .type = command.type,
                               .key = command.key,
                               .action_key = command.action_key,
                               .unregister = command.unregister};
    for (const int port : command.ports) asked.ports.push_back(port_of(port));
    compare(from, unit_.reserve_out(port_of(from), std::move(asked)), model_.run(from, command));
  }

  std::size_t accepted() const { return accepted_; }

 private:
  int pick(int bound) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(bound))); }

  ReservationModel::Command any_command(int from) {
    ReservationModel::Command command{.action = static_cast<Action>(random_.below(9)),
                                      .type = random_.below(3) == 0 ? model_.type : kTypes[random_.below(6)],
                                      .key = random_.below(8) == 0 ? random_.below(4) : model_.keys[from],
                                      .action_key = random_.below(4),
                                      .unregister = random_.below(2) == 0};
    if (command.type == Type{}) command.type = kTypes[0];
    const bool moves = command.action == Action::register_and_move;
    if (moves || random_.below(6) == 0) command.ports.insert(pick(ReservationModel::kPorts));
    if (random_.below(moves ? 10 : 20) == 0) command.ports.insert(pick(ReservationModel::kPorts));
    return command;
  }

  void compare(int from, UnitAnswer answer, const ReservationModel::Told& told) {
    REQUIRE(answer == told.answer);
    if (answer == UnitAnswer::good) ++accepted_;
    const PersistentReservations& state = unit_.view.persistent;
    REQUIRE(state.generation == model_.generation);
    REQUIRE(state.held.has_value() == (model_.holder != ReservationModel::kNobody));
    if (state.held) REQUIRE(state.held->type == model_.type);
    bool access_changed = false;
    for (int port = 0; port < ReservationModel::kPorts; ++port) access_changed |= compare_port(port, answer, told);
    if (access_changed || !told.aborted.empty()) REQUIRE(unit_.view.generation > last_generation_);
    last_generation_ = unit_.view.generation;
    REQUIRE(unit_.heard_by({"iqn.stranger", 1}).empty());
    CHECK(unit_.heard_by(port_of(from)).empty());
  }

  bool compare_port(int number, UnitAnswer answer, const ReservationModel::Told& told) {
    const InitiatorPort port = port_of(number);
    REQUIRE(unit_.key_of(port) == model_.keys[number]);
    const bool stranger = model_.reserved_by != ReservationModel::kNobody && model_.reserved_by != number;
    REQUIRE(reserved_for_other(unit_.view, port) == stranger);
    const bool reads = allows(unit_.view, port, AccessKind::read), writes = allows(unit_.view, port, AccessKind::write);
    REQUIRE(reads == model_.may(number, false));
    REQUIRE(writes == model_.may(number, true));
    if (answer == UnitAnswer::good) {
      std::set<ReservationModel::Attention> heard;
      for (const UnitAttention& each : unit_.heard_by(port)) heard.insert({number, each.ascq});
      std::set<ReservationModel::Attention> expected;
      for (const auto& each : told.attentions) {
        if (each.port == number) expected.insert(each);
      }
      REQUIRE(heard == expected);
      REQUIRE(unit_.last.aborted.includes(port) == told.aborted.contains(number));
    } else {
      REQUIRE(unit_.last == Consequences{});
    }
    const int access = reads + 2 * writes + 4 * stranger;
    return std::exchange(last_access_[number], access) != access;
  }

  SeededRandom random_;
  TestedUnit unit_;
  ReservationModel model_;
  std::array<int, ReservationModel::kPorts> last_access_{3, 3, 3, 3, 3};  // all read and write
  std::uint64_t last_generation_ = 0;
  std::size_t accepted_ = 0;
};

}  // namespace

TEST_CASE("random reservation commands of five ports do what the reference model does") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    Walk walk(seed);
    for (int step = 0; step < kSteps; ++step) {
      INFO("step " << step);
      walk.step();
    }
    CHECK(walk.accepted() > kSteps / 6);  // most of what is tried is refused, not nearly all
  }
}
