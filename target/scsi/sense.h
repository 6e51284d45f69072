// Sense: what went wrong, in SPC-4's words (4.5), and its two forms on the wire. In which of them errors of commands
// are sent is a mode parameter (D_SENSE); REQUEST SENSE gives either.
#pragma once

#include <cstdint>
#include <optional>

#include "target/base/field.h"
#include "target/base/slice.h"

namespace shoal::scsi {

enum class SenseKey : std::uint8_t {
  no_sense = 0x0,
  not_ready = 0x2,
  medium_error = 0x3,
  hardware_error = 0x4,
  illegal_request = 0x5,
  unit_attention = 0x6,
  data_protect = 0x7,
  copy_aborted = 0xa,
  aborted_command = 0xb,
  miscompare = 0xe,
};

// The first byte and bit that are wrong, of the CDB or of the parameter data (SPC-4 4.5.2.4.2).
struct FieldPointer {
  bool in_cdb = true;
  std::uint16_t byte = 0;
  std::uint8_t bit = 7;
  bool operator==(const FieldPointer&) const = default;
};

struct Sense {
  SenseKey key = SenseKey::no_sense;
  std::uint8_t asc = 0, ascq = 0;
  std::optional<std::uint64_t> information{};
  std::optional<FieldPointer> field{};
  std::optional<std::uint16_t> progress{};  // in 1/65536; in the place of a field pointer (SPC-4 4.5.2.4.4)
  bool operator==(const Sense&) const = default;
};

Slice encode_fixed(const Sense& sense);
Slice encode_descriptor(const Sense& sense);
inline Slice encode(const Sense& sense, bool descriptor) {
  return descriptor ? encode_descriptor(sense) : encode_fixed(sense);
}

namespace sense {
inline constexpr Sense kNothing{};
inline constexpr Sense kInvalidOpcode{SenseKey::illegal_request, 0x20, 0x00};
inline constexpr Sense kLbaOutOfRange{SenseKey::illegal_request, 0x21, 0x00};
inline constexpr Sense kInvalidFieldInCdb{SenseKey::illegal_request, 0x24, 0x00};
inline constexpr Sense kLunNotSupported{SenseKey::illegal_request, 0x25, 0x00};
inline constexpr Sense kInvalidFieldInParameterList{SenseKey::illegal_request, 0x26, 0x00};
inline constexpr Sense kParameterListLengthError{SenseKey::illegal_request, 0x1a, 0x00};
inline constexpr Sense kInvalidRelease{SenseKey::illegal_request, 0x26, 0x04};
inline constexpr Sense kInsufficientRegistrations{SenseKey::illegal_request, 0x55, 0x04};
inline constexpr Sense kSavingNotSupported{SenseKey::illegal_request, 0x39, 0x00};
inline constexpr Sense kInvalidFieldInCommandInformationUnit{SenseKey::illegal_request, 0x0e, 0x03};
inline constexpr Sense kInvalidMessage{SenseKey::illegal_request, 0x49, 0x00};
inline constexpr Sense kUnexpectedUnsolicitedData{SenseKey::aborted_command, 0x0c, 0x0c};
inline constexpr Sense kWrongAmountOfData{SenseKey::aborted_command, 0x0c, 0x0d};
inline constexpr Sense kDataDigestError{SenseKey::aborted_command, 0x47, 0x05};
inline constexpr Sense kOperationInProgress{SenseKey::illegal_request, 0x00, 0x16};
inline constexpr Sense kTooManyTargetDescriptors{SenseKey::illegal_request, 0x26, 0x06};
inline constexpr Sense kUnsupportedTargetDescriptor{SenseKey::illegal_request, 0x26, 0x07};
inline constexpr Sense kTooManySegmentDescriptors{SenseKey::illegal_request, 0x26, 0x08};
inline constexpr Sense kUnsupportedSegmentDescriptor{SenseKey::illegal_request, 0x26, 0x09};
inline constexpr Sense kInlineDataLengthExceeded{SenseKey::illegal_request, 0x26, 0x0b};
inline constexpr Sense kCopyAborted{SenseKey::copy_aborted, 0x00, 0x00};
inline constexpr Sense kUnreachableCopyTarget{SenseKey::copy_aborted, 0x08, 0x04};
inline constexpr Sense kThirdPartyDeviceFailure{SenseKey::copy_aborted, 0x0d, 0x01};
inline constexpr Sense kCopyTargetNotReachable{SenseKey::copy_aborted, 0x0d, 0x02};
inline constexpr Sense kBecomingReady{SenseKey::not_ready, 0x04, 0x01};
inline constexpr Sense kFormatInProgress{SenseKey::not_ready, 0x04, 0x04};
inline constexpr Sense kSanitizeInProgress{SenseKey::not_ready, 0x04, 0x1b};
inline constexpr Sense kFormatCorrupted{SenseKey::medium_error, 0x31, 0x00};
inline constexpr Sense kFormatFailed{SenseKey::medium_error, 0x31, 0x01};
inline constexpr Sense kSanitizeFailed{SenseKey::medium_error, 0x31, 0x03};
inline constexpr Sense kPortUnavailable{SenseKey::not_ready, 0x04, 0x0c};
inline constexpr Sense kUnrecoveredReadError{SenseKey::medium_error, 0x11, 0x00};
inline constexpr Sense kInternalTargetFailure{SenseKey::hardware_error, 0x44, 0x00};
inline constexpr Sense kMiscompare{SenseKey::miscompare, 0x1d, 0x00};
inline constexpr Sense kSoftwareWriteProtected{SenseKey::data_protect, 0x27, 0x02};
inline constexpr Sense kSpaceAllocationFailed{SenseKey::data_protect, 0x27, 0x07};

// 24/00, pointing at a field of the CDB's layout.
template <class CdbField>
constexpr Sense invalid() {
  Sense sense = kInvalidFieldInCdb;
  sense.field = FieldPointer{true, CdbField::kByte, CdbField::kHighBit};
  return sense;
}
// 26/00, pointing at a field of the parameter list's layout, or at a byte of the list.
template <class ListField>
constexpr Sense invalid_parameter() {
  Sense sense = kInvalidFieldInParameterList;
  sense.field = FieldPointer{false, ListField::kByte, ListField::kHighBit};
  return sense;
}
constexpr Sense invalid_parameter(std::uint16_t byte, std::uint8_t bit = 7) {
  Sense sense = kInvalidFieldInParameterList;
  sense.field = FieldPointer{false, byte, bit};
  return sense;
}
}  // namespace sense

}  // namespace shoal::scsi
