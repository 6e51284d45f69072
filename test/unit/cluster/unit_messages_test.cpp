#include "cluster/unit_messages.h"

#include <catch2/catch.hpp>

#include "cluster/keeper_record.h"

using namespace shoal;
using namespace shoal::cluster;

namespace {

const InitiatorPort kPlain{"iqn.2026-01.a:host", 0x23d000000}, kWild{std::string("iqn.\xff\x00 %/\"", 9), 7};

UnitSnapshot snapshot() {
  UnitSnapshot unit{.image = ImageId{7}, .serial = 5};
  unit.view.generation = 0x300000009;
  unit.view.persistent = {.generation = 4,
                          .through_power_loss = true,
                          .registrations = {{kPlain, 1, false}, {kWild, 0xffff'ffff'ffff'ffff, true}},
                          .held = PersistentReservation{ReservationType::exclusive_access, kWild}};
  unit.view.reserved_by = kPlain;
  unit.view.mode = {.descriptor_sense = true};
  unit.view.condition = UnitCondition::sanitizing;
  unit.recent.push_back({5,
                         {.announcements = {{{0x2a, 0x05}, {.ports = {kWild}}}},
                          .aborted = {.ports = {kWild}},
                          .ended = {.ports = {kPlain}, .all = true}}});
  return unit;
}

template <class Message>
std::optional<UnitRequest> sent(Message message) {
  return decode_unit_request(encode(UnitRequest(std::move(message))));
}

}  // namespace

TEST_CASE("every change that can be asked for arrives as it was sent") {
  const UnitChange changes[] = {
      PersistentReserveOut{.action = PersistentReserveOut::Action::register_and_move,
                           .type = ReservationType::exclusive_access_all_registrants,
                           .key = 1,
                           .action_key = 0x8000'0000'0000'0000,
                           .through_power_loss = true,
                           .all_target_ports = true,
                           .unregister = true,
                           .ports = {kWild, kPlain}},
      PersistentReserveOut{.type = std::nullopt},
      ReserveUnit{},
      ReleaseUnit{},
      ChangeMode{{.descriptor_sense = false, .software_write_protect = true}},
      ChangeCondition{UnitCondition::formatting, UnitCondition::sanitize_failed},
      ChangeCondition{UnitCondition::ready, UnitCondition::formatting, UnitCondition::format_corrupted},
      ResetUnit{ResetKind::target_cold},
      NexusLost{},
      TellNexuses{{0x38, 0x07}}};
  for (const UnitChange& change : changes) {
    const ChangeRequest request{{MemberId{2}, 5, 17}, ImageId{7}, kWild, change};
    CHECK(sent(request) == UnitRequest(request));
  }
}

TEST_CASE("views with all that hangs on them arrive as they were sent, whatever initiators call themselves") {
  const AdoptRequest adopt{3, snapshot()};
  CHECK(sent(adopt) == UnitRequest(adopt));
  UnitSnapshot nothing{.image = ImageId{1}};
  CHECK(sent(AdoptRequest{3, nothing}) == UnitRequest(AdoptRequest{3, nothing}));
  CHECK(sent(PullRequest{3, ImageId{6}}) == UnitRequest(PullRequest{3, ImageId{6}}));
}

TEST_CASE("every reply arrives as it was sent") {
  const UnitReply replies[] = {UnitAnswer::good,
                               UnitAnswer::conflict,
                               UnitAnswer::invalid_field_in_cdb,
                               UnitAnswer::invalid_field_in_list,
                               UnitAnswer::invalid_release,
                               UnitAnswer::insufficient_resources,
                               UnitAnswer::unavailable,
                               Adopted{},
                               PulledUnits{4, {snapshot()}, true},
                               PulledUnits{},
                               OtherTerm{9}};
  for (const UnitReply& reply : replies) CHECK(decode_unit_reply(encode(reply)) == reply);
}

TEST_CASE("what is not a message of this version is known as such") {
  for (const char* text :
       {"", "null", "[]", "{}", R"({"pull": "6", "term": 3})", R"({"adopt": {}, "term": 3})",
        R"({"change": {"reserve": null}, "id": [1, 2], "image": 7, "from": ["a", 1]})",
        R"({"change": {}, "id": [1, 2, 3], "image": 7, "from": ["a", 1]})",
        R"({"change": {"reserve": null, "release": null}, "id": [1,2,3], "image": 7, "from": ["a",1]})",
        R"({"change": {"reset": 3}, "id": [1, 2, 3], "image": 7, "from": ["a", 1]})",
        R"({"change": {"dance": 3}, "id": [1, 2, 3], "image": 7, "from": ["a", 1]})",
        R"({"change": {"reserve": null}, "id": [1, 2, 3], "image": 7, "from": ["%zz", 1]})",
        R"({"change": {"out": [0, 2, 0, 1, false, false, false, []]}, "id": [1, 2, 3], "image": 7,
                              "from": ["a", 1]})"}) {
    INFO(text);
    CHECK_FALSE(decode_unit_request(text));
  }
  for (const char* text : {"", "{}", R"({"answer": "perhaps"})", R"({"units": [1], "more": false, "term": 3})"}) {
    INFO(text);
    CHECK_FALSE(decode_unit_reply(text));
  }
}

TEST_CASE("a view that no rule can make is not taken from another member") {
  UnitSnapshot unit = snapshot();
  unit.view.persistent.held->holder = {"iqn.nobody", 1};
  CHECK_FALSE(sent(AdoptRequest{3, unit}));
  unit = snapshot();
  std::swap(unit.view.persistent.registrations[0], unit.view.persistent.registrations[1]);
  CHECK_FALSE(sent(AdoptRequest{3, unit}));
}

TEST_CASE("the record of the keeper is read as it was written") {
  const KeeperRecord record{MemberId{2}, 5, 3};
  CHECK(decode_keeper(encode(record)) == record);
  for (const char* text : {"", "[]", R"({"member": 2, "incarnation": 5})"}) CHECK_FALSE(decode_keeper(text));
}
