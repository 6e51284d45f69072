#include "target/scsi/read_budget.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

#include "target/scsi/limits.h"

namespace shoal::scsi {
namespace {

// A session that reads and whose host takes nothing: begins whenever it may.
struct Reader final : ReadBudget::Waiter, std::enable_shared_from_this<Reader> {
  Reader(ReadBudget& its_budget, std::uint64_t its_bytes) : budget(its_budget), bytes(its_bytes) {}
  ~Reader() override { budget.change(held, 0); }
  void on_room() override { read(); }
  void read() {
    while (budget.may_hold(held, bytes)) {
      const std::uint64_t before = std::exchange(held, held + bytes);
      budget.change(before, held);
    }
    budget.wait(weak_from_this());
  }

  ReadBudget& budget;
  std::uint64_t bytes, held = 0;
};

std::vector<std::shared_ptr<Reader>> readers(ReadBudget& budget, int count, std::uint64_t bytes) {
  std::vector<std::shared_ptr<Reader>> all;
  for (int i = 0; i < count; ++i) all.push_back(std::make_shared<Reader>(budget, bytes));
  for (const auto& reader : all) reader->read();
  return all;
}

// The whole budget in kilobytes is 400; with so many sessions nothing is allotted to each.
constexpr std::uint64_t kAll = 400 << 10, kKilo = 1 << 10, kManySessions = 1'000'000;

TEST_CASE("one session alone comes to a quarter") {
  ReadBudget budget(kAll, kManySessions);
  CHECK(readers(budget, 1, kKilo).front()->held == 100 * kKilo);
}

TEST_CASE("several that do not take their answers get less each, and leave much to those that do") {
  ReadBudget budget(kAll, kManySessions);
  const auto greedy = readers(budget, 50, kKilo);
  CHECK(budget.held() <= 250 * kKilo);
  for (const auto& reader : greedy) CHECK(reader->held >= kKilo);
  CHECK(budget.may_hold(0, 25 * kKilo));
}

TEST_CASE("reads as large as may be leave room for one of half their size") {
  for (const std::uint64_t bytes : {150 * kKilo, 100 * kKilo, 30 * kKilo, 7 * kKilo}) {
    ReadBudget budget(kAll, kManySessions);
    const auto greedy = readers(budget, 1000, bytes);
    CHECK(budget.held() <= kAll / 4 * 3);
    CHECK_FALSE(budget.may_hold(0, bytes));
    CHECK(budget.may_hold(0, bytes / 2));
  }
}

TEST_CASE("each session has a part of its own, whatever the others hold") {
  constexpr std::uint64_t kSessions = 25, kPart = kAll / 4 / kSessions;
  ReadBudget budget(kAll, kSessions);
  REQUIRE(budget.allotted() == kPart);
  std::vector<std::shared_ptr<Reader>> greedy;  // takes all that there is, in smaller and smaller reads
  for (std::uint64_t bytes = 150 * kKilo; greedy.size() < kSessions - 1;) {
    greedy.push_back(readers(budget, 1, bytes).front());
    if (greedy.back()->held == 0) bytes = std::max(kPart, bytes / 2);
  }
  CHECK_FALSE(budget.may_hold(0, 2 * kPart));
  CHECK(budget.may_hold(0, kPart));
  CHECK(budget.may_hold(kPart / 2, kPart / 2));
  CHECK_FALSE(budget.may_hold(kPart, 1));
  greedy.push_back(readers(budget, 1, kPart).front());
  CHECK(greedy.back()->held == kPart);
  CHECK(budget.held() <= kAll);
}

TEST_CASE("of a large budget no more is allotted than is of use") {
  CHECK(ReadBudget(kMaxHeldReadBytesOfAll, 1).allotted() == kMaxAllottedReadBytes);
  CHECK(ReadBudget(kMaxHeldReadBytesOfAll, 2048).allotted() == kMaxAllottedReadBytes);
}

TEST_CASE("who waits is told when somebody else holds less") {
  ReadBudget budget(400, kManySessions);
  auto first = readers(budget, 1, 150), second = readers(budget, 1, 120);
  CHECK(second.front()->held == 0);
  first.clear();
  CHECK(second.front()->held == 120);
}

TEST_CASE("who has gone is not told") {
  ReadBudget budget(400, kManySessions);
  auto first = readers(budget, 1, 150);
  readers(budget, 1, 150);
  first.clear();
  CHECK(budget.held() == 0);
}

// Reads at once and is rid of it at once.
struct Quick final : ReadBudget::Waiter, std::enable_shared_from_this<Quick> {
  explicit Quick(ReadBudget& its_budget) : budget(its_budget) {}
  void on_room() override {
    CHECK_FALSE(std::exchange(inside, true));
    budget.change(0, 10);
    if (++told < 3) budget.wait(weak_from_this());
    budget.change(10, 0);
    inside = false;
  }
  ReadBudget& budget;
  bool inside = false;
  int told = 0;
};

TEST_CASE("who ends what it began while it is told is told again afterwards, not inside") {
  ReadBudget budget(400, kManySessions);
  const auto quick = std::make_shared<Quick>(budget);
  budget.change(0, 400);
  budget.wait(quick);
  budget.change(400, 0);
  CHECK(quick->told == 3);
}

}  // namespace
}  // namespace shoal::scsi
