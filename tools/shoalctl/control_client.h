// ControlClient: one HTTP request to a member's control port, blocking, with a deadline.
#pragma once

#include <string>

#include "target/base/endpoint.h"
#include "target/base/result.h"

namespace shoal {

struct ControlAnswer {
  int status = 0;
  std::string body;
};

// The error is one line: what could not be reached and what to do.
Result<ControlAnswer, std::string> call_control(const Endpoint& control, const std::string& token,
                                                const std::string& method, const std::string& path,
                                                const std::string& body);

}  // namespace shoal
