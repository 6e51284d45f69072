#include "test/sim/trace.h"

#include <fmt/format.h>

#include "target/base/crc32c.h"

namespace shoal::sim {

void Trace::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15u;
  hash_ ^= hash_ >> 29;
}

void Trace::mix(std::string_view text) { mix(std::uint64_t{crc32c(as_bytes(text))} << 32 | text.size()); }

void Trace::keep(Entry entry) {
  ++entries_;
  if (observer_) observer_(entry.to_string());
  if (kept_.size() == kKept) kept_.pop_front();
  kept_.push_back(std::move(entry));
}

void Trace::add(Time at, std::string_view host, std::string_view kind, std::uint64_t a, std::uint64_t b) {
  mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
  mix(host);
  mix(kind);
  mix(a);
  mix(b);
  keep({at, std::string(host), std::string(kind), a, b, false});
}

void Trace::add_step(Time at, std::string_view host, std::uint64_t number) {
  ++entries_;
  mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
  mix(host);
  mix(number);
}

void Trace::add_text(Time at, std::string_view host, std::string_view text) {
  mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
  mix(host);
  mix(text);
  keep({at, std::string(host), std::string(text), 0, 0, true});
}

std::string Trace::Entry::to_string() const {
  const double seconds = std::chrono::duration<double>(at.time_since_epoch()).count();
  if (is_text) return fmt::format("{:12.6f} {:8} {}", seconds, host, text);
  return fmt::format("{:12.6f} {:8} {} {} {:x}", seconds, host, text, a, b);
}

std::string Trace::tail(std::size_t lines) const {
  std::string text;
  const std::size_t first = kept_.size() > lines ? kept_.size() - lines : 0;
  for (std::size_t i = first; i < kept_.size(); ++i) text += kept_[i].to_string() + "\n";
  return text;
}

}  // namespace shoal::sim
