// ControlHandler: what the control port asks, apart from HTTP. Answers are JSON but for /metrics.
#pragma once

#include <string>

#include "target/base/completion.h"

namespace shoal {

struct ControlRequest {
  std::string method;  // GET, POST, DELETE
  std::string path;    // "/volumes/demo"
  std::string body;    // JSON or empty
};

struct ControlResponse {
  int status = 200;    // HTTP; errors carry {"error": "what, where, what to do"}
  std::string body;
  std::string content_type = "application/json";
};

class ControlHandler {
 public:
  virtual ~ControlHandler() = default;
  // Completes once, within kControlDeadline.
  virtual void handle(ControlRequest request, Completion<ControlResponse> done) = 0;
};

}  // namespace shoal
