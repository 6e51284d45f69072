// SecretDescriptor: a secret in memory that a child inherits and reads as a file, so that it is on no command line and
// in no file that somebody could find.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "target/base/secret.h"

namespace shoal {

class SecretDescriptor {
 public:
  explicit SecretDescriptor(const Secret& secret) : number_(::memfd_create("secret", 0)) {
    const ByteSpan bytes = secret.bytes();
    if (number_ < 0 || ::write(number_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      throw std::system_error(errno, std::generic_category(), "cannot hand over the secret");
    }
  }
  ~SecretDescriptor() { ::close(number_); }
  SecretDescriptor(const SecretDescriptor&) = delete;

  // As a child sees it.
  std::string path() const { return fmt::format("/proc/self/fd/{}", number_); }

 private:
  int number_;
};

}  // namespace shoal
