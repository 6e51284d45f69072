// Rule (a) of ghost writes, without a page or a store.
#include "routing/session_fence.h"

#include <catch2/catch.hpp>

#include "test/unit/routing/routing_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

using Verdict = SessionFence::Verdict;

struct Request {
  PageRequest request{.kind = OperationKind::write, .origin = {.nexus = nexus_id(1), .generation = Generation{1}}};
  explicit Request(std::uint64_t id) { request.origin.id = OperationId{id}; }
  Request& part(std::uint32_t part) { return request.part = part, *this; }
  Request& generation(std::uint64_t value) { return request.origin.generation = Generation{value}, *this; }
  Request& lowest_unfinished(std::uint64_t id) { return request.origin.lowest_unfinished = OperationId{id}, *this; }
  Request& nexus(NexusId id) { return request.origin.nexus = id, *this; }
  Request& reservation(std::uint64_t value) { return request.origin.reservation_generation = value, *this; }
  Request& read() { return request.kind = OperationKind::read, *this; }
  operator const PageRequest&() const { return request; }
};

Verdict verdict(SessionFence& fence, const PageRequest& request, std::uint32_t task = 0, Time now = {}) {
  return fence.admit(request, task, now).verdict;
}

}  // namespace

TEST_CASE("a mutation that is under way is joined, and answered from the record afterwards") {
  SessionFence fence({});
  CHECK(verdict(fence, Request(1), 42) == Verdict::proceed);
  const auto joined = fence.admit(Request(1), 43, {});
  CHECK(joined.verdict == Verdict::join);
  CHECK(joined.task == 42);
  fence.record(Request(1), {PageStatus::miscompare, 17});
  const auto repeated = fence.admit(Request(1), 44, {});
  CHECK(repeated.verdict == Verdict::repeat);
  CHECK(repeated.answer == RememberedAnswer{PageStatus::miscompare, 17});
}

TEST_CASE("parts of one operation are different mutations, in whatever order they come") {
  SessionFence fence({});
  CHECK(verdict(fence, Request(5).part(3)) == Verdict::proceed);
  CHECK(verdict(fence, Request(5).part(1)) == Verdict::proceed);
  CHECK(verdict(fence, Request(4)) == Verdict::proceed);
  CHECK(verdict(fence, Request(5).part(2)) == Verdict::proceed);
  CHECK(verdict(fence, Request(5).part(1)) == Verdict::join);
}

TEST_CASE("a read is done again when it is repeated") {
  SessionFence fence({});
  CHECK(verdict(fence, Request(1).read()) == Verdict::proceed);
  CHECK(verdict(fence, Request(1).read()) == Verdict::proceed);
}

TEST_CASE("an id below the watermark is a ghost, read or write") {
  SessionFence fence({});
  CHECK(verdict(fence, Request(10).lowest_unfinished(8)) == Verdict::proceed);
  CHECK(verdict(fence, Request(7)) == Verdict::ghost);
  CHECK(verdict(fence, Request(7).read()) == Verdict::ghost);
  CHECK(verdict(fence, Request(8)) == Verdict::proceed);
}

TEST_CASE("a read carries the watermark, too") {
  SessionFence fence({});
  verdict(fence, Request(1));
  fence.record(Request(1), {});
  CHECK(verdict(fence, Request(2).read().lowest_unfinished(2)) == Verdict::proceed);
  CHECK(verdict(fence, Request(1)) == Verdict::ghost);
}

TEST_CASE("the watermark never goes down") {
  SessionFence fence({});
  verdict(fence, Request(10).lowest_unfinished(8));
  verdict(fence, Request(11).lowest_unfinished(2));
  CHECK(verdict(fence, Request(7)) == Verdict::ghost);
}

TEST_CASE("an older generation is fenced by a newer request or by a fence") {
  SessionFence fence({});
  CHECK(verdict(fence, Request(1).generation(5)) == Verdict::proceed);
  CHECK(verdict(fence, Request(9).generation(4)) == Verdict::fenced);
  CHECK(fence.raise(nexus_id(1), Generation{7}, {}));
  CHECK(verdict(fence, Request(9).generation(6).read()) == Verdict::fenced);
  CHECK(verdict(fence, Request(1).generation(7)) == Verdict::proceed);
}

TEST_CASE("a new generation numbers from 1 again and knows no answers of the older one") {
  SessionFence fence({});
  verdict(fence, Request(100).lowest_unfinished(90));
  CHECK(verdict(fence, Request(1).generation(2).lowest_unfinished(1)) == Verdict::proceed);
  CHECK(verdict(fence, Request(100).generation(2)) == Verdict::proceed);
  fence.record(Request(100), {});  // of the older one, late
  CHECK(verdict(fence, Request(100).generation(2)) == Verdict::join);
}

TEST_CASE("an older fence changes nothing") {
  SessionFence fence({});
  verdict(fence, Request(3).generation(5).lowest_unfinished(3));
  CHECK(fence.raise(nexus_id(1), Generation{2}, {}));
  CHECK(fence.generation(nexus_id(1)) == Generation{5});
  CHECK(verdict(fence, Request(2).generation(5)) == Verdict::ghost);
}

TEST_CASE("a request without a nexus is let through, however often, unless it is older than the reservations") {
  SessionFence fence({.nexuses = 0});
  CHECK(verdict(fence, Request(1).nexus({})) == Verdict::proceed);
  CHECK(verdict(fence, Request(1).nexus({})) == Verdict::proceed);
  fence.record(Request(1).nexus({}), {});
  fence.raise_reservation(4);
  CHECK(verdict(fence, Request(1).nexus({}).reservation(3)) == Verdict::stale_reservation);
  CHECK(verdict(fence, Request(1).nexus({}).reservation(4)) == Verdict::proceed);
}

TEST_CASE("what is read without a nexus is read whatever is reserved, and reserves nothing") {
  SessionFence fence({});
  fence.raise_reservation(4);
  CHECK(verdict(fence, Request(1).nexus({}).read()) == Verdict::proceed);
  CHECK(verdict(fence, Request(1).nexus({}).reservation(9).read()) == Verdict::proceed);
  CHECK(verdict(fence, Request(1).reservation(4)) == Verdict::proceed);
}

TEST_CASE("nexuses do not know each other, and there are only so many") {
  SessionFence fence({.nexuses = 2});
  verdict(fence, Request(9).lowest_unfinished(9));
  CHECK(verdict(fence, Request(1).nexus(nexus_id(2))) == Verdict::proceed);
  CHECK(verdict(fence, Request(1).nexus(nexus_id(3))) == Verdict::too_many);
  CHECK_FALSE(fence.raise(nexus_id(3), Generation{1}, {}));
}

TEST_CASE("where room is short the nexus that was idle longest is forgotten, but not before its ghosts are too old") {
  SessionFence fence({.nexuses = 2, .idle = 10s});
  const auto at = [](Duration since) { return Time{} + since; };
  const auto from = [](std::uint8_t nexus) { return Request(1).nexus(nexus_id(nexus)).read(); };
  CHECK(verdict(fence, from(1), 0, at(0s)) == Verdict::proceed);
  CHECK(verdict(fence, from(2), 0, at(1s)) == Verdict::proceed);
  CHECK(verdict(fence, from(1), 0, at(2s)) == Verdict::proceed);
  CHECK(verdict(fence, from(3), 0, at(11s)) == Verdict::too_many);
  CHECK(verdict(fence, from(3), 0, at(12s)) == Verdict::proceed);
  CHECK(fence.generation(nexus_id(1)).has_value());
  CHECK_FALSE(fence.generation(nexus_id(2)).has_value());
  CHECK(verdict(fence, from(4), 0, at(12s)) == Verdict::too_many);
  CHECK(fence.raise(nexus_id(4), Generation{1}, at(13s)));
  CHECK_FALSE(fence.generation(nexus_id(1)).has_value());
}

TEST_CASE("a nexus whose mutation has no answer yet is not forgotten, and goes in its turn afterwards") {
  SessionFence fence({.nexuses = 1, .idle = 10s});
  const auto stranger = Request(1).nexus(nexus_id(2));
  verdict(fence, Request(1));
  CHECK(verdict(fence, stranger, 0, Time{} + 1h) == Verdict::too_many);
  fence.record(Request(1), {});
  CHECK(verdict(fence, stranger, 0, Time{} + 1h) == Verdict::proceed);
  fence.record(Request(1), {});  // of one that is not known any more
}

TEST_CASE("what a fence has raised is never forgotten") {
  SessionFence fence({.nexuses = 2, .idle = 10s});
  CHECK(fence.raise(nexus_id(1), Generation{5}, {}));
  CHECK(fence.raise(nexus_id(1), Generation{6}, {}));
  CHECK(verdict(fence, Request(1).generation(7)) == Verdict::proceed);
  fence.record(Request(1).generation(7), {});
  for (std::uint8_t nexus = 2; nexus < 100; ++nexus) {
    CHECK(verdict(fence, Request(1).nexus(nexus_id(nexus)).read(), 0, Time{} + nexus * 1h) == Verdict::proceed);
  }
  CHECK(fence.generation(nexus_id(1)) == Generation{7});
  CHECK(fence.raise(nexus_id(100), Generation{1}, Time{} + 100h));
  CHECK(verdict(fence, Request(1).nexus(nexus_id(101)), 0, Time{} + 1000h) == Verdict::too_many);
}

TEST_CASE("an answer that was forgotten makes its repeat a ghost, not a second write") {
  SessionFence fence({.nexuses = 1, .remembered_mutations = 2});
  for (std::uint64_t id = 1; id <= 4; ++id) verdict(fence, Request(id));
  for (std::uint64_t id = 2; id <= 4; ++id) fence.record(Request(id), {});
  CHECK(verdict(fence, Request(1)) == Verdict::join);  // runs: never forgotten
  CHECK(verdict(fence, Request(2)) == Verdict::ghost);
  CHECK(verdict(fence, Request(3)) == Verdict::repeat);
  CHECK(verdict(fence, Request(4)) == Verdict::repeat);
  CHECK(verdict(fence, Request(5)) == Verdict::proceed);
}

TEST_CASE("the watermark makes room for further answers") {
  SessionFence fence({.nexuses = 1, .remembered_mutations = 1});
  for (std::uint64_t id = 1; id <= 100; ++id) {
    CHECK(verdict(fence, Request(id).lowest_unfinished(id)) == Verdict::proceed);
    fence.record(Request(id), {});
    CHECK(verdict(fence, Request(id)) == Verdict::repeat);
  }
}

TEST_CASE("an answer that comes after the watermark has passed is of no interest") {
  SessionFence fence({});
  verdict(fence, Request(1));
  verdict(fence, Request(2).lowest_unfinished(2));
  fence.record(Request(1), {});
  CHECK(verdict(fence, Request(1)) == Verdict::ghost);
}

TEST_CASE("a reservation generation that is older than another's is stale, but a repeat is answered") {
  SessionFence fence({});
  verdict(fence, Request(1).reservation(3));
  fence.record(Request(1), {});
  verdict(fence, Request(2).reservation(4));
  CHECK(verdict(fence, Request(3).reservation(3)) == Verdict::stale_reservation);
  CHECK(verdict(fence, Request(3).reservation(3).read()) == Verdict::stale_reservation);
  CHECK(verdict(fence, Request(1).reservation(3)) == Verdict::repeat);
  CHECK(verdict(fence, Request(3).reservation(4)) == Verdict::proceed);
}
