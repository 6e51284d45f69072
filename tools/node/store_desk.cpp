#include "tools/node/store_desk.h"

#include <utility>

#include "tools/node/move_messages.h"
#include "tools/node/request_json.h"
#include "tools/node/store_views.h"

namespace shoal {

using nlohmann::json;
using routing::ControlKind;

namespace {

constexpr Duration kAnswerWithin = 5s;
constexpr std::size_t kMostImages = 1000;  // that are named

}  // namespace

std::optional<StoreOrder> store_order_of(const std::string& word) {
  for (const auto order :
       {StoreOrder::show, StoreOrder::scrub_start, StoreOrder::scrub_pause, StoreOrder::scrub_resume}) {
    if (word == word_of(order)) return order;
  }
  return std::nullopt;
}

const char* word_of(StoreOrder order) {
  switch (order) {
    case StoreOrder::show: return "show";
    case StoreOrder::scrub_start: return "start";
    case StoreOrder::scrub_pause: return "pause";
    case StoreOrder::scrub_resume: return "resume";
  }
  return "unknown";
}

Result<StoreOrder, std::string> parse_scrub_order(const std::string& body) try {
  const json object = object_in(body);
  expect_keys(object, {"order"});
  return choice_in<StoreOrder>(
      object, "order",
      {{"start", StoreOrder::scrub_start}, {"pause", StoreOrder::scrub_pause}, {"resume", StoreOrder::scrub_resume}});
} catch (const BadRequest& refused) {
  return refused.text;
}

void StoreDesk::serve_peers() {
  if (!peers_) return;
  peers_->serve(ControlKind::store,
                [weak = weak_from_this()](MemberId, const std::string& word, Completion<std::string> reply) {
                  const auto self = weak.lock();
                  const auto order = store_order_of(word);
                  reply(to_reply(self && order ? self->carry_out(*order)
                                               : failure(400, "this version does not know the order " + word)));
                });
}

void StoreDesk::ask(MemberId member, StoreOrder order, Completion<ControlResponse> done) {
  if (member == members_.self().id) return done(carry_out(order));
  if (!members_.all()->contains(member)) {
    return done(failure(404, fmt::format("there is no member {}; `shoalctl member list` shows them", member)));
  }
  if (!peers_) return done(from_reply(member, routing::PeerError::unreachable));
  peers_->request(member, ControlKind::store, word_of(order), kAnswerWithin,
                  [member, done = std::move(done)](const auto& reply) mutable { done(from_reply(member, reply)); });
}

ControlResponse StoreDesk::carry_out(StoreOrder order) {
  if (!store_) {
    return failure(409, fmt::format("member {} keeps its pages in memory: it has no store", members_.self().id));
  }
  switch (order) {
    case StoreOrder::show: break;
    case StoreOrder::scrub_start: scrubber_->start(); break;
    case StoreOrder::scrub_pause: scrubber_->pause(); break;
    case StoreOrder::scrub_resume: scrubber_->resume(); break;
  }
  return ok(store_view());
}

json StoreDesk::store_view() const {
  const routing::StoreFigures figures = store_->figures();  // once: it counts what each chunk is used for
  json view = figures_json(figures, store_->space());
  const routing::StoreState state = store_->state();
  view.update({{"member", members_.self().id.value},
               {"uuid", store_->id().to_string()},
               {"state", state.in_service ? "in service" : "out of service"},
               {"reason", state.reason},
               {"damage", damage_json(store_->repair_counters(), figures.damaged_nodes)},
               {"scrub", scrub_json(scrubber_->status(), runtime_.now())},
               {"images", images_view()}});
  return view;
}

json StoreDesk::images_view() const {
  std::map<ImageId, std::string> names;
  for (const auto& [name, unit] : units_.all()) names[unit.record.image.id] = name;
  json list = json::array();
  for (const ImageId image : store_->images()) {
    if (list.size() == kMostImages) break;
    const auto note = store_->image_note(image);
    const auto name = names.find(image);
    list.push_back({{"image", image.value},
                    {"volume", name == names.end() ? json(nullptr) : json(name->second)},
                    {"page_bytes", note ? note->page_bytes : 0},
                    {"allocated_bytes", store_->image_bytes(image)},
                    {"note_bytes", note ? note->text.size() : 0}});
  }
  return list;
}

}  // namespace shoal
