#include "target/iscsi/iscsi_sense.h"

#include "target/base/check.h"

namespace shoal::iscsi {
namespace {

struct Condition {
  std::uint8_t key, asc, ascq;
};

Condition condition_of(DataFault fault) {
  switch (fault) {
    case DataFault::unexpected_unsolicited: return {0x0b, 0x0c, 0x0c};
    case DataFault::wrong_amount: return {0x0b, 0x0c, 0x0d};
    case DataFault::damaged: return {0x0b, 0x47, 0x05};
    case DataFault::not_supported: return {0x05, 0x0e, 0x03};
    case DataFault::too_long: return {0x05, 0x24, 0x00};
    case DataFault::no_aca: return {0x05, 0x49, 0x00};
    case DataFault::none: break;
  }
  CHECK(false, static_cast<int>(fault));
  return {};
}

}  // namespace

FixedSense sense_of(DataFault fault) {
  const Condition condition = condition_of(fault);
  FixedSense sense{};
  sense[0] = std::byte{0x70};
  sense[2] = std::byte{condition.key};
  sense[7] = std::byte{sense.size() - 8};
  sense[12] = std::byte{condition.asc};
  sense[13] = std::byte{condition.ascq};
  return sense;
}

}  // namespace shoal::iscsi
