// Framer: the received stream cut into PDUs (RFC 7143 4.2, 11.2, 13.1), in either direction. It copies headers (48 bytes)
// and shares payload with the chunks it was given.
//
// Use: receive(chunk) with what a read gave, then next() until it yields nothing: every complete PDU of the run comes out in
// one pass. next() is called again only when the PDU before it was dealt with, so that set_digests() and set_limits() after
// the last login PDU hold for what was pipelined behind it. After a FrameError nothing more comes out: the connection is
// to be closed. A wrong data digest is no such error: the PDU comes out, marked.
//
// Every length meets its limit before anything is kept for it. Decoding is pdu_codec.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "target/base/slice.h"
#include "target/iscsi/field.h"

namespace shoal::iscsi {

inline constexpr std::uint32_t kDefaultDataSegmentBytes = 8192;    // until MaxRecvDataSegmentLength is declared (13.12)
inline constexpr std::uint32_t kMaxAhsBytes = 256;                 // a 260-byte CDB and a bidirectional length fit
inline constexpr std::size_t kOwnBufferBytes = 64 * 1024;          // from here on payload deserves a buffer of its own

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
  std::vector<std::byte> ahs;   // nearly always empty
  Slices data;                  // without padding; empty when there is none
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

  // How many bytes the PDU that has begun still needs, as far as its header tells; at least 1 after NeedMore. From
  // kOwnBufferBytes on, the driver reads into a fresh buffer of exactly this size, and the payload is never moved again.
  std::size_t missing() const;
  // Bytes received and not yet yielded.
  std::size_t buffered() const;

 private:
  enum class Part { header, data, trailer, failed };

  std::size_t take(MutableByteSpan into);                 // copies up to into.size() received bytes
  bool fill(MutableByteSpan into, std::size_t& have);     // continues a copy; true when it is full
  std::optional<Framed> read_header();
  bool read_data();
  bool read_trailer();
  Frame finish();
  FrameError fail(FrameFault fault);
  std::size_t header_digest_bytes() const { return digests_.header ? 4 : 0; }

  FrameLimits limits_;
  Digests digests_;
  Slices input_;               // received, not yet consumed
  std::size_t input_index_ = 0;
  std::size_t input_offset_ = 0;

  Part part_ = Part::header;
  Frame frame_;
  std::size_t have_ = 0;       // of the part in progress
  std::uint32_t data_left_ = 0;
  std::uint32_t data_crc_ = 0;
  std::array<std::byte, 4> digest_{};
  std::array<std::byte, 8> trailer_{};  // padding and data digest
  std::size_t trailer_size_ = 0;
};

}  // namespace shoal::iscsi
