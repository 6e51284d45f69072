#include "test/model/disk_limits.h"

#include <algorithm>
#include <limits>

namespace model {

namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint32_t>::max();

Bytes ask(Initiator& session, const Command& command) {
  Answer answer = session.execute(command);
  while (answer.attention()) answer = session.execute(command);
  if (!answer.good()) throw Broken("the disk does not say what it is: " + answer.text());
  return answer.data;
}

// In VPD B0 zero means that there is no limit.
std::uint64_t limit(const Bytes& page, std::size_t offset, std::size_t width) {
  const auto value = get(page, offset, width);
  return value == 0 ? kNone : value;
}

// The NAA designator of the logical unit, with its header of 4 bytes.
Bytes find_designator(const Bytes& page) {
  for (std::size_t at = 4; at + 4 <= page.size(); at += 4 + page[at + 3]) {
    const bool of_unit = (page[at + 1] & 0x30) == 0, naa = (page[at + 1] & 15) == 3;
    if (of_unit && naa) {
      return Bytes(page.begin() + static_cast<long>(at), page.begin() + static_cast<long>(at + 4 + page[at + 3]));
    }
  }
  throw Broken("VPD 83 names no NAA designator of the unit");
}

}  // namespace

DiskLimits read_limits(Initiator& session) {
  const Bytes capacity = ask(session, read_capacity16());
  const Bytes page = ask(session, vital_product_data(0xb0));
  if (get(page, 5, 1) == 0 || get(page, 44, 4) == 0) throw Broken("VPD B0: no COMPARE AND WRITE or WRITE ATOMIC");
  return {.blocks = get(capacity, 0, 8) + 1,
          .transfer = limit(page, 8, 4),
          .compare = get(page, 5, 1),
          .atomic = get(page, 44, 4),
          .write_same = limit(page, 36, 8),
          .unmap_blocks = limit(page, 20, 4),
          .unmap_extents = limit(page, 24, 4),
          .atomic_alignment = std::max<std::uint64_t>(get(page, 48, 4), 1),
          .atomic_granularity = std::max<std::uint64_t>(get(page, 52, 4), 1),
          .designator = find_designator(ask(session, vital_product_data(0x83)))};
}

}  // namespace model
