#include "target/scsi/log_sense.h"

#include <algorithm>

#include "target/scsi/limits.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/report_bytes.h"

namespace shoal::scsi {

namespace {

constexpr std::uint8_t kSupportedPages = 0x00, kProvisioning = 0x0c, kInformationalExceptions = 0x2f;
constexpr std::uint8_t kNoSubpage = 0x00, kAllSubpages = 0xff;

namespace page_layout {  // SPC-4 table 313
constexpr std::size_t kHeaderBytes = 4;
using DisableSave = Bits<bool, 0, 7>;
using SubpageFormat = Bits<bool, 0, 6>;
using PageCode = Bits<std::uint8_t, 0, 0, 6>;
using SubpageCode = Field<std::uint8_t, 1>;
using PageLength = Field<std::uint16_t, 2>;
}  // namespace page_layout

namespace exceptions_layout {  // SPC-4 table 372: one parameter, of code 0
constexpr std::size_t kBytes = 8;
using FormatAndLinking = Bits<std::uint8_t, 2, 0, 2>;
using ParameterLength = Field<std::uint8_t, 3>;
using Temperature = Field<std::uint8_t, 6>;
}  // namespace exceptions_layout

namespace provisioning_layout {  // SBC-3 6.4.5: three parameters of one form
constexpr std::size_t kBytes = 12;
using ParameterCode = Field<std::uint16_t, 0>;
using FormatAndLinking = Bits<std::uint8_t, 2, 0, 2>;
using ParameterLength = Field<std::uint8_t, 3>;
using ResourceCount = Field<std::uint32_t, 4>;
using Scope = Bits<std::uint8_t, 8, 0, 2>;
}  // namespace provisioning_layout

struct LogPage {
  std::uint8_t code, subpage;
  ReportBytes (*parameters)(std::uint8_t code, const LogicalUnit& unit);
};

ReportBytes supported_pages(std::uint8_t, const LogicalUnit& unit);
ReportBytes supported_subpages(std::uint8_t code, const LogicalUnit& unit);

void append_resource(ReportBytes& parameters, std::uint16_t code, std::uint64_t count) {
  using namespace provisioning_layout;
  constexpr std::uint8_t kBinaryList = 3, kSharedWithOtherUnits = 2;
  std::array<std::byte, kBytes> parameter{};
  ParameterCode::put(parameter, code);
  FormatAndLinking::put(parameter, kBinaryList);
  ParameterLength::put(parameter, kBytes - 4);
  ResourceCount::put(parameter, static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 0xffffffff)));
  Scope::put(parameter, kSharedWithOtherUnits);
  parameters.insert(parameters.end(), parameter.begin(), parameter.end());
}

// Of the stores that the unit lies on, in threshold sets; and how much of the fullest one is available, in percent.
ReportBytes provisioning(std::uint8_t, const LogicalUnit& unit) {
  constexpr std::uint16_t kAvailable = 0x0001, kUsed = 0x0002, kAvailablePercent = 0x0003;
  constexpr std::uint64_t kSetBytes = std::uint64_t{kBlockBytes} << kThresholdExponent;
  ReportBytes parameters;
  const auto space = unit.thin && unit.space ? unit.space() : std::nullopt;
  if (!space) return parameters;
  append_resource(parameters, kAvailable, space->available_bytes / kSetBytes);
  append_resource(parameters, kUsed, (space->used_bytes + kSetBytes - 1) / kSetBytes);
  append_resource(parameters, kAvailablePercent, space->available_percent);
  return parameters;
}

ReportBytes exceptions(std::uint8_t, const LogicalUnit&) {
  using namespace exceptions_layout;
  constexpr std::uint8_t kBinaryList = 3, kTemperatureUnknown = 0xff;
  std::array<std::byte, kBytes> parameter{};
  FormatAndLinking::put(parameter, kBinaryList);
  ParameterLength::put(parameter, kBytes - 4);
  Temperature::put(parameter, kTemperatureUnknown);
  return {parameter.begin(), parameter.end()};
}

constexpr LogPage kPages[] = {
    {kSupportedPages, kNoSubpage, supported_pages},     {kSupportedPages, kAllSubpages, supported_subpages},
    {kProvisioning, kNoSubpage, provisioning},          {kProvisioning, kAllSubpages, supported_subpages},
    {kInformationalExceptions, kNoSubpage, exceptions}, {kInformationalExceptions, kAllSubpages, supported_subpages}};

bool has(const LogicalUnit& unit, std::uint8_t code) {
  return code != kProvisioning || !provisioning(code, unit).empty();
}

ReportBytes supported_pages(std::uint8_t, const LogicalUnit& unit) {
  ReportBytes codes;
  for (const LogPage& page : kPages) {
    if (page.subpage == kNoSubpage && has(unit, page.code)) codes.push_back(std::byte{page.code});
  }
  return codes;
}

// SPC-4 7.3.19, 7.3.20: pairs of codes; of page 00, those of all pages.
ReportBytes supported_subpages(std::uint8_t code, const LogicalUnit& unit) {
  ReportBytes pairs;
  for (const LogPage& page : kPages) {
    if ((code != kSupportedPages && code != page.code) || !has(unit, page.code)) continue;
    pairs.push_back(std::byte{page.code});
    pairs.push_back(std::byte{page.subpage});
  }
  return pairs;
}

ReportBytes with_header(const LogPage& page, const LogicalUnit& unit) {
  using namespace page_layout;
  const ReportBytes parameters = page.parameters(page.code, unit);
  std::array<std::byte, kHeaderBytes> header{};
  DisableSave::put(header, true);
  SubpageFormat::put(header, page.subpage != kNoSubpage);
  PageCode::put(header, page.code);
  SubpageCode::put(header, page.subpage);
  PageLength::put(header, static_cast<std::uint16_t>(parameters.size()));
  ReportBytes bytes(header.begin(), header.end());
  append(bytes, parameters);
  return bytes;
}

}  // namespace

Answer log_sense(CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  const std::uint8_t code = LogSenseCdb::PageCode::get(cdb), subpage = LogSenseCdb::SubpageCode::get(cdb);
  const LogicalUnit& unit = command.unit;
  const auto has_code = [&](const LogPage& page) { return page.code == code && has(unit, code); };
  if (std::ranges::none_of(kPages, has_code)) return check_condition(sense::invalid<LogSenseCdb::PageCode>());
  for (const LogPage& page : kPages) {
    if (!has_code(page) || page.subpage != subpage) continue;
    return good(ByteSpan(with_header(page, unit)), LogSenseCdb::AllocationLength::get(cdb));
  }
  return check_condition(sense::invalid<LogSenseCdb::SubpageCode>());
}

}  // namespace shoal::scsi
