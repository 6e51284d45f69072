// LocalNexus: what this member does about one nexus: claims it, serves it, lets it go. The machine behind
// GroupSessions, whose header tells the rules; this one tells the states.
//
//   vacant      nothing of it here
//   parked      a record in our name that this incarnation has not taken up: left by an earlier one, or released for
//               a move. A claim takes it up by compare-and-swap; else it is removed after a while
//   acquiring   the record is being written in our name; pursued until known, even when no claim waits any more
//   expelling   the record is ours; the old holder ends its session, or the owners are fenced
//   held        ours, with a session or waiting for it to come back
//   ending      the session here is ended, for the next claim here
//   moving      the record is being written as {member 0}
//   removing    the record is being removed
//   leaving     another member has it: the session here is ended
//
// Every change of state is in go(), which knows what may follow what. A callback belongs to the step that asked for it:
// after the next change of state it says nothing any more.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/group_sessions.h"
#include "cluster/meta_calls.h"
#include "cluster/nexus_record.h"
#include "cluster/record_removals.h"
#include "cluster/seen_sessions.h"
#include "cluster/session_messages.h"
#include "cluster/tsih_pool.h"

namespace shoal::cluster {

// What all nexuses of a member share.
struct NexusContext {
  Runtime& runtime;
  MetaStore& meta;
  const Members& members;
  routing::PeerChannel* peers;
  FenceOwners fence;
  Log log;
  MetaCalls calls;
  SeenSessions seen = {};
  // May be forgotten, if it still is vacant when control returns to the runtime.
  std::function<void(const NexusId&)> vacated = {};
  // Makes the other members know of the move, as far as they are in reach; bounded in time.
  std::function<void(const Seen<NexusRecord>&, Completion<>)> tell_moved = {};
  TsihPool tsihs = {};
  RecordRemovals removals{runtime, calls, seen};
};

class LocalNexus : public std::enable_shared_from_this<LocalNexus> {
 public:
  enum class State : std::uint8_t { vacant, parked, acquiring, expelling, held, ending, moving, removing, leaving };
  using Claimed = Completion<Result<NexusClaim, ClaimError>>;

  LocalNexus(NexusContext& context, NexusName name);
  LocalNexus(const LocalNexus&) = delete;

  void claim(SessionControl& session, Claimed done);
  void release(Generation generation, NexusMemory memory);
  void release_for_move(Generation generation, MemberId place_at, NexusMemory memory, Completion<bool> done);
  void park(const Seen<NexusRecord>& record);  // vacant: there is a record in our name
  void remove_if_idle(Completion<> done);      // completes when the attempt has ended
  void on_seen(const NexusRecord& record);     // in the metadata; a true one, but perhaps an old one
  // A listing that is nowhere older than `revision` has no record of it; epochs up to highest_removed are gone for
  // good.
  void on_missing(std::uint64_t revision, std::uint32_t highest_removed);
  // Another member has the nexus at that epoch.
  void supersede(std::uint32_t epoch, Completion<EndReply> answer);

  const NexusName& name() const { return name_; }
  State state() const { return state_; }
  bool vacant() const { return state_ == State::vacant && claims_.empty(); }
  bool in_use() const;  // a session, or one that is about to be
  std::uint32_t epoch() const { return record_.epoch; }

 private:
  struct Claim {
    std::uint64_t number = 0;
    SessionControl* session = nullptr;
    Claimed done;
    std::unique_ptr<Timer> deadline;
    bool overdue = false;
  };

  void go(State to);
  bool waits_for_metadata() const;
  void on_deadline(std::uint64_t number);
  void refuse(Claim claim, ClaimError error);
  void refuse_all(ClaimError error);
  void refuse_overdue();

  void acquire();
  void read_and_plan();
  void read_gate_and_plan(const std::optional<Entry>& record);
  void plan(const std::optional<Seen<NexusRecord>>& found, const std::optional<Seen<ImageGate>>& gate);
  void write(const ClaimPlan& plan, std::uint64_t record_revision, std::uint64_t gate_revision);
  void on_written(const ClaimPlan& plan, const Settled& settled);
  void expel(const ClaimPlan& plan);
  void on_answer(const Result<std::string, routing::PeerError>& answer);
  void fence_then(void (LocalNexus::*then)());
  void on_expelled();

  void serve();
  void grant(Claim claim);
  void ask_to_end(const char* reason, void (LocalNexus::*ended)());
  void end_session();
  void forget_session();
  void on_session_ended();
  void linger(Duration time);
  void on_lingered();
  void leave(Completion<EndReply> answer);
  void on_left();
  void lost(EndAnswer answer);
  void become_vacant();

  void on_moved(const NexusRecord& moved, const Settled& settled);
  void end_of_move(bool moved);
  void remove();
  void ask_to_remove();
  void on_removed(const Settled& settled);
  void answer_idle();

  Generation next_generation() const { return generation_of(record_.epoch, local_ + 1); }
  void pause_then(void (LocalNexus::*then)());

  // Calls `then` if this still is in the same step when the answer comes.
  template <class Then>
  auto in_step(Then then) {
    return [weak = weak_from_this(), step = step_, then = std::move(then)](auto&&... answer) mutable {
      const auto self = weak.lock();
      if (self && self->step_ == step) then(std::forward<decltype(answer)>(answer)...);
    };
  }

  NexusContext& context_;
  const NexusName name_;
  const NexusId id_;
  State state_ = State::vacant;
  std::uint64_t step_ = 0;
  std::deque<Claim> claims_;  // in order of arrival; the first is being served
  std::uint64_t next_claim_ = 1;
  std::uint64_t token_ = 0;  // of the acquisition under way
  BackOff back_off_;
  int absences_ = 0;                   // readings in which the image was not there
  std::unique_ptr<Timer> timer_;       // of the step
  NexusRecord record_;                 // as it was last written or found; expelling and later
  std::uint64_t revision_ = 0;         // of it
  bool taken_up_ = false;              // record_ is this incarnation's: local re-logins need no metadata
  std::uint32_t superseded_by_ = 0;    // highest epoch at which another member is known to have it
  std::uint32_t local_ = 0;            // generations given out since the epoch
  std::optional<NexusMemory> memory_;  // for the next grant: of the session before it
  SessionControl* session_ = nullptr;
  Generation generation_;                      // of session_
  std::uint16_t tsih_ = 0;                     // of session_
  std::vector<Completion<EndReply>> answers_;  // who waits for the session here to end
  std::vector<Completion<>> idle_waits_;
  Completion<bool> move_done_;
  std::unique_ptr<Timer> move_deadline_;
};

}  // namespace shoal::cluster
