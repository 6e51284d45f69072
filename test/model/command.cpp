#include "test/model/command.h"

#include <fmt/format.h>

namespace model {

std::string Answer::text() const {
  if (good()) return "GOOD";
  if (conflict()) return "RESERVATION CONFLICT";
  if (status != kCheck) return fmt::format("status {:02x}", status);
  return fmt::format("sense {:x}/{:02x}/{:02x}", sense.key, sense.code >> 8, sense.code & 0xff);
}

std::string initiator_name(int number) { return fmt::format("iqn.2026-11.io.shoal:model-{}", number); }

Bytes initiator_isid(int number) {  // RFC 7143 11.12.5, type 10b: random
  Bytes isid{0x80, 0, 0, 0, 0, 0};
  put(isid, 1, 3, static_cast<std::uint64_t>(number));
  put(isid, 4, 2, kIsidQualifier);
  return isid;
}

}  // namespace model
