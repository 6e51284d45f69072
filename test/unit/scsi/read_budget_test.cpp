#include "target/scsi/read_budget.h"

#include <catch2/catch.hpp>
#include <utility>

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

TEST_CASE("one session alone comes to a quarter") {
  ReadBudget budget(400);
  CHECK(readers(budget, 1, 1).front()->held == 100);
}

TEST_CASE("several that do not take their answers get less each, and leave much to those that do") {
  ReadBudget budget(400);
  const auto greedy = readers(budget, 50, 1);
  CHECK(budget.held() <= 250);
  for (const auto& reader : greedy) CHECK(reader->held >= 1);
  CHECK(budget.may_hold(0, 150));
}

TEST_CASE("what all hold never exceeds the budget") {
  ReadBudget budget(400);
  const auto greedy = readers(budget, 50, 30);
  CHECK(budget.held() <= 400);
  CHECK_FALSE(budget.may_hold(0, 30));
}

TEST_CASE("who waits is told when somebody else holds less") {
  ReadBudget budget(400);
  auto first = readers(budget, 1, 400), second = readers(budget, 1, 300);
  CHECK(second.front()->held == 0);
  first.clear();
  CHECK(second.front()->held == 300);
}

TEST_CASE("who has gone is not told") {
  ReadBudget budget(400);
  auto first = readers(budget, 1, 400);
  readers(budget, 1, 400);
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
  ReadBudget budget(400);
  const auto quick = std::make_shared<Quick>(budget);
  budget.change(0, 400);
  budget.wait(quick);
  budget.change(400, 0);
  CHECK(quick->told == 3);
}

}  // namespace
}  // namespace shoal::scsi
