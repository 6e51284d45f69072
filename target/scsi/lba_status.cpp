#include "target/scsi/lba_status.h"

#include <algorithm>

#include "target/scsi/block_cdb.h"
#include "target/scsi/limits.h"

namespace shoal::scsi {

namespace {

namespace list_layout {  // SBC-3 table 35
constexpr std::size_t kHeaderBytes = 8;
using DataLength = Field<std::uint32_t, 0>;
constexpr std::size_t kUncountedBytes = 4;  // before those that DataLength counts
}  // namespace list_layout

namespace descriptor_layout {  // SBC-3 table 36
constexpr std::size_t kBytes = 16;
using FirstBlock = Field<Lba, 0>;
using Blocks = Field<std::uint32_t, 8>;
using Provisioning = Bits<std::uint8_t, 12, 0, 4>;
constexpr std::uint8_t kMapped = 0;
constexpr std::uint8_t kDeallocated = 1;
constexpr std::uint64_t kMaxBlocks = 0xffffffff;
}  // namespace descriptor_layout

struct Survey {
  std::vector<LbaStatus> extents;  // adjacent, no two neighbours alike
  Lba next;                        // behind them
  std::uint64_t unit_blocks = 0;
  std::uint32_t allocation_length = 0;
  std::uint32_t rounds = 0;
};

// At least one, even where there is no room for it (SBC-3 5.5.1).
std::size_t room(const Survey& survey) {
  const std::size_t bytes = std::max<std::size_t>(survey.allocation_length, list_layout::kHeaderBytes);
  return std::clamp<std::size_t>((bytes - list_layout::kHeaderBytes) / descriptor_layout::kBytes, 1,
                                 kMaxLbaStatusDescriptors);
}

void add(Survey& survey, const LbaStatus& extent) {
  const bool alike = !survey.extents.empty() && survey.extents.back().mapped == extent.mapped &&
                     survey.extents.back().range.count + extent.range.count <= descriptor_layout::kMaxBlocks;
  if (alike) {
    survey.extents.back().range.count += extent.range.count;
  } else {
    survey.extents.push_back(extent);
  }
  survey.next = Lba{extent.range.first.value + extent.range.count};
}

std::vector<std::byte> encode(const std::vector<LbaStatus>& extents) {
  std::vector<std::byte> list(list_layout::kHeaderBytes + extents.size() * descriptor_layout::kBytes);
  MutableByteSpan rest(list);
  list_layout::DataLength::put(rest.first<list_layout::kHeaderBytes>(),
                               static_cast<std::uint32_t>(list.size() - list_layout::kUncountedBytes));
  rest = rest.subspan(list_layout::kHeaderBytes);
  for (const LbaStatus& extent : extents) {
    using namespace descriptor_layout;
    const auto descriptor = rest.first<kBytes>();
    FirstBlock::put(descriptor, extent.range.first);
    Blocks::put(descriptor, static_cast<std::uint32_t>(extent.range.count));
    Provisioning::put(descriptor, extent.mapped ? kMapped : kDeallocated);
    rest = rest.subspan(kBytes);
  }
  return list;
}

Answer tell(Survey survey) {
  survey.extents.resize(std::min(survey.extents.size(), room(survey)));
  return good(encode(survey.extents), survey.allocation_length);
}

Answer look_further(Survey survey) {
  Plan plan;
  const std::uint64_t blocks = std::min(survey.unit_blocks - survey.next.value, descriptor_layout::kMaxBlocks);
  plan.operations.push_back({.kind = OperationKind::lba_status, .range = {survey.next, blocks}});
  plan.then = [survey = std::move(survey)](IoResult seen) mutable -> Answer {
    for (const LbaStatus& extent : seen.lba_status) add(survey, extent);
    const bool complete = survey.extents.size() > room(survey) || survey.next.value >= survey.unit_blocks ||
                          ++survey.rounds >= kMaxLbaStatusRounds;
    return complete ? tell(std::move(survey)) : look_further(std::move(survey));
  };
  return plan;
}

}  // namespace

Answer get_lba_status(CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  const Lba first = GetLbaStatusCdb::FirstBlock::get(cdb);
  if (first.value >= command.unit_blocks) return check_condition(sense::kLbaOutOfRange);
  return look_further({.next = first,
                       .unit_blocks = command.unit_blocks,
                       .allocation_length = GetLbaStatusCdb::AllocationLength::get(cdb)});
}

}  // namespace shoal::scsi
