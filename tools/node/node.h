// Node: one member of the group, assembled from all parts. Without Asio, HTTP or a certain metadata store: shoald gives
// it the real ones, the simulation its own, so both run the very same member.
//
// start(): opens the portals (a login is answered 0301 until all is there), then the stores, as the metadata know them,
// joins the group, learns volumes and sessions, dials the other members. stop(): refuses new hosts, finishes the
// commands of the others, drops them, closes the links. Destroying a Node without stop() is a crash: nothing is
// finished, nothing pending is called any more.
//
// The caller guarantees: runtime and metadata outlive the node.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "target/base/completion.h"
#include "target/base/endpoint.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"
#include "tools/node/config.h"
#include "tools/node/control_handler.h"
#include "tools/node/node_seams.h"

namespace shoal {

class Node final : public ControlHandler {
 public:
  Node(Runtime& runtime, NodeConfig config, cluster::MetaStore& meta, Log log, NodeSeams seams = {});
  ~Node() override;
  Node(const Node&) = delete;

  // Completes when hosts are served. While metadata are out of reach it waits for them, and says so in the log. The
  // error is one line for people: what, where, what to do.
  void start(Completion<Result<void, std::string>> done);
  // Completes when all is closed, after `within` at the latest. The node serves nothing any more.
  void stop(Duration within, Completion<> done);
  // Called once, when this member must not go on: another process has taken its id. The caller ends the program.
  void on_fatal(std::function<void(std::string reason)> fatal);

  // With the ports that ports 0 became. After start().
  std::vector<Endpoint> group_portals() const;
  std::vector<std::string> target_names() const;

  // The control port (tools/node/node_control.h), also before start() has completed: then most answers are 503.
  void handle(ControlRequest request, Completion<ControlResponse> done) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal
