// Stores made by the real one, to be damaged, checked and repaired.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/check/store_check.h"
#include "routing/journal_store/check/store_repair.h"
#include "routing/journal_store/node.h"
#include "routing/journal_store/superblock_set.h"
#include "target/base/crc32c.h"
#include "test/unit/journal_store/journal_store_rig.h"

namespace shoal::routing::test {

using namespace shoal::routing::journal;
using Kind = Finding::Kind;

inline const PageId kPage = page_of(7, 0), kOther = page_of(7, 1);
inline const std::string kPath = "/data/store";

struct DamagedStore : JournalStoreRig {
  // Two pages of 4 chunks; closed, so that the checkpoint has it all.
  DamagedStore() {
    open_with_image();
    REQUIRE_FALSE(write(kPage, 0, kRigPageBytes, 'a').has_value());
    REQUIRE_FALSE(write(kOther, 0, 4 * kBlock, 'b').has_value());
  }

  std::string bytes() { return disk().content(kPath); }
  void replace(std::string content) { REQUIRE(host.runtime().replace_whole(kPath, content).has_value()); }
  void flip(std::uint64_t at) {
    std::string content = bytes();
    content[at] = static_cast<char>(content[at] ^ 1);
    replace(std::move(content));
  }
  Superblock superblock() {
    const std::string content = bytes();
    return *journal::read_superblocks(as_bytes(content).first(kSuperblockBytes)).newest;
  }
  void lose_newest_superblock() {  // both copies
    std::string content = bytes();
    for (const BlockNumber at : superblock_places(superblock().checkpoint)) {
      content.replace(byte_of(at), kBlock, kBlock, 'x');
    }
    replace(std::move(content));
  }
  std::string node(BlockNumber at) { return bytes().substr(byte_of(at), kBlock); }
  std::uint64_t root_of_image() {
    const std::string leaf = node(superblock().catalog.at);
    const auto catalog = decode_catalog(std::string_view(leaf).substr(kNodeHeaderBytes, superblock().catalog_bytes));
    return byte_of(catalog->images.at(ImageId{7}).root.at);
  }

  CheckReport check(bool data = true) {
    std::optional<CheckReport> report;
    std::string error;
    const auto checking = check_store(
        host.runtime(), {.path = kPath, .data = data}, [](const CheckProgress&) {},
        [&](Result<CheckReport, std::string> outcome) {
          if (outcome) report = std::move(*outcome);
          if (!outcome) error = outcome.error();
        });
    REQUIRE(run_until([&] { return report || !error.empty(); }));
    INFO(error);
    REQUIRE(report.has_value());
    return std::move(*report);
  }
  // Writes the newest superblock again, changed.
  template <class Change>
  void change_superblock(Change change) {
    Superblock changed = superblock();
    change(changed);
    std::string content = bytes();
    for (const BlockNumber at : superblock_places(changed.checkpoint)) {
      encode(changed, std::as_writable_bytes(std::span(content)).subspan(byte_of(at), kBlock));
    }
    replace(std::move(content));
  }
  // The space map says so of a chunk, and its CRCs are right.
  void set_uses(ChunkNumber chunk, std::uint8_t uses) {
    const BlockNumber at = superblock().space.at;
    std::string content = bytes();
    content[byte_of(at) + kNodeHeaderBytes + chunk.value] = static_cast<char>(uses);
    replace(std::move(content));
    change_superblock([&](Superblock& changed) { changed.space.crc = crc32c(as_bytes(node(at))); });
  }
  std::uint8_t uses(ChunkNumber chunk) {
    return static_cast<std::uint8_t>(node(superblock().space.at)[kNodeHeaderBytes + chunk.value]);
  }

  RepairReport repair(bool lose_acknowledged = false) {
    std::optional<Result<RepairReport, std::string>> outcome;
    const auto repairing = repair_store(
        host.runtime(), {.path = kPath, .lose_acknowledged = lose_acknowledged}, [](const CheckProgress&) {},
        [&](Result<RepairReport, std::string> result) { outcome = std::move(result); });
    REQUIRE(run_until([&] { return outcome.has_value(); }));
    INFO((*outcome ? "" : outcome->error()));
    REQUIRE(outcome->has_value());
    return std::move(**outcome);
  }
  void repair_to_clean(bool lose_acknowledged = false) {
    const RepairReport report = repair(lose_acknowledged);
    CHECK(report.written);
    CHECK(report.obstacle == "");
    CHECK_FALSE(report.found.findings.empty());
    for (const Finding& finding : check().findings) FAIL_CHECK(journal::describe(finding));
  }

  std::string why_not_checked() {
    std::optional<std::string> error;
    const auto checking = check_store(
        host.runtime(), {.path = kPath}, [](const CheckProgress&) {},
        [&](Result<CheckReport, std::string> outcome) { error = outcome ? "" : outcome.error(); });
    REQUIRE(run_until([&] { return error.has_value(); }));
    return *error;
  }
};

inline std::vector<Kind> kinds_of(const CheckReport& report) {
  std::vector<Kind> kinds;
  for (const Finding& finding : report.findings) kinds.push_back(finding.kind);
  return kinds;
}

}  // namespace shoal::routing::test
