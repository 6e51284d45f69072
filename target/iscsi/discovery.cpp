#include "target/iscsi/discovery.h"

#include <algorithm>

#include "target/iscsi/keys.h"

namespace shoal::iscsi {
namespace {

void add_pair(std::string& text, KeyId key, std::string_view value) {
  text += key_row(key).name;
  text += '=';
  text += value;
  text += '\0';
}

std::string record_text(const TargetRecord& target) {
  std::string text;
  add_pair(text, KeyId::target_name, target.name);
  for (const std::string& address : target.addresses) add_pair(text, KeyId::target_address, address);
  return text;
}

}  // namespace

std::string targets_text(const std::vector<TargetRecord>& targets) {
  std::string text;
  for (const TargetRecord& target : targets) {
    const std::string record = record_text(target);
    if (record.size() > kMaxTargetsText - text.size()) break;
    text += record;
  }
  return text;
}

TextPages::TextPages(std::string text) : text_(Slice::copy_of(text)) {}

Slice TextPages::next(std::size_t limit) {
  const std::size_t count = std::min(std::max<std::size_t>(limit, 1), text_.size() - offset_);
  const Slice page = text_.sub(offset_, count);
  offset_ += count;
  if (done()) *this = {};
  return page;
}

}  // namespace shoal::iscsi
