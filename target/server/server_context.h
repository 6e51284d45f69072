// ServerContext: what the connections and sessions of one server share.
#pragma once

#include <memory>
#include <utility>

#include "target/iscsi/write_budget.h"
#include "target/scsi/read_budget.h"
#include "target/server/failed_logins.h"
#include "target/server/loop_watch.h"
#include "target/server/receive_buffers.h"
#include "target/server/session_table.h"
#include "target/server/shared_names.h"
#include "target/server/target_server.h"

namespace shoal::server {

struct ServerContext {
  Runtime& runtime;
  TargetCatalog& catalog;
  LoginPolicy& policy;
  SessionRegistry& registry;
  const ServerConfig config;
  const Log log;
  LoopWatch watch;
  FailedLogins failed_logins;
  std::shared_ptr<scsi::ReadBudget> reads;
  std::shared_ptr<iscsi::WriteBudget> writes;
  SharedNames shared_names{};
  ReceiveBuffers buffers{};
  ServerCounters counters{};
  SessionTable sessions{};  // destroyed first: sessions use all of the above
};

}  // namespace shoal::server
