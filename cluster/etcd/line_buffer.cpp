#include "cluster/etcd/line_buffer.h"

namespace shoal::cluster {

bool LineBuffer::append(std::string_view bytes) {
  const std::size_t last_end = bytes.rfind('\n');
  const std::size_t unfinished = last_end == bytes.npos ? pending_.size() + bytes.size() : bytes.size() - last_end - 1;
  if (unfinished > max_line_bytes_) return false;
  pending_.append(bytes);
  return true;
}

std::optional<std::string> LineBuffer::next_line() {
  const std::size_t end = pending_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = pending_.size();
    return std::nullopt;
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  searched_ = 0;
  return line;
}

}  // namespace shoal::cluster
