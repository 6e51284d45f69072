// wait<Value>(runtime, start): runs the loop until what `start` began has called back, for programs that do one thing
// after the other.
#pragma once

#include <optional>
#include <utility>

#include "target/runtime/asio_runtime.h"

namespace shoal::test {

template <class Value, class Start>
Value wait(AsioRuntime& runtime, Start start) {
  std::optional<Value> got;
  bool waiting = false;
  start([&](Value value) {
    got.emplace(std::move(value));
    if (waiting) runtime.stop();
  });
  waiting = !got;
  if (waiting) runtime.run();
  return std::move(*got);
}

}  // namespace shoal::test
