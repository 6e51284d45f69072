// Discovery: the text of a SendTargets answer (RFC 7143 13.3, appendix C), and its pages: an answer longer than what the
// initiator receives in one PDU goes out over several (11.11: F=0 and a Target Transfer Tag until the last).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/slice.h"

namespace shoal::iscsi {

inline constexpr std::size_t kMaxTargetsText = 16 * 1024 * 1024;  // some 60 000 targets

struct TargetRecord {
  std::string name;
  std::vector<std::string> addresses;  // "host:port,tag"
  bool operator==(const TargetRecord&) const = default;
};

// TargetName and TargetAddress keys of all records. Records beyond kMaxTargetsText are left out, whole.
std::string targets_text(const std::vector<TargetRecord>& targets);

// A long text, cut.
class TextPages {
 public:
  TextPages() = default;
  explicit TextPages(std::string text);

  // The next page, at most `limit` bytes (and at least one, if anything is left).
  Slice next(std::size_t limit);
  bool done() const { return offset_ == text_.size(); }
  std::size_t held_bytes() const { return text_.size(); }  // nothing once it is done

 private:
  Slice text_;
  std::size_t offset_ = 0;
};

}  // namespace shoal::iscsi
