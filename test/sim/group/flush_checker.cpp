#include "test/sim/group/flush_checker.h"

#include <fmt/format.h>

#include "test/sim/host.h"

namespace shoal::sim {

void FlushChecker::on_disk(const DiskEvent& event) {
  using Phase = DiskEvent::Phase;
  const bool changes = event.call == DiskCall::write || event.call == DiskCall::punch;
  if (!changes && event.call != DiskCall::sync) return;
  Pending& file = files_[{event.host->name(), event.path}];
  const Moment now = moments_.next_moment();
  if (changes) {
    if (event.phase == Phase::happened && !event.durable) file.writes.push_back(now);
    return;
  }
  if (event.phase == Phase::asked) file.syncs[event.number] = now;
  if (event.phase == Phase::asked) return;
  const Moment asked = file.syncs.at(event.number);
  file.syncs.erase(event.number);
  if (event.phase == Phase::failed) return;
  while (!file.writes.empty() && file.writes.front() <= asked) file.writes.pop_front();
}

std::optional<std::string> FlushChecker::flush_acknowledged(Moment begin) const {
  ++flushes_;
  for (const auto& [place, file] : files_) {
    if (file.writes.empty() || file.writes.front() > begin) continue;
    return fmt::format("a flush sent at {} was answered before {} of {} was on the device (written at {})", begin,
                       place.second, place.first, file.writes.front());
  }
  return std::nullopt;
}

}  // namespace shoal::sim
