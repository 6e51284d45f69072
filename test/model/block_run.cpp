#include "test/model/block_run.h"

#include <fmt/format.h>

#include <algorithm>

namespace model {

namespace {
constexpr std::uint64_t kAreaBlocks = 384;
constexpr std::uint64_t kMostBlocks = 128;
constexpr std::uint64_t kBorders = 4;  // so many borders of pages have an area around them

Bytes repeated(const Bytes& block, std::uint64_t count) {
  Bytes data;
  for (std::uint64_t i = 0; i < count; ++i) append(data, block);
  return data;
}

Bytes either(Bytes a, const Bytes& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] |= b[i];
  return a;
}
}  // namespace

BlockRun::BlockRun(const std::vector<std::string>& urls, std::uint64_t page_blocks, std::uint64_t seed,
                   Journal& journal)
    : random_(seed), journal_(journal) {
  int number = 100;
  for (const auto& url : urls) sessions_.emplace_back(++number, url);
  limits_ = read_limits(sessions_.front());
  std::vector<std::uint64_t> firsts{0, limits_.blocks - kAreaBlocks};
  for (std::uint64_t page = 1; page <= kBorders; ++page) firsts.push_back(page * page_blocks - kAreaBlocks / 2);
  for (const auto first : firsts) areas_.push_back({first, Bytes(kAreaBlocks * kBlock)});
}

void BlockRun::run(std::uint64_t operations) {
  for (Area& area : areas_) {
    expect_good(ask(write16(area.first, area.image), "fill with zeros", {&area, 0, area.blocks()}));
  }
  using Operation = void (BlockRun::*)();
  constexpr Operation kOperations[] = {&BlockRun::read,   &BlockRun::read,       &BlockRun::write,
                                       &BlockRun::write,  &BlockRun::deallocate, &BlockRun::write_one_block_many_times,
                                       &BlockRun::verify, &BlockRun::or_write,   &BlockRun::compare_and_write,
                                       &BlockRun::copy};
  for (std::uint64_t i = 0; i < operations; ++i) (this->*kOperations[random_.below(std::size(kOperations))])();
  compare_all();
}

std::string BlockRun::summary() const {
  std::string text;
  for (const auto& [what, count] : counts_) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  return text;
}

// ---- what is done

void BlockRun::read() {
  const Range range = any_range(std::min(kMostBlocks, limits_.transfer));
  const bool longer = random_.percent(50);
  const Answer answer = longer ? ask(read16(range.lba(), range.blocks), "READ(16)", range)
                               : ask(read10(range.lba(), range.blocks), "READ(10)", range);
  expect_good(answer);
  const Bytes expected = content(range);
  if (answer.data == expected) return;
  const auto wrong = std::ranges::mismatch(answer.data, expected).in2 - expected.begin();
  throw Difference(fmt::format("what was read differs from byte {} on", wrong));
}

void BlockRun::write() {
  const auto choice = random_.below(4);
  if (choice == 3) return write_atomically();
  const Range range = any_range(std::min(kMostBlocks, limits_.transfer));
  const Bytes data = random_.bytes(range.blocks * kBlock);
  switch (choice) {
    case 0: expect_good(ask(write10(range.lba(), data), "WRITE(10)", range)); break;
    case 1: expect_good(ask(write16(range.lba(), data), "WRITE(16)", range)); break;
    default: expect_good(ask(write_and_verify16(range.lba(), data), "WRITE AND VERIFY(16)", range)); break;
  }
  set(range, data);
}

void BlockRun::write_atomically() {
  Range range = any_range(std::min(kMostBlocks, limits_.atomic));
  if (random_.percent(70)) range = aligned(range);
  const bool is_aligned = range.lba() % limits_.atomic_alignment == 0 && range.blocks % limits_.atomic_granularity == 0;
  const Bytes data = random_.bytes(range.blocks * kBlock);
  const Answer answer = ask(write_atomic16(range.lba(), data), "WRITE ATOMIC(16)", range);
  if (!is_aligned) return expect_refused(answer);
  expect_good(answer);
  set(range, data);
}

void BlockRun::write_one_block_many_times() {
  const Range range = any_range(std::min(kAreaBlocks, limits_.write_same));
  const bool zeros = random_.percent(30);
  const Bytes block = zeros ? Bytes(kBlock) : random_.bytes(kBlock);
  expect_good(zeros ? ask(zero_same16(range.lba(), range.blocks), "WRITE SAME(16) with NDOB", range)
                    : ask(write_same16(range.lba(), range.blocks, block), "WRITE SAME(16)", range));
  set(range, repeated(block, range.blocks));
}

// What was unmapped reads as zeros (LBPRZ).
void BlockRun::deallocate() {
  const auto most = std::min(kMostBlocks, limits_.unmap_blocks);
  std::vector<Range> ranges{any_range(most)};
  if (limits_.unmap_extents > 1 && random_.percent(50)) ranges.push_back(any_range(most));
  std::vector<Extent> extents;
  for (const Range& range : ranges) extents.push_back({range.lba(), range.blocks});
  expect_good(ask(unmap(extents), fmt::format("UNMAP of {}, the first", ranges.size()), ranges.front()));
  for (const Range& range : ranges) set(range, Bytes(range.blocks * kBlock));
}

void BlockRun::verify() {
  const Range range = any_range(std::min(kMostBlocks, limits_.transfer));
  if (random_.percent(20)) return expect_good(ask(verify16(range.lba(), range.blocks), "VERIFY(16)", range));
  if (random_.percent(50)) {
    return expect_good(ask(verify_data16(range.lba(), content(range)), "VERIFY(16) with the same data", range));
  }
  expect_miscompare(ask(verify_data16(range.lba(), spoiled(content(range))), "VERIFY(16) with other data", range));
}

void BlockRun::or_write() {
  const Range range = any_range(std::min(kMostBlocks, limits_.transfer));
  const Bytes data = random_.bytes(range.blocks * kBlock);
  expect_good(ask(orwrite16(range.lba(), data), "ORWRITE(16)", range));
  set(range, either(content(range), data));
}

void BlockRun::compare_and_write() {
  const Range range = any_range(std::min(kMostBlocks, limits_.compare));
  const Bytes data = random_.bytes(range.blocks * kBlock);
  if (random_.percent(40)) {
    const Bytes expected = spoiled(content(range));
    return expect_miscompare(
        ask(model::compare_and_write(range.lba(), expected, data), "COMPARE AND WRITE of other data", range));
  }
  expect_good(ask(model::compare_and_write(range.lba(), content(range), data), "COMPARE AND WRITE", range));
  set(range, data);
}

void BlockRun::copy() {
  const Range from = any_range(kMostBlocks);
  Range to = any_range(from.blocks);
  to.blocks = from.blocks;
  if (to.at + to.blocks > to.area->blocks()) to.at = to.area->blocks() - to.blocks;
  const bool overlap = to.area == from.area && to.at < from.at + from.blocks && from.at < to.at + to.blocks;
  if (overlap) return;
  expect_good(ask(extended_copy(limits_.designator, from.lba(), to.lba(), from.blocks),
                  fmt::format("EXTENDED COPY to {} from", to.lba()), from));
  set(to, content(from));
}

// ---- the image

BlockRun::Range BlockRun::any_range(std::uint64_t most) {
  Area& area = areas_[random_.below(areas_.size())];
  const auto blocks = random_.between(1, std::min(most, area.blocks()));
  return {&area, random_.below(area.blocks() - blocks + 1), blocks};
}

// A range near this one that WRITE ATOMIC takes; areas begin where it may begin.
BlockRun::Range BlockRun::aligned(Range range) const {
  range.at -= range.at % limits_.atomic_alignment;
  range.blocks += limits_.atomic_granularity - 1 - (range.blocks - 1) % limits_.atomic_granularity;
  return range;
}

Bytes BlockRun::content(const Range& range) const {
  const auto begin = range.area->image.begin() + static_cast<long>(range.at * kBlock);
  return {begin, begin + static_cast<long>(range.blocks * kBlock)};
}

void BlockRun::set(const Range& range, const Bytes& data) {
  std::ranges::copy(data, range.area->image.begin() + static_cast<long>(range.at * kBlock));
}

Bytes BlockRun::spoiled(Bytes data) {
  data[random_.below(data.size())] ^= 1;
  return data;
}

// Through every session.
void BlockRun::compare_all() {
  for (auto& session : sessions_) {
    for (Area& area : areas_) {
      const Answer answer = session.execute(read16(area.first, area.blocks()));
      expect_good(answer);
      if (answer.data != area.image) throw Difference(fmt::format("in the end the area at {} differs", area.first));
    }
  }
}

// ---- how it is asked and judged

Answer BlockRun::ask(const Command& command, const std::string& what, const Range& range) {
  const auto through = random_.below(sessions_.size());
  Answer answer = sessions_[through].execute(command);
  while (answer.attention()) answer = sessions_[through].execute(command);
  journal_.note(
      fmt::format("session {}: {} {} blocks at {}: {}", through + 1, what, range.blocks, range.lba(), answer.text()));
  return answer;
}

void BlockRun::expect_good(const Answer& answer) {
  if (!answer.good()) throw Difference(answer.text() + ", but the model says GOOD");
  ++counts_["GOOD"];
}

void BlockRun::expect_refused(const Answer& answer) {
  if (!answer.is(kInvalidFieldInCdb)) throw Difference(answer.text() + ", but the model says INVALID FIELD IN CDB");
  ++counts_["refused"];
}

void BlockRun::expect_miscompare(const Answer& answer) {
  if (!answer.is(kMiscompare)) throw Difference(answer.text() + ", but the model says MISCOMPARE");
  ++counts_["MISCOMPARE"];
}

}  // namespace model
