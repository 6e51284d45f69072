#include "target/scsi/log_sense.h"

#include <algorithm>

#include "target/scsi/primary_cdb.h"
#include "target/scsi/report_bytes.h"

namespace shoal::scsi {

namespace {

constexpr std::uint8_t kSupportedPages = 0x00, kInformationalExceptions = 0x2f;
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

struct LogPage {
  std::uint8_t code, subpage;
  ReportBytes (*parameters)(std::uint8_t code);
};

ReportBytes supported_pages(std::uint8_t);
ReportBytes supported_subpages(std::uint8_t code);

ReportBytes exceptions(std::uint8_t) {
  using namespace exceptions_layout;
  constexpr std::uint8_t kBinaryList = 3, kTemperatureUnknown = 0xff;
  std::array<std::byte, kBytes> parameter{};
  FormatAndLinking::put(parameter, kBinaryList);
  ParameterLength::put(parameter, kBytes - 4);
  Temperature::put(parameter, kTemperatureUnknown);
  return {parameter.begin(), parameter.end()};
}

constexpr LogPage kPages[] = {{kSupportedPages, kNoSubpage, supported_pages},
                              {kSupportedPages, kAllSubpages, supported_subpages},
                              {kInformationalExceptions, kNoSubpage, exceptions},
                              {kInformationalExceptions, kAllSubpages, supported_subpages}};

ReportBytes supported_pages(std::uint8_t) {
  ReportBytes codes;
  for (const LogPage& page : kPages) {
    if (page.subpage == kNoSubpage) codes.push_back(std::byte{page.code});
  }
  return codes;
}

// SPC-4 7.3.19, 7.3.20: pairs of codes; of page 00, those of all pages.
ReportBytes supported_subpages(std::uint8_t code) {
  ReportBytes pairs;
  for (const LogPage& page : kPages) {
    if (code != kSupportedPages && code != page.code) continue;
    pairs.push_back(std::byte{page.code});
    pairs.push_back(std::byte{page.subpage});
  }
  return pairs;
}

ReportBytes with_header(const LogPage& page) {
  using namespace page_layout;
  const ReportBytes parameters = page.parameters(page.code);
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
  const auto has_code = [code](const LogPage& page) { return page.code == code; };
  if (std::ranges::none_of(kPages, has_code)) return check_condition(sense::invalid<LogSenseCdb::PageCode>());
  for (const LogPage& page : kPages) {
    if (!has_code(page) || page.subpage != subpage) continue;
    return good(ByteSpan(with_header(page)), LogSenseCdb::AllocationLength::get(cdb));
  }
  return check_condition(sense::invalid<LogSenseCdb::SubpageCode>());
}

}  // namespace shoal::scsi
