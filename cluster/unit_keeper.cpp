#include "cluster/unit_keeper.h"

#include <algorithm>
#include <utility>

#include "cluster/keeper_record.h"

namespace shoal::cluster {
namespace {

constexpr std::size_t kValueBytes = 64;  // what else is told with a name, and of a unit or change apart from names

std::size_t told_bytes(const InitiatorPort& port) { return 3 * port.name.size() + kValueBytes; }

std::size_t told_bytes(const unit::Audience& audience) {
  std::size_t bytes = kValueBytes;
  for (const InitiatorPort& port : audience.ports) bytes += told_bytes(port);
  return bytes;
}

std::size_t told_bytes(const unit::Consequences& consequences) {
  std::size_t bytes = told_bytes(consequences.aborted) + told_bytes(consequences.ended);
  for (const unit::Announcement& each : consequences.announcements) bytes += told_bytes(each.audience);
  return bytes;
}

std::size_t told_bytes(const UnitSnapshot& unit) {
  std::size_t bytes = 4 * kValueBytes;
  for (const Registration& each : unit.view.persistent.registrations) bytes += told_bytes(each.port);
  for (const UnitSnapshot::Change& each : unit.recent) bytes += told_bytes(each.consequences);
  return bytes;
}

}  // namespace

UnitKeeper::Kept& UnitKeeper::kept(ImageId image) {
  const auto [at, fresh] = units_.try_emplace(image);
  if (fresh) at->second.unit = {.image = image, .view = first_view(term_)};
  return at->second;
}

UnitKeeper::Decision UnitKeeper::decide(const ChangeRequest& request) {
  Kept& kept = this->kept(request.image);
  const auto known = std::ranges::find(kept.answers, request.id, [](const auto& each) { return each.first; });
  if (known != kept.answers.end()) return {.answer = known->second};
  unit::Outcome outcome = unit::apply(kept.unit.view, request.from, request.change);
  kept.answers.emplace_back(request.id, outcome.answer);
  if (kept.answers.size() > kRecentAnswers) kept.answers.pop_front();
  if (outcome.view == kept.unit.view && outcome.consequences == unit::Consequences{}) return {outcome.answer, {}};
  kept.unit.view = std::move(outcome.view);
  note_work(kept, request);
  remember(kept.unit, std::move(outcome.consequences));
  UnitSnapshot news = kept.unit;
  news.recent.erase(news.recent.begin(), std::prev(news.recent.end()));
  return {outcome.answer, std::move(news)};
}

void UnitKeeper::note_work(Kept& kept, const ChangeRequest& request) {
  const auto* change = std::get_if<ChangeCondition>(&request.change);
  if (!change) return;
  kept.work.reset();
  if (!change->abandoned) return;
  kept.work = Work{request.id.member, request.id.incarnation, {.from = change->to, .to = *change->abandoned}};
}

std::vector<std::pair<ImageId, UnitKeeper::Work>> UnitKeeper::works() const {
  std::vector<std::pair<ImageId, Work>> works;
  for (const auto& [image, kept] : units_) {
    if (kept.work) works.emplace_back(image, *kept.work);
  }
  return works;
}

void UnitKeeper::remember(UnitSnapshot& unit, unit::Consequences consequences) {
  unit.recent.push_back({++unit.serial, std::move(consequences)});
  const auto too_much = [&] { return unit.recent.size() > kRecentChanges || told_bytes(unit) > kToldBytes; };
  while (unit.recent.size() > 1 && too_much()) unit.recent.erase(unit.recent.begin());
}

PulledUnits UnitKeeper::pull(ImageId after) const {
  PulledUnits pulled{.term = term_};
  std::size_t bytes = 0;
  for (auto at = units_.upper_bound(after); at != units_.end(); ++at) {
    const UnitSnapshot& unit = at->second.unit;
    if (unit.serial == 0) continue;
    bytes += told_bytes(unit);
    pulled.more = !pulled.units.empty() && bytes > kToldBytes;
    if (pulled.more) break;
    pulled.units.push_back(unit);
  }
  return pulled;
}

}  // namespace shoal::cluster
