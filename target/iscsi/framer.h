// Framer: the received stream cut into PDUs (RFC 7143 4.2, 11.2, 13.1), in either direction. It copies headers (48
// bytes) and shares payload with the chunks it was given.
//
// Use: receive(chunk) with what a read gave, then next() until it yields nothing: every complete PDU of the run comes
// out in one pass. next() is called again only when the PDU before it was dealt with, so that set_digests() and
// set_limits() after the last login PDU hold for what was pipelined behind it. After a FrameError nothing more comes
// out: the connection is to be closed. A wrong data digest is no such error: the PDU comes out, marked.
//
// Every length meets its limit before anything is kept for it. Decoding is pdu_codec.h's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "target/base/slice.h"
#include "target/iscsi/bhs.h"

namespace shoal::iscsi {

inline constexpr std::uint32_t kDefaultDataSegmentBytes = 8192;  // until MaxRecvDataSegmentLength is declared (13.12)
inline constexpr std::uint32_t kMaxAhsBytes = 256;               // a 260-byte CDB and a bidirectional length fit
inline constexpr std::size_t kMaxPieces = 16;              // of one payload; from then on it is gathered in one place
inline constexpr std::size_t kOwnBufferBytes = 64 * 1024;  // from here on payload deserves a buffer of its own

struct Digests {
  bool header = false;
  bool data = false;
  bool operator==(const Digests&) const = default;
};

struct FrameLimits {
  std::uint32_t data_bytes = kDefaultDataSegmentBytes;  // own MaxRecvDataSegmentLength
  std::uint32_t ahs_bytes = kMaxAhsBytes;
};

struct Frame {
  BhsBytes bhs;
  std::vector<std::byte> ahs;  // nearly always empty
  Slices data;                 // without padding; empty when there is none
  bool data_digest_ok = true;
};

enum class FrameFault { header_digest, data_too_long, ahs_too_long };
const char* to_string(FrameFault fault);

struct FrameError {
  FrameFault fault;
  BhsBytes bhs;  // for a Reject, where the header can be trusted (not with header_digest)
};

struct NeedMore {};
using Framed = std::variant<Frame, NeedMore, FrameError>;

class Framer {
 public:
  explicit Framer(FrameLimits limits = {}) : limits_(limits) {}

  void set_digests(Digests digests) { digests_ = digests; }
  void set_limits(FrameLimits limits) { limits_ = limits; }

  void receive(Slice chunk);
  Framed next();

  // How many bytes the PDU in progress still needs, as far as its header tells; at least 1 after NeedMore. From
  // kOwnBufferBytes on, the driver reads into a fresh buffer of exactly this size, and the payload is never moved
  // again.
  std::size_t missing() const;
  // Bytes that were received and have not come out: of the PDU in progress, and what lies behind it.
  std::size_t held_bytes() const;

 private:
  enum class Part { bhs, ahs, header_digest, data, trailer, failed };

  bool fill(MutableByteSpan into);  // goes on with a copy of received bytes; true when `into` is full
  ByteSpan received() const;        // what is left of the first chunk that has anything left
  void consume(std::size_t bytes);
  std::optional<FrameFault> begin_pdu();
  std::optional<FrameFault> check_header_digest();
  void begin_data();
  bool read_data();
  void keep(Slice piece);
  void copy_in(ByteSpan piece);
  Frame finish();
  FrameError fail(FrameFault fault);

  FrameLimits limits_;
  Digests digests_;
  Slices input_;  // received; what lies before (input_index_, input_offset_) is consumed
  std::size_t input_index_ = 0;
  std::size_t input_offset_ = 0;

  Part part_ = Part::bhs;
  std::size_t have_ = 0;  // bytes of the part in progress
  Frame frame_;
  std::array<std::byte, 4> header_digest_{};
  std::uint32_t data_bytes_ = 0;
  std::uint32_t data_crc_ = 0;
  MutableByteSpan gathering_;  // frame_.data's only slice, being filled, when it came in too many pieces
  std::array<std::byte, 7> trailer_{};
  std::size_t trailer_bytes_ = 0;  // padding and data digest
};

}  // namespace shoal::iscsi
