// What is said of a page store, by its member and by shoalctl.
#include "tools/node/store_views.h"

#include <catch2/catch.hpp>

#include "tools/node/store_desk.h"
#include "tools/shoalctl/store_view.h"

using namespace shoal;
using nlohmann::json;

namespace {

json a_store(const routing::ScrubStatus& scrub) {
  routing::StoreFigures figures{.path = "/data/store", .checkpoint = 41};
  figures.device_bytes = 1 << 30;
  figures.metadata_bytes = 1 << 20;
  json store = figures_json(figures, {.total_bytes = 8u << 20, .used_bytes = 2u << 20, .free_bytes = 6u << 20});
  store.update({{"member", 2},
                {"uuid", "u"},
                {"state", "in service"},
                {"reason", ""},
                {"damage", damage_json({.damaged = 3, .repaired = 1}, 0)},
                {"scrub", scrub_json(scrub, Time{} + 100s)},
                {"images", {{{"image", 7}, {"volume", "demo"}, {"page_bytes", 65536}, {"allocated_bytes", 1 << 20}}}}});
  return store;
}

}  // namespace

TEST_CASE("a store is shown with its space, journal, damage and images") {
  const std::string text = view_store(a_store({}));
  CHECK_THAT(text, Catch::Contains("store u of member 2, in service"));
  CHECK_THAT(text, Catch::Contains("2 MiB used of 8 MiB, 6 MiB free; device 1 GiB in use, of that 1 MiB for metadata"));
  CHECK_THAT(text, Catch::Contains("checkpoint 41"));
  CHECK_THAT(text, Catch::Contains("3 blocks, of which 1 repaired"));
  CHECK_THAT(text, Catch::Contains("7      demo    64 KiB  1 MiB"));
  CHECK_THAT(text, Catch::Contains("scrub: idle; last whole one: none since its member started"));
}

TEST_CASE("a scrub is shown with how far it is and what it found") {
  routing::ScrubStatus scrub{.state = routing::ScrubState::running, .read_bytes = 1 << 20, .most_bytes = 4 << 20};
  scrub.damaged_blocks = 1;
  scrub.damaged = {{{ImageId{7}, PageIndex{3}}, 4096, 4096}};
  scrub.ended = Time{} + 40s;
  const std::string text = view_scrub(a_store(scrub));
  CHECK_THAT(text, Catch::Contains("running, 1 MiB of 4 MiB"));
  CHECK_THAT(text, Catch::Contains("last whole one: 1 min ago; 1 damaged blocks"));
  CHECK_THAT(text, Catch::Contains("image 7, page 3, offset 4096, 4096 bytes"));
  CHECK_THAT(text, !Catch::Contains("could not be read"));
  scrub.unread_bytes = 65536;
  CHECK_THAT(view_scrub(a_store(scrub)), Catch::Contains("; 64 KiB could not be read then"));
}

TEST_CASE("an order about a scrub is one of three words") {
  CHECK(*parse_scrub_order(R"({"order": "start"})") == StoreOrder::scrub_start);
  CHECK(*parse_scrub_order(R"({"order": "resume"})") == StoreOrder::scrub_resume);
  for (const char* body : {"", "{}", R"({"order": "show"})", R"({"order": 1})", R"({"order": "start", "x": 1})"}) {
    CHECK_FALSE(parse_scrub_order(body).has_value());
  }
}
