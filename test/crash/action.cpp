#include "test/crash/action.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "test/crash/model.h"

namespace shoal::crash {
namespace {

using Kind = Action::Kind;
using routing::Durability;
using routing::kChunkBytes;

constexpr std::uint32_t kBlock = kPhysicalBlockBytes;
constexpr std::string_view kRandomPrefix = "random:";
constexpr std::string_view kBriefPrefix = "brief:";
constexpr std::string_view kSparsePrefix = "sparse:";
constexpr std::uint64_t kPages = 3;
constexpr std::uint64_t kSparsePages = 60;
constexpr std::uint64_t kPagesApart = 24;  // 3 MiB: a leaf of the journal store
constexpr std::string_view kDeepPrefix = "deep:";
constexpr std::uint64_t kDeepPages = 8;
constexpr std::string_view kGrowingPrefix = "growing:";
constexpr std::uint64_t kGrowingPages = 24;

Action on(Kind kind, std::uint32_t offset, std::uint32_t length) {
  return {.kind = kind, .offset = offset, .length = length};
}

Action applied(Action action) {
  action.durability = Durability::applied;
  return action;
}

Action together(Action action) {
  action.together = true;
  return action;
}

Action on_second_image(Action action) {
  action.second_image = true;
  return action;
}

Kind random_kind(Random& random) {
  constexpr std::array kKinds{Kind::write, Kind::write,   Kind::write, Kind::write,  Kind::write,
                              Kind::write, Kind::write,   Kind::write, Kind::zero,   Kind::unmap,
                              Kind::unmap, Kind::promise, Kind::fence, Kind::voided, Kind::sync,
                              Kind::sync,  Kind::idle,    Kind::look,  Kind::look,   Kind::describe};
  if (random.below(60) == 0) return Kind::drop;
  if (random.below(30) == 0) return Kind::reopen;
  return kKinds[random.below(kKinds.size())];
}

// Sectors, blocks, chunks or the whole page, aligned to themselves as a rule.
void place_randomly(Action& action, Random& random) {
  const std::uint32_t units[] = {kBlockBytes, kBlock, kBlock, kBlock, kChunkBytes, kPageBytes};
  const std::uint32_t unit = units[random.below(std::size(units))];
  action.offset = static_cast<std::uint32_t>(random.below(kPageBytes / unit)) * unit;
  const std::uint64_t most =
      std::min<std::uint64_t>((kPageBytes - action.offset) / unit, random.below(8) == 0 ? 16 : 3);
  action.length = static_cast<std::uint32_t>(1 + random.below(most)) * unit;
}

}  // namespace

const std::vector<Word>& words() {
  static const std::vector<Word> all{
      {"write", {on(Kind::write, 0, kBlock)}},
      {"sector", {on(Kind::write, kBlock + 3 * kBlockBytes, kBlockBytes)}},
      {"border", {on(Kind::write, kChunkBytes - kBlock, 2 * kBlock)}},
      {"chunk", {on(Kind::write, 0, kChunkBytes)}},
      {"lazy", {applied(on(Kind::write, 0, kBlock))}},
      {"two", {together(on(Kind::write, 5 * kBlock, kBlock)), on(Kind::write, kChunkBytes + 5 * kBlock, kBlock)}},
      {"unmap-block", {on(Kind::unmap, 0, kBlock)}},
      {"unmap-chunk", {on(Kind::unmap, 0, kChunkBytes)}},
      {"unmap-page", {on(Kind::unmap, 0, kPageBytes)}},
      {"zero", {on(Kind::zero, kBlock, 3 * kBlock)}},
      {"promise", {{.kind = Kind::promise}}},
      {"void", {on(Kind::voided, 0, kPageBytes)}},
      {"fence", {{.kind = Kind::fence}}},
      {"sync", {{.kind = Kind::sync}}},
      {"describe", {{.kind = Kind::describe}}},
      {"drop", {on_second_image({.kind = Kind::drop}), on_second_image(on(Kind::write, 0, kBlock))}},
      {"reopen", {{.kind = Kind::reopen}}},
      {"idle", {{.kind = Kind::idle}}},
  };
  return all;
}

Workload creation() { return {"create", first_actions(), true}; }

Workload parse_workload(const std::string& name) {
  if (name == creation().name) return creation();
  if (name.starts_with(kRandomPrefix)) return random_workload(std::stoull(name.substr(kRandomPrefix.size())));
  if (name.starts_with(kBriefPrefix)) return brief_workload(std::stoull(name.substr(kBriefPrefix.size())));
  if (name.starts_with(kSparsePrefix)) return sparse_workload(std::stoull(name.substr(kSparsePrefix.size())));
  if (name.starts_with(kDeepPrefix)) return deep_workload(std::stoull(name.substr(kDeepPrefix.size())));
  if (name.starts_with(kGrowingPrefix)) return growing_workload(std::stoull(name.substr(kGrowingPrefix.size())));
  Workload workload{name, {}};
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find(',', begin), name.size());
    const auto word = std::ranges::find(words(), std::string_view(name).substr(begin, end - begin), &Word::name);
    if (word == words().end()) throw std::invalid_argument("no such word in workload " + name);
    workload.actions.insert(workload.actions.end(), word->actions.begin(), word->actions.end());
    begin = end + 1;
  }
  return workload;
}

std::vector<Workload> short_workloads(std::size_t length) {
  std::vector<Workload> all{{}};
  for (std::size_t i = 0; i < length; ++i) {
    std::vector<Workload> longer;
    for (const Workload& begin : all) {
      for (const Word& word : words()) {
        Workload next = begin;
        if (!next.name.empty()) next.name += ',';
        next.name += word.name;
        next.actions.insert(next.actions.end(), word.actions.begin(), word.actions.end());
        longer.push_back(std::move(next));
      }
    }
    all = std::move(longer);
  }
  return all;
}

Workload random_workload(std::uint64_t seed) {
  SeededRandom random(seed ^ 0xac710);
  const std::size_t most = random.below(8) == 0 ? 400 : 60;  // a journal wraps in the long ones
  return {fmt::format("{}{}", kRandomPrefix, seed), random_actions(10 + random.below(most), random)};
}

Workload brief_workload(std::uint64_t seed) {
  SeededRandom random(seed ^ 0xb41ef);
  return {fmt::format("{}{}", kBriefPrefix, seed), random_actions(10 + random.below(20), random)};
}

Workload sparse_workload(std::uint64_t seed) {
  SeededRandom random(seed ^ 0x5a125e);
  const auto page = [&random] { return kPagesApart * random.below(kSparsePages); };
  Actions actions;
  for (std::uint64_t i = 0; i < kSparsePages; ++i) {
    actions.push_back({.page = kPagesApart * i, .length = kPageBytes});
  }
  for (std::size_t count = random.below(100); count > 0; --count) {
    Action action{.kind = random_kind(random), .page = page()};
    place_randomly(action, random);
    action.together = random.below(3) == 0;
    actions.push_back(action);
  }
  return {fmt::format("{}{}", kSparsePrefix, seed), actions, false, true};
}

Workload deep_workload(std::uint64_t seed) {
  SeededRandom random(seed ^ 0xdee9);
  Actions actions = random_actions(100 + random.below(100), random);
  for (Action& action : actions) {
    const bool waits = action.kind == Kind::reopen || action.kind == Kind::look || action.kind == Kind::idle;
    if (waits && random.below(4) > 0) action.kind = Kind::write;
    action.page = random.below(kDeepPages);
    action.together = random.below(100) > 0;
  }
  return {fmt::format("{}{}", kDeepPrefix, seed), actions};
}

// A page that is written again and again brings the search for free chunks near the end of the file. Each small write
// of a new chunk goes on there; its data are nowhere but in the journal.
Workload growing_workload(std::uint64_t seed) {
  SeededRandom random(seed ^ 0x960e5);
  Actions actions(8 + random.below(16), {.length = kPageBytes});
  for (std::uint64_t page = 1; page <= kGrowingPages; ++page) {
    for (std::uint32_t offset = 0; offset < kPageBytes; offset += kChunkBytes) {
      const auto block = static_cast<std::uint32_t>(random.below(kChunkBytes / kBlock));
      actions.push_back({.page = page, .offset = offset + block * kBlock, .length = kBlock});
      actions.back().together = random.below(4) > 0;
    }
  }
  return {fmt::format("{}{}", kGrowingPrefix, seed), actions};
}

Actions random_actions(std::size_t count, Random& random) {
  Actions actions;
  for (std::size_t i = 0; i < count; ++i) {
    Action action{.kind = random_kind(random)};
    action.second_image = action.kind == Kind::drop || random.below(4) == 0;
    action.page = random.below(kPages);
    place_randomly(action, random);
    if (random.below(3) == 0) action.durability = Durability::applied;
    action.together = random.below(3) == 0;
    actions.push_back(action);
  }
  return actions;
}

Actions first_actions() {
  return {{.kind = Kind::describe},
          on_second_image({.kind = Kind::describe}),
          on(Kind::write, 0, kChunkBytes),
          on(Kind::write, kChunkBytes, 4 * kBlock),
          on_second_image(on(Kind::write, 2 * kBlock, 2 * kBlock))};
}

}  // namespace shoal::crash
