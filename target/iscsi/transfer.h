// Transfers of data between initiator and target (RFC 7143 4.2.4.2, 11.4.5, 11.7, 11.8).
//
// WriteTransfer gathers the data of one write from its three sources: immediate data of the command, unsolicited
// Data-Out, and Data-Out that answers R2Ts. It decides what may come and what to ask for next; the caller gives tags
// and sends. Payload is shared (gathered_data.h). DataInCutter cuts read data for the initiator's limits.
//
// DataPDUInOrder and DataSequenceInOrder are Yes: bytes come in order, so what is gathered is always a prefix.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "target/base/slice.h"
#include "target/iscsi/gathered_data.h"
#include "target/iscsi/pdu.h"

namespace shoal::iscsi {

inline constexpr std::uint32_t kMostOutstandingR2ts = 8;  // of one task, whatever is negotiated

// The negotiated keys that a write obeys (13.10, 13.11, 13.13, 13.14, 13.17).
struct WriteRules {
  bool initial_r2t = true;
  bool immediate_data = true;
  std::uint32_t first_burst_bytes = 65536;
  std::uint32_t max_burst_bytes = 262144;
  std::uint32_t outstanding_r2ts = 1;
};

// Why a command ends before SCSI sees it, mostly because of its data; each is a CHECK CONDITION of its own (11.4.7.2),
// whose sense is the driver's to say.
enum class DataFault : std::uint8_t {
  none,
  unexpected_unsolicited,
  wrong_amount,
  damaged,        // data digest, or a number or offset out of sequence
  not_supported,  // the command was refused before its data came
  too_long,       // more than this target gathers
  no_room,        // more than there is memory for: ended here, with TASK SET FULL
  no_aca,         // attribute ACA where no such condition can be (SAM-5 8.6, NORMACA = 0)
};

class WriteTransfer {
 public:
  struct Solicitation {
    R2tSn r2t_sn;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };

  WriteTransfer() = default;  // nothing to gather: done
  // `final`: F of the command, no unsolicited Data-Out follows.
  WriteTransfer(const WriteRules& rules, std::uint32_t expected_bytes, bool final, Slices immediate);

  // One Data-Out of this task. False: it names a transfer that is not open and was dropped.
  bool take(const DataOut& header, Slices data, bool digest_ok);
  // The task is lost, whatever still comes. Only the ends of open sequences are waited for, so that a response does not
  // overtake them (11.17).
  void fail(DataFault fault);

  // An R2T may go out now; how much the next one would ask for.
  bool may_solicit() const;
  std::uint32_t next_solicitation_bytes() const;
  Solicitation solicit(TargetTransferTag tag);

  // All is gathered, or it failed and nothing more is on its way.
  bool done() const;
  DataFault fault() const { return fault_; }
  std::uint32_t r2ts_sent() const { return next_r2t_sn_.value; }
  // Bytes held or asked for.
  std::uint32_t claimed_bytes() const { return std::max(gathered_, solicited_); }
  Slices release_data() { return data_.release(); }

 private:
  struct OpenR2t {
    TargetTransferTag tag;
    std::uint32_t end = 0;
    DataSn next_data_sn;
  };

  bool take_unsolicited(const DataOut& header, Slices& data);
  bool take_solicited(const DataOut& header, Slices& data);
  bool append(const DataOut& header, DataSn& expected, std::uint32_t end, Slices& data);
  void close(std::uint32_t index);

  WriteRules rules_;
  std::uint32_t expected_ = 0;
  std::uint32_t gathered_ = 0;
  std::uint32_t solicited_ = 0;  // asked for up to here
  bool unsolicited_open_ = false;
  DataFault fault_ = DataFault::none;
  DataSn next_unsolicited_sn_;
  R2tSn next_r2t_sn_;
  std::uint32_t open_count_ = 0;
  std::array<OpenR2t, kMostOutstandingR2ts> open_{};  // oldest first
  GatheredData data_;
};

// What the bytes that moved leave of the bytes that were expected.
Residual residual_of(std::uint64_t transfer_bytes, std::uint32_t expected_bytes);

// A read's bytes cut into Data-In PDUs: each at most `segment_bytes`, F at the end of each burst.
class DataInCutter {
 public:
  struct Cut {
    DataSn data_sn;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    bool final = false;  // ends a burst
    bool last = false;   // ends the data
  };

  DataInCutter(std::uint32_t total_bytes, std::uint32_t segment_bytes, std::uint32_t max_burst_bytes)
      : total_(total_bytes), segment_(segment_bytes), burst_(max_burst_bytes), burst_left_(max_burst_bytes) {}

  bool more() const { return offset_ < total_; }
  std::uint32_t offset() const { return offset_; }
  std::uint32_t bytes_left() const { return total_ - offset_; }
  std::uint32_t pdus_left() const;
  Cut next();

 private:
  std::uint32_t total_, segment_, burst_;
  std::uint32_t burst_left_;
  std::uint32_t offset_ = 0;
  DataSn data_sn_;
};

}  // namespace shoal::iscsi
