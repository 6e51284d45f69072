// SessionConnection: what a session says to the connection that carries it. What it says leaves with everything else
// that becomes ready in the same turn of the loop.
#pragma once

#include <string>

#include "target/base/time.h"
#include "target/iscsi/events.h"
#include "target/iscsi/login.h"
#include "target/iscsi/task.h"

namespace shoal::server {

class SessionConnection {
 public:
  virtual ~SessionConnection() = default;
  virtual void answer_claim(const iscsi::LoginAnswer& answer) = 0;
  virtual void complete(iscsi::TaskId task, const iscsi::Outcome& outcome) = 0;
  virtual void complete_management(iscsi::ManagementId id, iscsi::TaskResponse response) = 0;
  virtual void abort_undelivered() = 0;  // tasks that were not handed to the session yet
  virtual void finish_logout() = 0;
  virtual void begin_drop() = 0;
  virtual void send_drop_event() = 0;
  virtual void send_drop_and_logout_events(Duration within) = 0;
  virtual void request_logout(Duration within) = 0;
  virtual void close(const std::string& reason) = 0;
  virtual std::size_t open_tasks() const = 0;
  virtual std::size_t unsent_bytes() const = 0;
};

}  // namespace shoal::server
