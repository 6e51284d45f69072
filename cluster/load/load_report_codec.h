// The bytes in which a member tells the others its LoadReport (load_report_format.md). Binary, because everybody tells
// everybody every second: a group of N members reads N x (N - 1) reports a second, and one of 64 sessions and 64 pages
// takes some ten microseconds where a text takes several hundred.
//
// decode() believes nothing: every length meets its limit before memory is reserved, every figure is a number that is
// finite and not negative and small enough that the formulas stay finite, every fraction is at most 1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cluster/load/load.h"
#include "target/base/result.h"

namespace shoal::load {

inline constexpr std::uint8_t kLoadReportFormat = 3;
inline constexpr std::size_t kMaxReportText = 255;  // bytes of a name or a reason
inline constexpr double kMaxFigure = 1e15;
// Of any report: two thirds of it are owners of sessions.
inline constexpr std::size_t kMaxLoadReportBytes = 192 * 1024;

enum class ReportFault {
  other_format,  // of a later version, perhaps: the member counts as silent
  cut_short,
  too_long,    // bytes behind the end
  bad_count,   // more of something than a report has
  bad_figure,  // not a number, infinite, negative, or out of its range
  bad_field,   // a value that has no meaning, or order that is not kept
};
const char* to_string(ReportFault fault);

// What is beyond a limit, of a list or a text, is left out.
std::string encode(const LoadReport& report);
Result<LoadReport, ReportFault> decode_load_report(std::string_view bytes);

}  // namespace shoal::load
