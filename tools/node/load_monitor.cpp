#include "tools/node/load_monitor.h"

#include <utility>

#include "cluster/load/load_report_codec.h"

namespace shoal {
namespace {

class SessionProbe final : public routing::RequestProbe {
 public:
  explicit SessionProbe(std::shared_ptr<load::SessionMeter> meter) : meter_(std::move(meter)) {}

  void started(const Operation& operation) override {
    const auto blocks = static_cast<std::uint32_t>(operation.range.count);
    meter_->started({is_mutation(operation.kind), operation.range.first, blocks}, operation.origin.issued_at);
  }
  void placed(const routing::PagePart& part, MemberId owner, bool first) override {
    meter_->placed({part.page, owner, part.length / kBlockBytes, first});
  }
  void ended(Time now) override { meter_->ended(now); }

 private:
  const std::shared_ptr<load::SessionMeter> meter_;
};

}  // namespace

LoadMonitor::LoadMonitor(Runtime& runtime, MemberId self, Log log)
    : runtime_(runtime),
      self_(self),
      log_(std::move(log)),
      meter_(std::make_unique<load::LoadMeter>(self, runtime.now())) {}

void LoadMonitor::start(const cluster::Members& members, routing::PeerChannel* peers, Read read, Complete complete) {
  members_ = &members;
  peers_ = peers;
  read_ = std::move(read);
  complete_ = std::move(complete);
  on_members();
  if (peers_) {
    peers_->serve(routing::ControlKind::load, [this, alive = std::weak_ptr(alive_)](MemberId from, std::string body,
                                                                                    Completion<std::string> reply) {
      if (!alive.expired()) on_told(from, body);
      reply("");
    });
  }
  arm();
}

void LoadMonitor::on_members() {
  std::vector<MemberId> members;
  for (const auto& [id, record] : *members_->all()) members.push_back(id);
  table_.set_members(members);
}

std::shared_ptr<routing::RequestProbe> LoadMonitor::probe(std::uint64_t session, ImageId image,
                                                          const std::string& initiator_name) {
  return std::make_shared<SessionProbe>(meter_->open({self_, session}, image, initiator_name));
}

void LoadMonitor::arm() {
  timer_ = runtime_.after(load::kLoadPeriod, [this] { end_period(); });
}

void LoadMonitor::end_period() {
  arm();
  load::Readings readings;
  read_(readings);
  load::LoadReport report = meter_->report(runtime_.now(), readings);
  report.incarnation = members_->self().incarnation;
  complete_(report);
  if (peers_ && !muted_) {
    const std::string told = load::encode(report);
    for (const auto& [member, entry] : table_.entries()) tell(member, told);
  }
  table_.take(std::move(report), runtime_.now());
  latest_ = std::make_shared<const load::GroupLoad>(picture());
  for (const Listener& listener : listeners_) listener();
}

// One report is on its way to a member at a time: who does not answer is not sent more and more of them.
void LoadMonitor::tell(MemberId member, const std::string& report) {
  if (member == self_ || !peers_->connected(member) || !telling_.insert(member).second) return;
  peers_->request(member, routing::ControlKind::load, report, load::kSilentAfter,
                  [this, alive = std::weak_ptr(alive_), member](const Result<std::string, routing::PeerError>&) {
                    if (!alive.expired()) telling_.erase(member);
                  });
}

void LoadMonitor::on_told(MemberId from, const std::string& body) {
  auto report = load::decode_load_report(body);
  if (!report) {
    return log_.warn("load_report_unreadable from={} why={}", from, load::to_string(report.error()));
  }
  if (report->member != from) return log_.warn("load_report_of_another from={} of={}", from, report->member);
  table_.take(std::move(*report), runtime_.now());
}

}  // namespace shoal
