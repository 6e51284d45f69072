// Ghost writes by script: in each scene one rule of ARCHITECTURE.md, "Ghost writes", stands between a late write and
// newer data, and no other one does. So with that rule left out the checker must find a violation, and with any other
// one left out nothing.
//
// A host has two sessions of one volume at two members, each by an ISID of its own, as a multipath host has. A write
// hangs on the first path; the host takes it to the second one, and writes the same block again there.
#include <catch2/catch.hpp>

#include "test/sim/group/plain_initiator.h"
#include "test/sim/group/sim_group.h"

using namespace shoal;
using namespace shoal::sim;

namespace {

constexpr std::uint64_t kWriter = 1, kIsid = 0x100;
constexpr std::uint32_t kUnitBlocks = kStampBytes / kBlockBytes;
constexpr std::uint32_t kPageBlocks = 16;
constexpr std::uint64_t kBlock = kPageBlocks;  // on the second page: the owner's
constexpr Duration kPingsUnanswered = 10s;     // open-iscsi: 5 s + 5 s
constexpr Duration kReplacementTimeout = 5s;   // of a path whose connection has ended, before another one is taken
constexpr Duration kNoticed = 3s;              // that a link is down

class Paths {
 public:
  struct Hanging {
    std::uint64_t command = 0;
    Stamp stamp;
  };

  Paths(std::uint64_t seed, Mutation mutation) : group(seed, {.initiators = 0, .mutation = mutation, .keeper = 1}) {
    network.conditions().longest_retransmission = 10ms;
    REQUIRE(group.start());
    run(kNoticed);  // every member has heard of the volume
    log_in(first, 0);
  }
  void log_in_second(std::uint64_t isid = kIsid + 1) {
    second_.emplace(host, SimGroup::session_name(host, isid), checkers.complain);
    log_in(*second_, 2);
  }

  // TEST UNIT READY takes the unit attention.
  void log_in(PlainInitiator& path, std::size_t member) {
    path.log_in(SimGroup::member_portal(member));
    REQUIRE(world.run_until([&] { return path.state() == PlainInitiator::State::logged_in; }, 8s));
    execute(path, {});
  }

  Hanging start_write(PlainInitiator& path, std::uint64_t block, iscsi::TaskAttribute how) {
    const Stamp stamp{block, kWriter, ++operations_};
    checkers.blocks.write_begins(stamp);
    SessionCommand command{.cdb = test::write16(block * kUnitBlocks, kUnitBlocks), .attribute = how};
    command.data.resize(kStampBytes);
    write_stamp(std::as_writable_bytes(std::span(command.data)), stamp);
    return {path.start(std::move(command)), stamp};
  }
  // By the first path, where it is not going to be answered.
  void hang(std::uint64_t block = kBlock, iscsi::TaskAttribute how = iscsi::TaskAttribute::simple) {
    hanging_.push_back(start_write(first, block, how));
  }
  std::uint64_t last_hanging() const { return hanging_.back().command; }
  void give_up() {
    for (const Hanging& each : std::exchange(hanging_, {})) checkers.blocks.write_given_up(each.stamp);
  }
  void write_by_second() {
    const Hanging write = start_write(*second_, kBlock, iscsi::TaskAttribute::simple);
    REQUIRE(finish(*second_, write.command).status == 0);
    checkers.blocks.write_acknowledged(write.stamp);
  }
  void read_by_second() {
    const Moment begin = checkers.blocks.next_moment();
    const auto found =
        execute(*second_, {.cdb = test::read16(kBlock * kUnitBlocks, kUnitBlocks), .read_bytes = kStampBytes});
    REQUIRE(found.status == 0);
    CHECK_FALSE(checkers.blocks.read_ends(kBlock, begin, as_bytes(found.data)));
  }
  // What hangs is written by the second path, then something newer.
  void fail_over() {
    give_up();
    write_by_second();
    write_by_second();
    read_by_second();
  }

  CommandEnded execute(PlainInitiator& path, SessionCommand command) {
    return finish(path, path.start(std::move(command)));
  }
  CommandEnded finish(PlainInitiator& path, std::uint64_t command) {
    REQUIRE(world.run_until([&] { return path.ended(command); }, 30s));
    return path.result(command);
  }
  void run(Duration time) { world.run_for(time); }

  SimGroup group;
  World& world = group.world();
  Network& network = world.network();
  Checkers& checkers = group.checkers();
  Host& front = group.member(0);  // where the first path leads to
  Host& owner = group.member(1);
  Host& third = group.member(2);  // and the second path
  Host& host = world.add_host("h", {"10.0.1.1"});
  PlainInitiator first{host, SimGroup::session_name(host, kIsid), checkers.complain};

 private:
  std::optional<PlainInitiator> second_;
  std::vector<Hanging> hanging_;
  std::uint64_t operations_ = 0;
};

// Of a partition: what was sent from there arrives, and nothing comes back yet.
void heal_one_way(Paths& paths, Host& from, Host& to) {
  paths.network.heal(from, to);
  paths.network.cut(to, from);
}

// ---- scenes

// Front reads it when it wakes, and then it looks as if it had just come.
void unread_in_a_frozen_member(Paths& paths) {
  paths.log_in_second();
  paths.front.pause();
  paths.hang();
  paths.run(10ms);
  paths.network.partition(paths.host, paths.front);
  paths.run(kPingsUnanswered);
  paths.fail_over();
  paths.front.resume();
}

// Behind ORDERED writes that a slow disk keeps up, in a member that the host cannot reach any more.
void waiting_for_its_turn(Paths& paths) {
  paths.log_in_second();
  paths.front.disk().set_latency(4s, 4s);
  for (const std::uint64_t block : {0, 1, 2}) paths.hang(block, iscsi::TaskAttribute::ordered);
  paths.hang();
  paths.run(10ms);
  paths.network.partition(paths.host, paths.front);
  paths.run(kPingsUnanswered);
  paths.fail_over();
  paths.run(5s);
}

// What a member sent before it was killed comes when the network lets it.
void sent_by_a_member_that_is_dead(Paths& paths) {
  paths.log_in_second();
  paths.network.partition(paths.front, paths.owner);
  paths.hang();
  paths.run(10ms);
  paths.group.kill_member(0);
  paths.run(kReplacementTimeout);
  paths.fail_over();
  heal_one_way(paths, paths.front, paths.owner);
}

// The host has the word of its member that nothing of it is under way any more.
void aborted_when_its_link_had_broken(Paths& paths) {
  paths.log_in_second();
  paths.network.partition(paths.front, paths.owner);
  paths.hang();
  paths.run(10ms);
  paths.network.end_connections(paths.front, paths.owner);
  paths.run(10ms);
  paths.first.abort(paths.last_hanging());
  paths.world.after(1s, [&paths] { heal_one_way(paths, paths.front, paths.owner); });
  REQUIRE(paths.world.run_until([&] { return paths.first.aborted(paths.last_hanging()); }, 10s));
  paths.fail_over();
}

// Held for a link to its owner, in a member that cannot be told that its session has come again elsewhere.
void held_where_the_session_has_gone_from(Paths& paths) {
  paths.network.partition(paths.front, paths.owner);
  paths.run(kNoticed);
  paths.network.partition(paths.front, paths.third);
  paths.network.partition(paths.front, paths.group.etcd_host());
  paths.hang();
  paths.run(10ms);
  paths.network.partition(paths.host, paths.front);
  paths.log_in_second(kIsid);
  paths.fail_over();
  paths.network.heal(paths.front, paths.owner);
}

// The same, and the owner was out of everybody's reach: it hears of the new session before it hears anything from it.
void held_for_an_owner_that_was_away(Paths& paths) {
  paths.network.partition(paths.third, paths.owner);
  paths.world.after(7s, [&paths] { paths.network.heal(paths.third, paths.owner); });
  held_where_the_session_has_gone_from(paths);
}

// True: the late write was seen after the newer one.
bool ghost_appears(const std::function<void(Paths&)>& scene, std::uint64_t seed, Mutation left_out) {
  Paths paths(seed, left_out);
  scene(paths);
  paths.run(kNoticed);
  paths.read_by_second();
  CHECK(paths.group.violations().empty());
  return !paths.checkers.blocks.check().empty();
}

}  // namespace

TEST_CASE("each rule against ghost writes stops one that no other rule stops") {
  using Scene = std::pair<Mutation, std::function<void(Paths&)>>;
  const std::vector<Scene> scenes = {{Mutation::standstill_ignored, unread_in_a_frozen_member},
                                     {Mutation::age_ignored, waiting_for_its_turn},
                                     {Mutation::silence_ignored, sent_by_a_member_that_is_dead},
                                     {Mutation::settle_ignored, aborted_when_its_link_had_broken},
                                     {Mutation::generations_ignored, held_where_the_session_has_gone_from},
                                     {Mutation::generations_ignored, held_for_an_owner_that_was_away}};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const auto& [rule, scene] : scenes) {
      CHECK_FALSE(ghost_appears(scene, seed, Mutation::none));
      for (const auto& [left_out, unused] : scenes) {
        CAPTURE(seed, static_cast<int>(rule), static_cast<int>(left_out));
        CHECK(ghost_appears(scene, seed, left_out) == (left_out == rule));
      }
    }
  }
}
