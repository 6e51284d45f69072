// One session of libiscsi, one command at a time: what a host sees of a disk. Logs in without TEST UNIT READY, so that
// no unit attention is swallowed, and never reconnects by itself.
#pragma once

#include <memory>
#include <string>

#include "test/model/command.h"

struct iscsi_context;

namespace model {

class Initiator {
 public:
  // `number` tells initiators apart: name and ISID follow from it.
  Initiator(int number, const std::string& url);

  Answer execute(const Command& command);
  void reset_unit();  // LOGICAL UNIT RESET
  void log_out();

 private:
  struct Destroy {
    void operator()(iscsi_context* context) const;
  };
  std::unique_ptr<iscsi_context, Destroy> context_;
  std::string url_;
  int lun_ = 0;
};

}  // namespace model
