#include "cluster/unit_states.h"

#include <map>
#include <optional>
#include <utility>

#include "cluster/keeper_election.h"
#include "cluster/member_signs.h"
#include "cluster/unit_follower.h"
#include "cluster/unit_keeper.h"
#include "target/base/countdown.h"

namespace shoal::cluster {
namespace {

using routing::ControlKind;
using routing::PeerError;

// A change that this member has asked for, until it is answered.
struct Asked {
  ChangeRequest request;
  Completion<UnitAnswer> done;
  Time tried{};                      // the last time
  bool repeated = false;             // its outcome was lost once: it may have been made without this member's hearing
  std::optional<Time> lost_since{};  // since then no keeper has had it
  std::unique_ptr<Timer> retry{};
};

}  // namespace

struct UnitStates::Impl : std::enable_shared_from_this<UnitStates::Impl> {
  // One unit's state here.
  struct Unit final : UnitState {
    Unit(std::weak_ptr<Impl> owner_, ImageId image_, std::uint32_t term)
        : owner(std::move(owner_)), image(image_), follower(term) {}
    const UnitView& view() const override { return follower.view(); }
    void change(const InitiatorPort& from, UnitChange change, Completion<UnitAnswer> done) override {
      if (const auto states = owner.lock()) return states->change(image, from, std::move(change), std::move(done));
      done(UnitAnswer::unavailable);
    }
    UnitMoment moment() const override { return follower.moment(); }
    std::vector<UnitAttention> missed(const InitiatorPort& port, const UnitMoment& since) const override {
      return follower.missed(port, since);
    }

    std::weak_ptr<Impl> owner;
    ImageId image;
    UnitFollower follower;
    std::size_t adopting = 0;            // adoptions that are not over
    std::vector<Completion<>> repeated;  // wait until none is under way
  };

  Impl(Runtime& runtime_, MetaStore& meta, const Members& members_, routing::PeerChannel* peers_, OnAdopted on_adopted_,
       Log log_)
      : runtime(runtime_), members(members_), peers(peers_), on_adopted(std::move(on_adopted_)), log(std::move(log_)) {
    if (peers) election = std::make_unique<KeeperElection>(runtime, meta, members, *peers, log);
  }

  template <class Then>
  auto guarded(Then then) {
    return [weak = weak_from_this(), then = std::move(then)](auto&&... args) mutable {
      if (const auto self = weak.lock()) then(std::forward<decltype(args)>(args)...);
    };
  }

  MemberId self() const { return members.self().id; }

  Unit& unit(ImageId image) {
    auto& unit = units[image];
    if (!unit) unit = std::make_shared<Unit>(weak_from_this(), image, term);
    return *unit;
  }

  // ---- terms

  void start(Completion<> done, std::function<void(MemberId)> overdue) {
    known = std::move(done);
    if (!election) return begin_term(self(), 1);
    peers->serve(ControlKind::unit_state,
                 guarded([this](MemberId from, const std::string& body, Completion<std::string> reply) {
                   on_request(from, body, std::move(reply));
                 }));
    await_views(std::move(overdue));
    election->start([this](const KeeperRecord& record) { on_keeper(record); });
  }

  void await_views(std::function<void(MemberId)> overdue) {
    views_due = runtime.after(kViewsWithin, [this, overdue = std::move(overdue)]() mutable {
      log.warn("unit_views_unknown keeper={} term={} linked={}", keeper, term, peers->connected(keeper));
      overdue(keeper);
      await_views(std::move(overdue));
    });
  }

  // A record of an earlier incarnation of this member is about to be replaced.
  void on_keeper(const KeeperRecord& record) {
    if (record.member == self() && record.incarnation != members.self().incarnation) return;
    if (record.term > term || (record.term == term && keeper == MemberId{})) begin_term(record.member, record.term);
  }

  void begin_term(MemberId member, std::uint32_t number) {
    step_down();
    keeper = member;
    term = number;
    if (member == self()) keeping = std::make_unique<UnitKeeper>(term);
    for (const auto& [image, unit] : units) {
      const auto consequences = unit->follower.begin_term(term);
      on_adopted(image, unit->view().generation, {consequences}, [] {});
    }
    if (keeping) return tell_known();
    pull(ImageId{});
  }

  // Somebody knows a later term; whose it is, the record will tell.
  void on_other_term(std::uint32_t other) {
    if (other <= term) return;
    step_down();
    keeper = {};
    term = other;
    election->refresh();
  }

  // What was being answered may be asked of the next keeper.
  void step_down() {
    keeping.reset();
    reviewing.reset();
    for (auto& [id, waiting] : std::exchange(answering, {})) {
      for (auto& reply : waiting) reply(OtherTerm{term});
    }
  }

  void tell_known() {
    views_due.reset();
    if (auto done = std::exchange(known, {})) done();
  }

  // ---- as a member: changes that are asked for here

  void change(ImageId image, const InitiatorPort& from, UnitChange change, Completion<UnitAnswer> done) {
    const std::uint64_t number = ++last_number;
    const ChangeId id{self(), members.self().incarnation, number};
    asked.emplace(number, Asked{{id, image, from, std::move(change)}, std::move(done)});
    runtime.post(guarded([this, number] { ask(number); }));
  }

  void ask(std::uint64_t number) {
    Asked& one = asked.at(number);
    one.tried = runtime.now();
    if (keeping) return keep(one.request, guarded([this, number](const UnitReply& reply) { on_reply(number, reply); }));
    if (!election || keeper == MemberId{} || !peers->connected(keeper)) return ask_again(number);
    peers->request(keeper, ControlKind::unit_state, encode(one.request), kChangeWithin,
                   guarded([this, number](const Result<std::string, PeerError>& body) {
                     const auto reply = body ? decode_unit_reply(*body) : std::nullopt;
                     on_reply(number, reply.value_or(OtherTerm{}));
                   }));
  }

  void on_reply(std::uint64_t number, const UnitReply& reply) {
    if (const auto* other = std::get_if<OtherTerm>(&reply)) on_other_term(other->term);
    const auto* answer = std::get_if<UnitAnswer>(&reply);
    Asked& one = asked.at(number);
    const bool was_taken = runtime.now() - one.tried >= kKeeperRetry;  // not turned away at once
    if (!answer && was_taken) one.lost_since.reset();
    if (!answer) return ask_again(number);
    if (!one.repeated || keeping) return finish(number, *answer);
    catch_up(one.request.image, guarded([this, number, answer = *answer](bool caught_up) {
               caught_up ? finish(number, answer) : ask_again(number);
             }));
  }

  void finish(std::uint64_t number, UnitAnswer answer) {
    auto ended = asked.extract(number);
    ended.mapped().done(answer);
  }

  // A link was broken meanwhile, so the keeper may have answered without this member's having the view.
  void catch_up(ImageId image, Completion<bool> done) {
    const PullRequest request{term, ImageId{image.value - 1}};
    peers->request(keeper, ControlKind::unit_state, encode(request), kPullWithin,
                   guarded([this, image, asked_term = term,
                            done = std::move(done)](const Result<std::string, PeerError>& body) mutable {
                     const auto reply = body ? decode_unit_reply(*body) : std::nullopt;
                     const auto* pulled = reply ? std::get_if<PulledUnits>(&*reply) : nullptr;
                     if (!pulled || pulled->term != asked_term || asked_term != term) return done(false);
                     const bool changed = !pulled->units.empty() && pulled->units.front().image == image;
                     if (!changed) return done(true);
                     adopt(pulled->units.front(), [done = std::move(done)]() mutable { done(true); });
                   }));
  }

  void ask_again(std::uint64_t number) {
    Asked& one = asked.at(number);
    one.repeated = true;
    if (!one.lost_since) one.lost_since = runtime.now();
    if (runtime.now() - *one.lost_since >= kKeeperWithin) return finish(number, UnitAnswer::unavailable);
    one.retry = runtime.after(kKeeperRetry, [this, number] { ask(number); });
  }

  // ---- as a member: views that the keeper sends

  void adopt(const UnitSnapshot& news, Completion<> done) {
    this->unit(news.image);
    const std::shared_ptr<Unit> unit = units.at(news.image);
    const auto consequences = unit->follower.adopt(news);
    if (consequences.empty()) {
      if (unit->adopting == 0) return done();
      return unit->repeated.push_back(std::move(done));
    }
    ++unit->adopting;
    on_adopted(news.image, unit->view().generation, consequences, [unit, done = std::move(done)]() mutable {
      --unit->adopting;
      done();
      if (unit->adopting > 0) return;
      for (auto& each : std::exchange(unit->repeated, {})) each();
    });
  }

  void pull(ImageId after) {
    if (!peers->connected(keeper)) return;  // on_link_up() does
    peers->request(keeper, ControlKind::unit_state, encode(PullRequest{term, after}), kPullWithin,
                   guarded([this, asked_term = term](const Result<std::string, PeerError>& body) {
                     if (asked_term != term || keeping) return;
                     const auto reply = body ? decode_unit_reply(*body) : std::nullopt;
                     const auto* pulled = reply ? std::get_if<PulledUnits>(&*reply) : nullptr;
                     if (!pulled || pulled->term != term) return pull_again();
                     on_pulled(*pulled);
                   }));
  }

  void pull_again() {
    pulling = runtime.after(kKeeperRetry, [this] {
      pulling.reset();
      if (!keeping && keeper != MemberId{}) pull(ImageId{});
    });
  }

  void on_pulled(const PulledUnits& pulled) {
    for (const UnitSnapshot& each : pulled.units) adopt(each, [] {});
    if (pulled.more && !pulled.units.empty()) return pull(pulled.units.back().image);
    tell_known();
  }

  // ---- as the keeper

  void keep(const ChangeRequest& request, Completion<UnitReply> reply) {
    if (!keeping || !units.contains(request.image)) return reply(OtherTerm{term});
    auto& waiting = answering[request.id];
    waiting.push_back(std::move(reply));
    if (waiting.size() > 1) return;
    const auto [answer, news] = keeping->decide(request);
    if (!news) return conclude(request.id, answer);
    log.debug("unit_changed image={} serial={} from={}", request.image, news->serial, quoted(request.from.name));
    watch_works();
    distribute(*news, guarded([this, id = request.id, answer = answer] { conclude(id, answer); }));
  }

  // Links break without a word to this, so the time decides when to look.
  void watch_works() {
    if (!peers || reviewing || keeping->works().empty()) return;
    reviewing = runtime.after(kWorkReview, [this] {
      reviewing.reset();
      review_works();
      watch_works();
    });
  }

  void review_works() {
    for (const auto& [image, work] : keeping->works()) {
      if (judge(work.incarnation, signs_of(work.member, members, *peers)) != Presence::gone) continue;
      log.warn("unit_work_abandoned image={} by={} incarnation={}", image, work.member, work.incarnation);
      change(image, InitiatorPort{}, work.abandoned, [](UnitAnswer) {});
    }
  }

  void conclude(const ChangeId& id, UnitAnswer answer) {
    auto waiting = answering.extract(id);
    if (waiting.empty()) return;  // it is another one's to answer
    for (auto& reply : waiting.mapped()) reply(answer);
  }

  void distribute(const UnitSnapshot& news, Completion<> done) {
    const Countdown adoptions(std::move(done));
    Completion<> own = adoptions.part();
    if (peers) {
      for (const auto& [member, record] : *members.all()) {
        if (member != self() && peers->connected(member)) send(member, news, adoptions.part());
      }
    }
    adopt(news, std::move(own));
  }

  void send(MemberId member, const UnitSnapshot& news, Completion<> done) {
    peers->request(member, ControlKind::unit_state, encode(AdoptRequest{term, news}), kAdoptWithin,
                   guarded([this, member, image = news.image,
                            done = std::move(done)](const Result<std::string, PeerError>& body) mutable {
                     const auto reply = body ? decode_unit_reply(*body) : std::nullopt;
                     if (!reply) log.warn("unit_not_adopted image={} at={}", image, member);
                     const auto* other = reply ? std::get_if<OtherTerm>(&*reply) : nullptr;
                     if (other) on_other_term(other->term);
                     done();
                   }));
  }

  void send_all(MemberId member) {
    for (PulledUnits units = keeping->pull(ImageId{});; units = keeping->pull(units.units.back().image)) {
      for (const UnitSnapshot& each : units.units) send(member, each, [] {});
      if (!units.more) return;
    }
  }

  // ---- what others ask

  void on_request(MemberId from, const std::string& body, Completion<std::string> reply) {
    auto request = decode_unit_request(body);
    if (!request) {
      log.warn("unit_request_unreadable from={}", from);
      return reply(encode(OtherTerm{term}));
    }
    if (auto* change = std::get_if<ChangeRequest>(&*request)) {
      return keep(*change, [reply = std::move(reply)](const UnitReply& answer) mutable { reply(encode(answer)); });
    }
    if (const auto* news = std::get_if<AdoptRequest>(&*request)) return on_adopt(from, *news, std::move(reply));
    if (!keeping) return reply(encode(OtherTerm{term}));
    reply(encode(keeping->pull(std::get<PullRequest>(*request).after)));
  }

  void on_adopt(MemberId from, const AdoptRequest& request, Completion<std::string> reply) {
    if (request.term > term || (request.term == term && keeper == MemberId{})) begin_term(from, request.term);
    if (request.term != term || from != keeper) return reply(encode(OtherTerm{term}));
    adopt(request.unit, [reply = std::move(reply)]() mutable { reply(encode(Adopted{})); });
  }

  Runtime& runtime;
  const Members& members;
  routing::PeerChannel* peers;
  OnAdopted on_adopted;
  Log log;
  std::uint32_t term = 0;               // 0: none is known yet
  MemberId keeper;                      // 0: whose term it is is not known
  std::unique_ptr<UnitKeeper> keeping;  // this member is the keeper
  std::unique_ptr<Timer> reviewing;     // as the keeper: while a unit is worked on
  std::map<ImageId, std::shared_ptr<Unit>> units;
  std::map<ChangeId, std::vector<Completion<UnitReply>>>
      answering;                         // as the keeper: who waits for what is being adopted
  std::map<std::uint64_t, Asked> asked;  // by number of the change
  std::uint64_t last_number = 0;
  Completion<> known;                // waits until the views are
  std::unique_ptr<Timer> views_due;  // while they are not
  std::unique_ptr<Timer> pulling;    // again
  std::unique_ptr<KeeperElection> election;
};

UnitStates::UnitStates(Runtime& runtime, MetaStore& meta, const Members& members, routing::PeerChannel* peers,
                       OnAdopted on_adopted, Log log)
    : impl_(std::make_shared<Impl>(runtime, meta, members, peers, std::move(on_adopted), std::move(log))) {}
UnitStates::~UnitStates() = default;

void UnitStates::start(Completion<> known, std::function<void(MemberId keeper)> overdue) {
  impl_->start(std::move(known), std::move(overdue));
}

std::shared_ptr<UnitState> UnitStates::open(ImageId image) {
  impl_->unit(image);
  return impl_->units.at(image);
}

std::vector<ImageId> UnitStates::images() const {
  std::vector<ImageId> images;
  for (const auto& [image, unit] : impl_->units) images.push_back(image);
  return images;
}

void UnitStates::forget(ImageId image) {
  impl_->units.erase(image);
  if (impl_->keeping) impl_->keeping->forget(image);
}

void UnitStates::on_members() {
  if (impl_->election) impl_->election->review();
}

// What it missed comes first, whichever of both is the keeper.
void UnitStates::on_link_up(MemberId member) {
  if (impl_->keeping) return impl_->send_all(member);
  if (member == impl_->keeper) impl_->pull(ImageId{});
}

}  // namespace shoal::cluster
