#include "target/iscsi/outbox.h"

#include <iterator>
#include <utility>

namespace shoal::iscsi {
namespace {

void move_behind(Slices& all, Slices more) {
  if (all.empty()) {
    all = std::move(more);
  } else {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
}

}  // namespace

void Outbox::send_data(InitiatorTaskTag task, const Slices& data, DataInCutter cutter,
                       std::optional<DataInPdus::Status> status) {
  DataInPdus pdus{task, numbering(), cutter, status};
  if (status) ++next_stat_sn_;
  if (cutter.pdus_left() <= kDataInAtOnce) {
    return append([&](PduWriter& writer) {
      while (pdus.cutter.more()) pdus.make(writer, data, 0);
    });
  }
  waiting_bytes_ += cutter.bytes_left();
  streams_.push_back({DataInStream(pdus, data)});
  streams_.back().behind.set_digests(digests_);
}

Slices Outbox::take() {
  Slices taken = ready_.take();
  answer_bytes_ -= std::exchange(ready_answer_bytes_, 0);
  for (std::uint32_t made = 0; made < kDataInAtOnce && !streams_.empty();) {
    Stream& first = streams_.front();
    waiting_bytes_ -= first.data.bytes_left();
    for (; made < kDataInAtOnce && !first.data.done(); ++made) first.data.make_next(ready_);
    waiting_bytes_ += first.data.bytes_left();
    move_behind(taken, ready_.take());
    if (!first.data.done()) break;
    waiting_bytes_ -= first.behind.size();
    answer_bytes_ -= first.answer_bytes;
    move_behind(taken, first.behind.take());
    streams_.pop_front();
  }
  return taken;
}

}  // namespace shoal::iscsi
