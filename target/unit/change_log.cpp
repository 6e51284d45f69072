#include "target/unit/change_log.h"

#include "target/unit/attentions.h"

namespace shoal::unit {

namespace {
std::size_t named_ports(const std::vector<Announcement>& announcements) {
  std::size_t ports = 0;
  for (const Announcement& each : announcements) ports += each.audience.ports.size();
  return ports;
}
}  // namespace

void ChangeLog::add(std::uint64_t serial, const std::vector<Announcement>& announcements) {
  changes_.push_back({serial, announcements});
  ports_ += named_ports(announcements);
  while (changes_.size() > 1 && (changes_.size() > kLoggedChanges || ports_ > kLoggedPorts)) forget_first();
}

void ChangeLog::forget_first() {
  complete_since_ = changes_.front().serial;
  ports_ -= named_ports(changes_.front().announcements);
  changes_.pop_front();
}

std::vector<UnitAttention> ChangeLog::missed(const InitiatorPort& port, std::uint64_t since) const {
  if (since < complete_since_) return {kPowerOn};
  std::vector<UnitAttention> missed;
  for (const auto& [serial, announcements] : changes_) {
    if (serial <= since) continue;
    for (const auto& [attention, audience] : announcements) {
      if (audience.includes(port)) missed.push_back(attention);
    }
  }
  return missed;
}

}  // namespace shoal::unit
