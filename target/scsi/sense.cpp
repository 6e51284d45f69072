#include "target/scsi/sense.h"

namespace shoal::scsi {

namespace {

namespace key_specific_layout {  // SPC-4 4.5.2.4.2, three bytes
using Valid = Bits<bool, 0, 7>;
using InCdb = Bits<bool, 0, 6>;
using BitPointerValid = Bits<bool, 0, 3>;
using BitPointer = Bits<std::uint8_t, 0, 0, 3>;
using FieldPointerField = Field<std::uint16_t, 1>;
using Progress = Field<std::uint16_t, 1>;
}  // namespace key_specific_layout

namespace fixed_layout {  // SPC-4 4.5.3
constexpr std::size_t kBytes = 18;
using Valid = Bits<bool, 0, 7>;
using ResponseCode = Bits<std::uint8_t, 0, 0, 7>;
using Key = Bits<SenseKey, 2, 0, 4>;
using Information = Field<std::uint32_t, 3>;
using AdditionalLength = Field<std::uint8_t, 7>;
using Asc = Field<std::uint8_t, 12>;
using Ascq = Field<std::uint8_t, 13>;
constexpr std::size_t kKeySpecific = 15;
}  // namespace fixed_layout

namespace descriptor_layout {  // SPC-4 4.5.2
constexpr std::size_t kHeaderBytes = 8;
using ResponseCode = Bits<std::uint8_t, 0, 0, 7>;
using Key = Bits<SenseKey, 1, 0, 4>;
using Asc = Field<std::uint8_t, 2>;
using Ascq = Field<std::uint8_t, 3>;
using AdditionalLength = Field<std::uint8_t, 7>;
}  // namespace descriptor_layout

namespace information_descriptor_layout {  // SPC-4 4.5.2.2
constexpr std::size_t kBytes = 12;
using Type = Field<std::uint8_t, 0>;  // 00h
using AdditionalLength = Field<std::uint8_t, 1>;
using Valid = Bits<bool, 2, 7>;
using Information = Field<std::uint64_t, 4>;
}  // namespace information_descriptor_layout

namespace key_specific_descriptor_layout {  // SPC-4 4.5.2.4
constexpr std::size_t kBytes = 8;
using Type = Field<std::uint8_t, 0>;  // 02h
using AdditionalLength = Field<std::uint8_t, 1>;
constexpr std::size_t kKeySpecific = 4;
}  // namespace key_specific_descriptor_layout

void put_field_pointer(std::span<std::byte, 3> bytes, const FieldPointer& field) {
  using namespace key_specific_layout;
  Valid::put(bytes, true);
  InCdb::put(bytes, field.in_cdb);
  BitPointerValid::put(bytes, true);
  BitPointer::put(bytes, field.bit);
  FieldPointerField::put(bytes, field.byte);
}

void put_progress(std::span<std::byte, 3> bytes, std::uint16_t progress) {
  key_specific_layout::Valid::put(bytes, true);
  key_specific_layout::Progress::put(bytes, progress);
}

bool has_key_specific(const Sense& sense) { return sense.field || sense.progress; }

void put_key_specific(std::span<std::byte, 3> bytes, const Sense& sense) {
  if (sense.field) put_field_pointer(bytes, *sense.field);
  if (sense.progress) put_progress(bytes, *sense.progress);
}

void put_information(std::span<std::byte, information_descriptor_layout::kBytes> bytes, std::uint64_t information) {
  using namespace information_descriptor_layout;
  AdditionalLength::put(bytes, kBytes - 2);
  Valid::put(bytes, true);
  Information::put(bytes, information);
}

void put_key_specific_descriptor(std::span<std::byte, key_specific_descriptor_layout::kBytes> bytes,
                                 const Sense& sense) {
  using namespace key_specific_descriptor_layout;
  Type::put(bytes, 0x02);
  AdditionalLength::put(bytes, kBytes - 2);
  put_key_specific(bytes.subspan<kKeySpecific, 3>(), sense);
}

}  // namespace

Slice encode_fixed(const Sense& sense) {
  using namespace fixed_layout;
  std::array<std::byte, kBytes> bytes{};
  ResponseCode::put(bytes, 0x70);
  Key::put(bytes, sense.key);
  AdditionalLength::put(bytes, kBytes - 8);
  Asc::put(bytes, sense.asc);
  Ascq::put(bytes, sense.ascq);
  if (sense.information && *sense.information <= 0xffffffff) {  // a longer one has no place in this form
    Valid::put(bytes, true);
    Information::put(bytes, static_cast<std::uint32_t>(*sense.information));
  }
  put_key_specific(std::span(bytes).subspan<kKeySpecific, 3>(), sense);
  return Slice::copy_of(bytes);
}

Slice encode_descriptor(const Sense& sense) {
  using namespace descriptor_layout;
  std::array<std::byte, kHeaderBytes + information_descriptor_layout::kBytes + key_specific_descriptor_layout::kBytes>
      bytes{};
  std::size_t size = kHeaderBytes;
  if (sense.information) {
    put_information(std::span(bytes).subspan<kHeaderBytes, information_descriptor_layout::kBytes>(),
                    *sense.information);
    size += information_descriptor_layout::kBytes;
  }
  if (has_key_specific(sense)) {
    const auto rest = std::span<std::byte>(bytes).subspan(size);
    put_key_specific_descriptor(rest.first<key_specific_descriptor_layout::kBytes>(), sense);
    size += key_specific_descriptor_layout::kBytes;
  }
  ResponseCode::put(bytes, 0x72);
  Key::put(bytes, sense.key);
  Asc::put(bytes, sense.asc);
  Ascq::put(bytes, sense.ascq);
  AdditionalLength::put(bytes, static_cast<std::uint8_t>(size - kHeaderBytes));
  return Slice::copy_of(std::span<const std::byte>(bytes).first(size));
}

}  // namespace shoal::scsi
