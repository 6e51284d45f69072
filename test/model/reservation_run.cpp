#include "test/model/reservation_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "test/model/block_commands.h"

namespace model {

namespace {

constexpr Sense kInvalidRelease{5, 0x2604}, kNotAccessible{2, 0x0401};
constexpr std::uint64_t kPlaces = 1 << 20;  // more than there are
constexpr std::uint64_t kKeys = 4;          // few, so that initiators share them and PREEMPT finds them

const char* name_of(Action action) {
  constexpr const char* kNames[] = {"REGISTER",
                                    "RESERVE",
                                    "RELEASE",
                                    "CLEAR",
                                    "PREEMPT",
                                    "PREEMPT AND ABORT",
                                    "REGISTER AND IGNORE EXISTING KEY",
                                    "REGISTER AND MOVE"};
  return kNames[static_cast<int>(action)];
}

bool agrees(const Answer& answer, Verdict verdict) {
  switch (verdict) {
    case Verdict::good: return answer.good();
    case Verdict::conflict: return answer.conflict();
    case Verdict::invalid_cdb: return answer.is(kInvalidFieldInCdb);
    case Verdict::invalid_list: return answer.is(kInvalidFieldInList);
    case Verdict::invalid_release: return answer.is(kInvalidRelease);
  }
  return false;
}

const char* text_of(Verdict verdict) {
  constexpr const char* kTexts[] = {"GOOD", "RESERVATION CONFLICT", "INVALID FIELD IN CDB",
                                    "INVALID FIELD IN PARAMETER LIST", "INVALID RELEASE OF PERSISTENT RESERVATION"};
  return kTexts[static_cast<int>(verdict)];
}

std::string hex(const Bytes& data) {
  std::string text;
  for (const auto byte : data) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

ReservationRun::ReservationRun(Sessions& sessions, int initiators, std::uint64_t seed, Journal& journal)
    : sessions_(sessions),
      initiators_(initiators),
      random_(seed),
      journal_(journal),
      model_(initiators, find_generation()) {}

// Everybody is logged in then.
std::uint32_t ReservationRun::find_generation() {
  for (Who who = 1; who <= initiators_; ++who) log_in(who, static_cast<std::uint64_t>(who - 1));
  const Answer answer = sessions_.execute(1, persistent_reserve_in(0));
  if (!answer.good() || !keys_of(answer.data).empty()) throw Broken(fmt::format("somebody has reserved or registered already: {}", answer.text()));
  return generation_of(answer.data);
}

void ReservationRun::run(std::uint64_t operations) {
  go_on(operations);
  for (Who who = 1; who <= initiators_; ++who) drain(who);
  leave_clean();
}

void ReservationRun::go_on(std::uint64_t operations) {
  for (std::uint64_t i = 0; i < operations; ++i) one_operation();
}

// Nothing stays reserved or registered. The model does what the target does, so that attentions are still judged.
void ReservationRun::leave_clean() {
  reset(1);
  for (const ReserveOut& out : {ReserveOut{.action = Action::register_and_ignore, .action_key = 1},
                                ReserveOut{.action = Action::clear, .key = 1}}) {
    expect(ask(1, persistent_reserve_out(out), name_of(out.action)), model_.persistent_reserve_out(1, out));
  }
}

std::string ReservationRun::summary() const {
  std::string text;
  for (const auto& [what, count] : counts_) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  return text;
}

void ReservationRun::one_operation() {
  const Who who = any_initiator();
  if (random_.percent(50)) drain(who);
  const auto choice = random_.below(100);
  if (choice < 50) return change_reservations(who);
  if (choice < 70) return use_unit(who);
  if (choice < 80) return reserve_or_release(who);
  if (choice < 97) return look(who);
  if (choice < 99) return move(who);
  reset(who);
}

Who ReservationRun::any_initiator() {
  while (true) {
    const Who who = static_cast<Who>(random_.between(1, static_cast<std::uint64_t>(initiators_)));
    if (!idle_.contains(who)) return who;
  }
}

// ---- what is done

ReserveOut ReservationRun::any_reserve_out(Who who) {
  ReserveOut out;
  out.action = static_cast<Action>(random_.below(8));
  if (!model_.key_of(who) && random_.percent(60))
    out.action = random_.one_of({Action::register_key, Action::register_and_ignore});
  out.type = kTypes[random_.below(std::size(kTypes))];
  if (model_.held() && random_.percent(50)) out.type = model_.held()->type;
  out.key = random_.percent(85) ? model_.key_of(who).value_or(0) : random_.below(kKeys + 1);
  out.action_key = random_.percent(85) ? random_.between(1, kKeys) : 0;
  do {
    out.destination = static_cast<Who>(random_.between(1, static_cast<std::uint64_t>(initiators_)));
  } while (out.destination == who && random_.percent(90));
  out.unregister = random_.percent(30);
  return out;
}

void ReservationRun::change_reservations(Who who) {
  const ReserveOut out = any_reserve_out(who);
  const Answer answer =
      ask(who, persistent_reserve_out(out),
          fmt::format("{} type {} key {:x} action key {:x} destination {} unregister {}", name_of(out.action), out.type,
                      out.key, out.action_key, out.destination, out.unregister));
  expect(answer, model_.persistent_reserve_out(who, out));
}

void ReservationRun::use_unit(Who who) {
  const auto block = random_.below(64);
  switch (random_.below(4)) {
    case 0: return expect_access(who, read10(block, 1), "READ", Access::read);
    case 1: return expect_access(who, write10(block, Bytes(kBlock)), "WRITE", Access::write);
    case 2: return expect_access(who, synchronize_cache(), "SYNCHRONIZE CACHE", Access::write);
    default: return expect_access(who, test_unit_ready(), "TEST UNIT READY", Access::harmless);
  }
}

void ReservationRun::expect_access(Who who, const Command& command, const std::string& what, Access access) {
  const Answer answer = ask(who, command, what);
  const Verdict verdict = model_.access(who, access);
  if (blocks_missing_ && verdict == Verdict::good && answer.is(kNotAccessible)) return;
  expect(answer, verdict);
}

void ReservationRun::reserve_or_release(Who who) {
  if (random_.percent(40)) return expect(ask(who, reserve_unit(), "RESERVE(6)"), model_.reserve(who));
  expect(ask(who, release_unit(), "RELEASE(6)"), model_.release(who));
}

void ReservationRun::look(Who who) {
  const int action = random_.one_of({0, 1, 3});
  const Answer answer = ask(who, persistent_reserve_in(action), fmt::format("PERSISTENT RESERVE IN {}", action));
  expect(answer, model_.persistent_reserve_in());
  if (!answer.good()) return;
  expect_equal(generation_of(answer.data) == model_.generation(), "the generation", answer.data);
  if (action == 0) compare_keys(answer.data);
  if (action == 1) compare_held(answer.data);
  if (action == 3) compare_full_status(answer.data);
}

// Logs out, and in again at any member: registrations outlast that, RESERVE does not.
void ReservationRun::move(Who who) {
  journal_.note(fmt::format("initiator {}: logs out", who));
  sessions_.log_out(who);
  model_.lose_nexus(who);
  log_in(who, random_.below(kPlaces));
  ++counts_["logins"];
}

void ReservationRun::reset(Who who) {
  journal_.note(fmt::format("initiator {}: LOGICAL UNIT RESET", who));
  sessions_.reset_unit(who);
  model_.reset();
  ++counts_["resets"];
}

// ---- what becomes of the target

void ReservationRun::lose_session(Who who) {
  journal_.note(fmt::format("initiator {}: has lost its session", who));
  model_.forget(who);
  log_in(who, random_.below(kPlaces));
}

void ReservationRun::lose_everything() {
  journal_.note("the target has lost its memory");
  model_.lose_everything();
}

void ReservationRun::miss_changes(Who who) {
  journal_.note(fmt::format("initiator {}: was at a member that was out of reach", who));
  model_.may_hear_of_power_on(who);
}

void ReservationRun::release_units() {
  for (Who who = 1; who <= initiators_; ++who) expect(ask(who, release_unit(), "RELEASE(6)"), model_.release(who));
}

// Attentions are not judged here: nobody knows what the others have done.
void ReservationRun::find_agreement() {
  std::optional<Bytes> first;
  for (Who who = 1; who <= initiators_; ++who) {
    model_.forget(who);
    Answer answer;
    do {
      answer = sessions_.execute(who, persistent_reserve_in(3));
    } while (answer.attention());
    journal_.note(fmt::format("initiator {}: PERSISTENT RESERVE IN 3: {} {}", who, answer.text(), hex(answer.data)));
    if (first && answer.data != *first) throw Difference("two initiators do not see the same reservations");
    if (!answer.good()) throw Difference("the reservations cannot be read");
    first = answer.data;
  }
  adopt(full_status_of(*first), generation_of(*first));
}

void ReservationRun::adopt(const std::vector<FullStatus>& found, std::uint32_t generation) {
  std::map<Who, Key> keys;
  std::optional<Reservation> held;
  for (Who who = 1; who <= initiators_; ++who) {
    const auto status = std::ranges::find(found, transport_id(who), &FullStatus::transport_id);
    if (status == found.end()) continue;
    keys[who] = status->key;
    if (status->holder) held = Reservation{status->type, is_of_all_registrants(status->type) ? 0 : who};
  }
  model_ = ReservationModel(initiators_, generation, std::move(keys), held);
}

void ReservationRun::change_unjudged() {
  const Who who = any_initiator();
  const ReserveOut out = any_reserve_out(who);
  try {
    const Answer answer = sessions_.execute(who, persistent_reserve_out(out));
    journal_.note(fmt::format("initiator {}: {}: {}, and nobody judges it", who, name_of(out.action), answer.text()));
  } catch (const Broken& broken) {
    journal_.note(fmt::format("initiator {}: {}: {}", who, name_of(out.action), broken.what()));
  }
}

// ---- how it is asked and judged

// What a new nexus is told of power on or its own loss is nobody's business here.
void ReservationRun::log_in(Who who, std::uint64_t place) {
  journal_.note(fmt::format("initiator {}: logs in at {}", who, sessions_.log_in(who, place)));
  const Command sense = request_sense();
  while ((sessions_.execute(who, sense).data.at(2) & 15) == 6) continue;
}

// Every unit attention that is due is reported, and nothing else; by REQUEST SENSE or by TEST UNIT READY.
void ReservationRun::drain(Who who) {
  const bool by_sense = model_.reserved_for_other(who) || random_.percent(50);
  while (true) {
    Answer answer = sessions_.execute(who, by_sense ? request_sense() : test_unit_ready());
    if (by_sense && answer.good() && (answer.data.at(2) & 15) == 6) {
      answer = {.status = Answer::kCheck, .sense = {6, static_cast<std::uint16_t>(get(answer.data, 12, 2))}};
    }
    journal_.note(fmt::format("initiator {}: any unit attention? {}", who, answer.text()));
    if (!answer.attention()) break;
    if (!model_.report(who, answer.sense.code)) throw Difference("no such unit attention is due");
    ++counts_["attentions"];
  }
  if (model_.must_report(who))
    throw Difference(fmt::format("initiator {} has not been told of a unit attention that is due", who));
}

Answer ReservationRun::ask(Who who, const Command& command, const std::string& what) {
  while (true) {
    const Answer answer = sessions_.execute(who, command);
    journal_.note(fmt::format("initiator {}: {}: {}", who, what, answer.text()));
    if (!answer.attention()) return answer;
    if (!model_.report(who, answer.sense.code)) throw Difference("no such unit attention is due");
    ++counts_["attentions"];
  }
}

void ReservationRun::expect(const Answer& answer, Verdict verdict) {
  if (!agrees(answer, verdict))
    throw Difference(fmt::format("{}, but the model says {}", answer.text(), text_of(verdict)));
  ++counts_[text_of(verdict)];
}

void ReservationRun::expect_equal(bool equal, const std::string& what, const Bytes& data) {
  if (!equal)
    throw Difference(
        fmt::format("{} differs (the model's generation is {}): {}", what, model_.generation(), hex(data)));
}

void ReservationRun::compare_keys(const Bytes& data) {
  std::vector<Key> keys;
  for (const auto& [who, key] : model_.keys()) keys.push_back(key);
  std::ranges::sort(keys);
  expect_equal(keys_of(data) == keys, "the list of keys", data);
}

void ReservationRun::compare_held(const Bytes& data) {
  std::optional<std::pair<Key, int>> held;
  if (model_.held()) held.emplace(model_.key_of(model_.held()->holder).value_or(0), model_.held()->type);
  expect_equal(held_of(data) == held, "the reservation", data);
}

void ReservationRun::compare_full_status(const Bytes& data) {
  std::vector<FullStatus> all;
  for (const auto& [who, key] : model_.keys()) {
    const bool holder = model_.holds(who);
    all.push_back({transport_id(who), key, holder, holder ? model_.held()->type : 0});
  }
  std::ranges::sort(all);
  expect_equal(full_status_of(data) == all, "the full status", data);
}

}  // namespace model
