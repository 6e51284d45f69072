// Outbox: PDUs that leave, in order, numbered (RFC 7143 4.2.2.2). StatSN advances with every status: SCSI response or
// Data-In with status, task management, text, login and logout response, Reject, async message, NOP-In that answers.
// Not with R2T, Data-In without status, NOP-In that asks: they carry the number that comes next.
//
// A read of many PDUs lies here as payload, and becomes PDUs as they are taken; what is sent after it waits behind it.
// So a read costs its payload and a constant, and take() is never long.
#pragma once

#include <cstddef>
#include <deque>

#include "target/iscsi/command_window.h"
#include "target/iscsi/data_in_stream.h"
#include "target/iscsi/pdu_writer.h"

namespace shoal::iscsi {

inline constexpr std::uint32_t kDataInAtOnce = 128;  // PDUs of a read that are made as it is answered, or by one take()

class Outbox {
 public:
  explicit Outbox(CommandWindow& window) : window_(window) {}

  void set_digests(Digests digests) {
    digests_ = digests;
    ready_.set_digests(digests);
  }
  void set_next_stat_sn(StatSn next) { next_stat_sn_ = next; }
  StatSn next_stat_sn() const { return next_stat_sn_; }
  Numbering numbering() { return {next_stat_sn_, window_.exp_cmd_sn(), window_.max_cmd_sn()}; }

  // Takes a StatSN.
  template <class Pdu, class... Data>
  void state(Pdu pdu, const Data&... data) {
    send(std::move(pdu), data...);
    ++next_stat_sn_;
  }
  // Takes none.
  template <class Pdu, class... Data>
  void send(Pdu pdu, const Data&... data) {
    pdu.numbering = numbering();
    append([&](PduWriter& writer) { writer.add(pdu, data...); });
  }
  template <class Pdu>
  void state_bytes(Pdu pdu, ByteSpan data) {
    pdu.numbering = numbering();
    append([&](PduWriter& writer) { writer.add_bytes(pdu, data); });
    ++next_stat_sn_;
  }
  // A status that answers no task: bounded by ConnectionLimits::waiting_output_bytes.
  template <class Pdu, class... Data>
  void answer(Pdu pdu, const Data&... data) {
    const std::size_t before = size();
    state(std::move(pdu), data...);
    count_answer(size() - before);
  }
  template <class Pdu>
  void answer_bytes(Pdu pdu, ByteSpan data) {
    const std::size_t before = size();
    state_bytes(std::move(pdu), data);
    count_answer(size() - before);
  }
  std::size_t answer_bytes() const { return answer_bytes_; }
  // The data of a read; takes a StatSN where `status` goes with them.
  void send_data(InitiatorTaskTag task, const Slices& data, DataInCutter cutter,
                 std::optional<DataInPdus::Status> status);

  bool empty() const { return ready_.empty() && streams_.empty(); }
  std::size_t size() const { return ready_.size() + waiting_bytes_; }  // without headers of Data-In not made yet
  // What leaves next, not always all that there is.
  Slices take();

 private:
  struct Stream {
    DataInStream data;
    PduWriter behind{};            // what was sent after it
    std::size_t answer_bytes = 0;  // of that
  };

  template <class Add>
  void append(Add add) {
    if (streams_.empty()) return add(ready_);
    PduWriter& writer = streams_.back().behind;
    const std::size_t before = writer.size();
    add(writer);
    waiting_bytes_ += writer.size() - before;
  }
  void count_answer(std::size_t bytes) {
    answer_bytes_ += bytes;
    (streams_.empty() ? ready_answer_bytes_ : streams_.back().answer_bytes) += bytes;
  }

  CommandWindow& window_;
  Digests digests_;
  PduWriter ready_;
  std::deque<Stream> streams_;
  std::size_t waiting_bytes_ = 0;  // of streams_
  StatSn next_stat_sn_;
  std::size_t answer_bytes_ = 0, ready_answer_bytes_ = 0;  // all; of ready_
};

}  // namespace shoal::iscsi
