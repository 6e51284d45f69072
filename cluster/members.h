// Members: who belongs to the group, as the metadata tell. Writes this member's own record when it starts, announces
// that it lives, and keeps an immutable picture of all records; who is really in reach is the links' to say, not this.
//
// Records are /c/srv/<id>; /c/live/<id> is a hint for people. The picture follows the metadata (followed_listing.h).
// A start raises the record's incarnation by compare-and-swap: of two processes that claim one member id, the later
// wins and the earlier one finds out (on_replaced). But a process elsewhere, with other addresses or stores, does not
// take the place of one that is announced as alive: an id that was given twice must not end a member. It waits for as
// long as one that has ended may still be announced, then it is refused (on_refused).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/meta_store.h"
#include "routing/page.h"
#include "target/base/endpoint.h"
#include "target/base/ids.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

struct MemberStore {
  StoreId id;
  routing::StoreKind kind = routing::StoreKind::file;
  bool operator==(const MemberStore&) const = default;
};

struct MemberRecord {
  MemberId id;
  std::uint64_t incarnation = 0;  // counts up with every start
  std::uint64_t instance = 0;     // random, of one process: two that claim one id tell each other apart
  std::vector<Endpoint> group_portals;
  Endpoint member_portal;  // port 0: none (a single server)
  Endpoint peer;           // port 0: none
  Endpoint control;        // port 0: none
  std::vector<MemberStore> stores;
  // Stores that earlier incarnations had and this one has not: lost, with the reason, for people and for
  // StoreDirectory::lost. At most kMaxLostStores, the newest for certain: a store that nobody names is as lost, without
  // a reason.
  std::map<StoreId, std::string> lost_stores;
  // Of stores that outlive their process, lost ones included: the checkpoint (routing/journal_store) that the store had
  // come to when this member last opened it. A store that has not come to it is an older copy.
  std::map<StoreId, std::uint64_t> checkpoints;
  bool draining = false;       // it stops; the next start takes it back
  bool drain_ordered = false;  // by an operator, until it is taken back; a restart does not
  bool takes_hosts() const { return !draining && !drain_ordered; }
  bool operator==(const MemberRecord&) const = default;
};
inline constexpr std::size_t kMaxLostStores = 256;

// The record that a start writes over the one that was found: the next incarnation, and what of the old stores is gone.
MemberRecord next_incarnation(const std::optional<MemberRecord>& found, MemberRecord self);

// The checkpoint that `store` had come to when it was last opened, if it is above `checkpoint`: what is there now is an
// older copy of it. nullopt: it is not, or the record does not know.
std::optional<std::uint64_t> missing_checkpoint(const MemberRecord& last, const StoreId& store,
                                                std::uint64_t checkpoint);

// Can the two be starts of one member, as its restart after a crash is? Memory is another store after each start.
bool same_place(const MemberRecord& a, const MemberRecord& b);

std::string member_key(MemberId id);                               // of its record
std::string encode(const MemberRecord& record);                    // JSON
std::optional<MemberRecord> decode_member(std::string_view text);  // nullopt: not one of this version

class Members {
 public:
  using Picture = std::shared_ptr<const std::map<MemberId, MemberRecord>>;

  // incarnation, instance, lost_stores and the checkpoints of these are found by join().
  Members(Runtime& runtime, MetaStore& meta, MemberRecord self, Log log);
  ~Members();

  // Writes the own record (repeats until the outcome is known), lists the others, then completes. Never gives up by
  // itself: while metadata are out of reach it says so in the log and tries again.
  void join(Completion<> done);
  // Stops: the others place no host here any more. Completes when the metadata know it, or when another process has the
  // id; the caller bounds the wait. The next start takes it back.
  void set_draining(Completion<> done);
  // An operator's word: hosts are placed here, or not. As above, and `done` is true when the metadata know it.
  void order_drain(bool drain, Completion<bool> done);
  const MemberRecord& self() const;                  // incarnation is valid after join()
  Picture all() const;                               // this member included, after join()
  bool live_hint(MemberId id) const;                 // is /c/live/<id> there
  void on_change(std::function<void()> changed);     // of records, or of who is announced as alive
  void on_replaced(std::function<void()> replaced);  // another process has this member's id: end
  // join() does not complete: another process, alive and elsewhere, has this member's id. One line for people.
  void on_refused(std::function<void(std::string why)> refused);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster
