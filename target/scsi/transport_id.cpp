#include "target/scsi/transport_id.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/field.h"
#include "target/base/iscsi_name.h"
#include "target/base/parse_number.h"

namespace shoal::scsi {

namespace {

namespace transport_id_layout {
constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kMinTextBytes = 20;  // zeros behind the name included
using FormatCode = Bits<std::uint8_t, 0, 6, 2>;
using Protocol = Bits<std::uint8_t, 0, 0, 4>;
using AdditionalLength = Field<std::uint16_t, 2>;
}  // namespace transport_id_layout

constexpr std::uint8_t kInitiatorPort = 1;  // format code
constexpr std::uint8_t kIscsi = 5;
constexpr std::string_view kSeparator = ",i,0x";
constexpr std::size_t kMaxIsidDigits = 12;

std::optional<std::uint64_t> parse_isid(std::string_view digits) {
  return digits.size() > kMaxIsidDigits ? std::nullopt : parse_number<std::uint64_t>(digits, 16);
}

std::optional<InitiatorPort> parse_port(std::string_view text) {
  const std::size_t name_bytes = text.find(kSeparator);
  if (name_bytes == 0 || name_bytes > kMaxNameBytes || name_bytes == text.npos) return std::nullopt;
  const auto isid = parse_isid(text.substr(name_bytes + kSeparator.size()));
  if (!isid) return std::nullopt;
  return InitiatorPort{normalised_name(text.substr(0, name_bytes)), *isid};
}

}  // namespace

std::vector<std::byte> encode_transport_id(const InitiatorPort& port) {
  using namespace transport_id_layout;
  std::string text = fmt::format("{}{}{:012x}", port.name, kSeparator, port.isid);
  text.resize(std::max(kMinTextBytes, text.size() / 4 * 4 + 4), '\0');
  std::vector<std::byte> id(kHeaderBytes + text.size());
  const auto header = MutableByteSpan(id).first<kHeaderBytes>();
  FormatCode::put(header, kInitiatorPort);
  Protocol::put(header, kIscsi);
  AdditionalLength::put(header, static_cast<std::uint16_t>(text.size()));
  std::ranges::copy(as_bytes(text), id.begin() + kHeaderBytes);
  return id;
}

std::optional<TransportId> decode_transport_id(ByteSpan list) {
  using namespace transport_id_layout;
  if (list.size() < kHeaderBytes) return std::nullopt;
  const auto header = list.first<kHeaderBytes>();
  const std::size_t text_bytes = AdditionalLength::get(header);
  if (FormatCode::get(header) != kInitiatorPort || Protocol::get(header) != kIscsi) return std::nullopt;
  if (text_bytes < kMinTextBytes || text_bytes % 4 != 0 || text_bytes > list.size() - kHeaderBytes) return std::nullopt;
  const std::string_view text = as_text(list.subspan(kHeaderBytes, text_bytes));
  const std::size_t end = text.find('\0');
  if (end == text.npos) return std::nullopt;
  auto port = parse_port(text.substr(0, end));
  if (!port) return std::nullopt;
  return TransportId{std::move(*port), kHeaderBytes + text_bytes};
}

}  // namespace shoal::scsi
