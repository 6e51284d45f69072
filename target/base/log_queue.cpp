#include "target/base/log_queue.h"

#include <utility>

namespace shoal {

void LogQueue::push(std::string line) {
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  while (bytes_ > most_bytes_) {
    pop();
    ++missing_;
  }
}

LogQueue::Batch LogQueue::take(std::size_t about_bytes) {
  Batch batch{std::exchange(missing_, 0), {}};
  while (!lines_.empty() && batch.text.size() < about_bytes) batch.text += pop();
  return batch;
}

std::string LogQueue::pop() {
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  bytes_ -= line.size();
  return line;
}

}  // namespace shoal
