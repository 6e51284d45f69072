#include "target/iscsi/transfer.h"

#include <algorithm>
#include <limits>

#include "target/base/check.h"

namespace shoal::iscsi {

WriteTransfer::WriteTransfer(const WriteRules& rules, std::uint32_t expected_bytes, bool final, Slices immediate)
    : rules_(rules), expected_(expected_bytes) {
  const std::size_t given = total_size(immediate);
  const std::uint32_t unsolicited_end = std::min(rules_.first_burst_bytes, expected_);
  // F = 0 where InitialR2T forbids unsolicited Data-Out: none is waited for.
  unsolicited_open_ = !final && !rules_.initial_r2t && given < unsolicited_end;
  if (given != 0 && !rules_.immediate_data) {
    fail(DataFault::unexpected_unsolicited);
  } else if (given > unsolicited_end) {
    fail(DataFault::wrong_amount);
  } else {
    gathered_ = static_cast<std::uint32_t>(given);
    data_.add(std::move(immediate));
  }
}

bool WriteTransfer::take(const DataOut& header, Slices data, bool digest_ok) {
  if (!digest_ok) fail(DataFault::damaged);
  return header.transfer == kNoTransfer ? take_unsolicited(header, data) : take_solicited(header, data);
}

bool WriteTransfer::take_unsolicited(const DataOut& header, Slices& data) {
  if (!unsolicited_open_) {
    if (!data.empty()) fail(DataFault::unexpected_unsolicited);
    return true;
  }
  const std::uint32_t end = std::min(rules_.first_burst_bytes, expected_);
  append(header, next_unsolicited_sn_, end, data);
  if (header.final || (fault_ == DataFault::none && gathered_ == end)) unsolicited_open_ = false;
  return true;
}

bool WriteTransfer::take_solicited(const DataOut& header, Slices& data) {
  const auto open = std::find_if(open_.begin(), open_.begin() + open_count_,
                                 [&](const OpenR2t& r2t) { return r2t.tag == header.transfer; });
  const auto index = static_cast<std::uint32_t>(open - open_.begin());
  if (index == open_count_) return false;
  if (index != 0) fail(DataFault::damaged);  // sequences come in the order of their R2Ts
  if (append(header, open->next_data_sn, open->end, data) && header.final && gathered_ < open->end) {
    fail(DataFault::wrong_amount);
  }
  if (header.final || (fault_ == DataFault::none && gathered_ == open->end)) close(index);
  return true;
}

bool WriteTransfer::append(const DataOut& header, DataSn& expected, std::uint32_t end, Slices& data) {
  if (fault_ != DataFault::none) return false;
  if (header.data_sn != expected || header.buffer_offset != gathered_) {
    fail(DataFault::damaged);
    return false;
  }
  const std::size_t bytes = total_size(data);
  if (bytes > end - gathered_) {
    fail(DataFault::wrong_amount);
    return false;
  }
  ++expected;
  gathered_ += static_cast<std::uint32_t>(bytes);
  data_.add(std::move(data));
  return true;
}

void WriteTransfer::close(std::uint32_t index) {
  std::move(open_.begin() + index + 1, open_.begin() + open_count_, open_.begin() + index);
  --open_count_;
}

void WriteTransfer::fail(DataFault fault) {
  if (fault_ == DataFault::none) fault_ = fault;
  data_.clear();
  gathered_ = 0;
  solicited_ = 0;
}

bool WriteTransfer::may_solicit() const {
  return fault_ == DataFault::none && !unsolicited_open_ && claimed_bytes() < expected_ &&
         open_count_ < std::min(rules_.outstanding_r2ts, kMostOutstandingR2ts);
}

std::uint32_t WriteTransfer::next_solicitation_bytes() const {
  return std::min(rules_.max_burst_bytes, expected_ - claimed_bytes());
}

WriteTransfer::Solicitation WriteTransfer::solicit(TargetTransferTag tag) {
  CHECK(may_solicit());
  const Solicitation asked{next_r2t_sn_++, claimed_bytes(), next_solicitation_bytes()};
  solicited_ = asked.offset + asked.length;
  open_[open_count_++] = {tag, solicited_, DataSn{0}};
  return asked;
}

bool WriteTransfer::done() const {
  if (unsolicited_open_ || open_count_ != 0) return false;
  return fault_ != DataFault::none || gathered_ == expected_;
}

Residual residual_of(std::uint64_t transfer_bytes, std::uint32_t expected_bytes) {
  if (transfer_bytes == expected_bytes) return {};
  if (transfer_bytes < expected_bytes) {
    return {Residual::Kind::underflow, static_cast<std::uint32_t>(expected_bytes - transfer_bytes)};
  }
  const std::uint64_t beyond = transfer_bytes - expected_bytes;
  const std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  return {Residual::Kind::overflow, static_cast<std::uint32_t>(std::min(beyond, most))};
}

std::uint32_t DataInCutter::pdus_left() const {
  const auto segments = [this](std::uint32_t bytes) { return bytes / segment_ + (bytes % segment_ != 0 ? 1 : 0); };
  const std::uint32_t of_this_burst = std::min(burst_left_, bytes_left());
  const std::uint32_t behind = bytes_left() - of_this_burst;
  return segments(of_this_burst) + behind / burst_ * segments(burst_) + segments(behind % burst_);
}

DataInCutter::Cut DataInCutter::next() {
  CHECK(more(), offset_, total_);
  Cut cut{data_sn_++, offset_, std::min({segment_, burst_left_, total_ - offset_})};
  offset_ += cut.length;
  burst_left_ -= cut.length;
  cut.last = !more();
  cut.final = cut.last || burst_left_ == 0;
  if (burst_left_ == 0) burst_left_ = burst_;
  return cut;
}

}  // namespace shoal::iscsi
