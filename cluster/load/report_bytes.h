// The two ways through the bytes of a LoadReport. Writer and Reader have the same calls, so that the order of the
// fields is written once (load_report_codec.cpp). Numbers are little-endian.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/load/load_report_codec.h"
#include "target/base/bytes.h"

namespace shoal::load {

class Writer {
 public:
  template <std::unsigned_integral T>
  void number(const T& value) {
    std::array<std::byte, sizeof(T)> raw;
    store_le(raw, 0, value);
    bytes_ += as_text(raw);
  }
  void figure(const double& value) { number(std::bit_cast<std::uint64_t>(value)); }
  void fraction(const double& value) { figure(value); }
  void weight(const double& value) { figure(value); }
  void flag(const bool& value) { number(static_cast<std::uint8_t>(value)); }
  void pattern(const Pattern& value) { number(static_cast<std::uint8_t>(value)); }
  void text(const std::string& value) {
    const std::string_view kept = std::string_view(value).substr(0, kMaxReportText);
    number(static_cast<std::uint8_t>(kept.size()));
    bytes_ += kept;
  }
  template <class T, class Each>
  void list(const std::vector<T>& all, std::size_t most, Each each) {
    const std::size_t count = std::min(all.size(), most);
    number(static_cast<std::uint16_t>(count));
    for (std::size_t i = 0; i < count; ++i) each(all[i]);
  }
  void owners(const std::map<MemberId, double>& all) {
    std::size_t left = std::min(all.size(), kMaxReportedOwners);
    number(static_cast<std::uint16_t>(left));
    for (auto owner = all.begin(); left > 0; ++owner, --left) {
      number(owner->first.value);
      fraction(owner->second);
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// After the first fault everything reads as nothing, and the fault stands.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <std::unsigned_integral T>
  void number(T& value) {
    const std::string_view raw = bytes(sizeof(T));
    value = fault_ ? T{0} : load_le<T>(as_bytes(raw));
  }
  void figure(double& value) { figure_between(value, 0, kMaxFigure); }
  void fraction(double& value) { figure_between(value, 0, 1); }
  void weight(double& value) { figure_between(value, kLightest, kHeaviest); }
  void flag(bool& value) { value = choice(1) == 1; }
  void pattern(Pattern& value) { value = static_cast<Pattern>(choice(static_cast<std::uint8_t>(Pattern::mixed))); }
  void text(std::string& value) {
    std::uint8_t length = 0;
    number(length);
    value = bytes(length);
  }
  template <class T, class Each>
  void list(std::vector<T>& all, std::size_t most, Each each) {
    for (std::size_t count = count_up_to(most); count > 0 && !fault_; --count) each(all.emplace_back());
  }
  void owners(std::map<MemberId, double>& all) {
    for (std::size_t count = count_up_to(kMaxReportedOwners); count > 0 && !fault_; --count) {
      MemberId member;
      number(member.value);
      if (!all.empty() && member <= all.rbegin()->first) fail(ReportFault::bad_field);
      fraction(all[member]);
    }
  }
  void fail(ReportFault fault) {
    if (!fault_) fault_ = fault;
  }
  std::optional<ReportFault> finish() {
    if (!left_.empty()) fail(ReportFault::too_long);
    return fault_;
  }

 private:
  std::string_view bytes(std::size_t count) {
    if (left_.size() < count) fail(ReportFault::cut_short);
    if (fault_) return {};
    const std::string_view found = left_.substr(0, count);
    left_.remove_prefix(count);
    return found;
  }
  void figure_between(double& value, double least, double most) {
    std::uint64_t raw = 0;
    number(raw);
    value = std::bit_cast<double>(raw);
    if (!(value >= least && value <= most)) fail(ReportFault::bad_figure);  // nor is NaN
  }
  std::uint8_t choice(std::uint8_t last) {
    std::uint8_t value = 0;
    number(value);
    if (value > last) fail(ReportFault::bad_field);
    return fault_ ? 0 : value;
  }
  std::size_t count_up_to(std::size_t most) {
    std::uint16_t count = 0;
    number(count);
    if (count > most) fail(ReportFault::bad_count);
    return count;
  }

  std::string_view left_;
  std::optional<ReportFault> fault_;
};

}  // namespace shoal::load
