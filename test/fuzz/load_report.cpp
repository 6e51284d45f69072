// Fuzz: load reports of members. What is taken can be sent on, and gives measures that are numbers.
#include <cmath>
#include <cstdlib>

#include "cluster/load/load_report_codec.h"
#include "cluster/load/load_view.h"

using namespace shoal;
using namespace shoal::load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = decode_load_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  if (const auto again = decode_load_report(encode(*report)); !again || *again != *report) std::abort();

  LoadTable table;
  table.set_members({report->member, MemberId{report->member.value + 1}});
  if (!table.take(*report, Time{}) || table.take(*report, Time{})) std::abort();
  const GroupLoad group = measure(table, Time{});
  for (const auto& [id, member] : group.members) {
    if (!std::isfinite(member.client_load) || !(member.share >= 0 && member.share <= 1)) std::abort();
  }
  if (!std::isfinite(group.work) || !(group.system_load >= 0 && group.system_load <= 1 + 1e-9)) std::abort();
  load_json(table, Time{}).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return 0;
}
