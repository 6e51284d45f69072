// CHECK(condition, values...): what must hold if our own code is right, in every build. Prints the values and aborts.
// What a peer or the machine can make false is never CHECKed: that is a value (Reject, Sense, Result).
#pragma once

#include <fmt/format.h>

#include <string>

namespace shoal {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& values);

namespace detail {
template <class... Values>
[[noreturn, gnu::noinline]] void check_failed_with(const char* file, int line, const char* condition,
                                                   const Values&... values) {
  std::string text;
  ((text += fmt::format(" {}", values)), ...);
  check_failed(file, line, condition, text);
}
}  // namespace detail
}  // namespace shoal

#ifdef CHECK
#error "target/base/check.h is for .cpp files; a test has Catch's CHECK"
#endif
#define CHECK(condition, ...)                                                                       \
  do {                                                                                              \
    if (!(condition)) [[unlikely]]                                                                  \
      ::shoal::detail::check_failed_with(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__); \
  } while (false)
