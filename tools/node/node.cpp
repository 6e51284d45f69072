#include "tools/node/node.h"

#include "tools/node/node_impl.h"

namespace shoal {
namespace {

constexpr Duration kDrainWithin = 1s;  // for the metadata to take in that this member stops

}  // namespace

void Node::Impl::on_replaced() {
  if (auto tell = std::exchange(fatal, {})) {
    tell(
        fmt::format("another process has started as member {} of group {}: this one must not go on; give each member "
                    "an id of its own (key \"member\")",
                    parts.config.member, parts.config.group));
  }
}

// The others hear of it first: where hosts that are sent away are placed anew, this member is not to be named.
void Node::Impl::stop(Duration within, Completion<> done) {
  stopped = std::move(done);
  control->enter(NodeState::stopping);
  parts.door.close("this member stops");
  if (!parts.server) return on_server_closed();
  if (!parts.links || !parts.desk) return close_server(within);
  const Duration telling = std::min<Duration>(kDrainWithin, within / 4);
  const auto told = [weak = weak_from_this(), rest = within - telling] {
    const auto self = weak.lock();
    if (self && std::exchange(self->draining, nullptr)) self->send_hosts_away(rest);
  };
  draining = parts.runtime.after(telling, told);
  parts.members->set_draining(told);
}

// Hosts are to find their sessions released, so that they are placed at another member at once.
void Node::Impl::send_hosts_away(Duration within) {
  const auto move_on = [weak = weak_from_this(), within] {
    const auto self = weak.lock();
    if (self && std::exchange(self->moving, nullptr)) self->close_server(within / 2);
  };
  moving = parts.runtime.after(within / 2, move_on);
  parts.desk->drop_all("this member stops", move_on);
}

void Node::Impl::close_server(Duration within) { parts.server->stop(within, guarded(&Impl::on_server_closed)); }

// What other members still ask for goes into the journal, and is replayed at the next start.
void Node::Impl::on_server_closed() {
  if (!parts.journal) return end_stop();
  parts.journal->close([this](const Result<void, routing::StoreError>&) { end_stop(); });
}

void Node::Impl::end_stop() {
  if (auto done = std::exchange(stopped, {})) done();
}

Node::Node(Runtime& runtime, NodeConfig config, cluster::MetaStore& meta, Log log, NodeSeams seams)
    : impl_(std::make_shared<Impl>(runtime, std::move(config), meta, std::move(log), std::move(seams))) {}

Node::~Node() = default;

void Node::start(Completion<Started> done) { impl_->start(std::move(done)); }
void Node::stop(Duration within, Completion<> done) { impl_->stop(within, std::move(done)); }
void Node::on_fatal(std::function<void(std::string)> fatal) { impl_->fatal = std::move(fatal); }

std::vector<Endpoint> Node::group_portals() const { return impl_->parts.config.group_portals; }

std::vector<std::string> Node::target_names() const {
  std::vector<std::string> names;
  if (!impl_->parts.units) return names;
  for (const auto& [name, unit] : impl_->parts.units->all()) names.push_back(unit.record.iqn);
  return names;
}

void Node::handle(ControlRequest request, Completion<ControlResponse> done) {
  impl_->control->handle(std::move(request), std::move(done));
}

}  // namespace shoal
