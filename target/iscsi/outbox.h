// Outbox: PDUs that leave, numbered (RFC 7143 4.2.2.2). StatSN advances with every status: SCSI response or Data-In
// with status, task management, text, login and logout response, Reject, async message, NOP-In that answers. Not with
// R2T, Data-In without status, NOP-In that asks: they carry the number that comes next.
#pragma once

#include <cstddef>

#include "target/iscsi/command_window.h"
#include "target/iscsi/pdu_writer.h"

namespace shoal::iscsi {

class Outbox {
 public:
  explicit Outbox(CommandWindow& window) : window_(window) {}

  void set_digests(Digests digests) { writer_.set_digests(digests); }
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
    writer_.add(pdu, data...);
  }
  template <class Pdu>
  void state_bytes(Pdu pdu, ByteSpan data) {
    pdu.numbering = numbering();
    writer_.add_bytes(pdu, data);
    ++next_stat_sn_;
  }
  // A status that answers no task: bounded by ConnectionLimits::waiting_output_bytes.
  template <class Pdu, class... Data>
  void answer(Pdu pdu, const Data&... data) {
    const std::size_t before = writer_.size();
    state(std::move(pdu), data...);
    answer_bytes_ += writer_.size() - before;
  }
  template <class Pdu>
  void answer_bytes(Pdu pdu, ByteSpan data) {
    const std::size_t before = writer_.size();
    state_bytes(std::move(pdu), data);
    answer_bytes_ += writer_.size() - before;
  }
  std::size_t answer_bytes() const { return answer_bytes_; }

  bool empty() const { return writer_.empty(); }
  std::size_t size() const { return writer_.size(); }
  Slices take() {
    answer_bytes_ = 0;
    return writer_.take();
  }

 private:
  CommandWindow& window_;
  PduWriter writer_;
  StatSn next_stat_sn_;
  std::size_t answer_bytes_ = 0;
};

}  // namespace shoal::iscsi
