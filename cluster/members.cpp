#include "cluster/members.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "cluster/followed_listing.h"
#include "cluster/meta_calls.h"

namespace shoal::cluster {
namespace {

constexpr std::string_view kPrefix = "/c/";
constexpr Duration kLiveTtl = 10s;
constexpr Duration kLookAgain = 1s;  // whether who has this member's id is still alive
constexpr Duration kSayStillWaiting = 10s;

std::string live_key(MemberId id) { return fmt::format("/c/live/{}", id); }

std::string why_refused(const MemberRecord& other, const MemberRecord& self) {
  const Endpoint& at = other.peer.port != 0 ? other.peer : other.member_portal;
  return fmt::format(
      "member {} is alive already{}{}, and this process has other addresses or another store: give it an id of its own "
      "(key \"member\"), or end that one first",
      self.id, at.port != 0 ? " at " : "", at.port != 0 ? at.to_string() : "");
}

}  // namespace

struct Members::Impl : std::enable_shared_from_this<Members::Impl> {
  Impl(Runtime& runtime_, MetaStore& meta_, MemberRecord self_, Log log_)
      : runtime(runtime_),
        meta(meta_),
        log(std::move(log_)),
        self(std::move(self_)),
        calls(runtime_, meta_),
        listing(runtime_, meta_, std::string(kPrefix), "", FollowedListing::FirstPicture::doubtful,
                [this](const ListedPicture& listed) { on_picture(listed); }) {
    self.instance = runtime.random().next();
    picture = std::make_shared<std::map<MemberId, MemberRecord>>();
  }

  void join(Completion<> done) {
    joined = std::move(done);
    say_later();
    read_record();
  }

  void read_record() {
    calls.read(member_key(self.id), [this](const std::optional<Entry>& found) {
      const auto earlier = found ? decode_member(found->value) : std::nullopt;
      if (!earlier || same_place(*earlier, self)) return write_record(found);
      look_whether_alive(*found, *earlier);
    });
  }

  // What is read may be long past: whoever is refused is refused for what holds now.
  void look_whether_alive(const Entry& found, const MemberRecord& earlier) {
    calls.read(live_key(self.id), [this, found, earlier](const std::optional<Entry>& alive) {
      if (!alive || alive->value != std::to_string(earlier.incarnation)) return write_record(found);
      calls.verify({{found.key, found.revision}, {alive->key, alive->revision}}, [this, earlier](bool holds) {
        if (holds) return wait_or_refuse(earlier);
        calls.pause(back_off, [this] { read_record(); });
      });
    });
  }

  // One that has just ended is announced until its time is over.
  void wait_or_refuse(const MemberRecord& other) {
    if (!refuse_at) {
      refuse_at = runtime.now() + kLiveTtl + kLookAgain;
      log.warn("member_id_in_use member={} by_incarnation={} waits=true", self.id, other.incarnation);
    }
    if (runtime.now() >= *refuse_at) return refuse(other);
    look_again = runtime.after(kLookAgain, [this] { read_record(); });
  }

  void refuse(const MemberRecord& other) {
    waiting.reset();
    log.error("member_id_taken member={} by_incarnation={}", self.id, other.incarnation);
    if (auto tell = std::exchange(refused, {})) tell(why_refused(other, self));
  }

  void say_later() {
    waiting = runtime.after(kSayStillWaiting, [this] {
      log.warn("member_waits_for_metadata member={} reachable={}", self.id, meta.reachable());
      say_later();
    });
  }

  void write_record(const std::optional<Entry>& found) {
    const auto earlier = found ? decode_member(found->value) : std::nullopt;
    if (found && !earlier) log.warn("member_record_unreadable key={} overwritten=true", found->key);
    const MemberRecord next = next_incarnation(earlier, self);
    calls.pursue({{{member_key(self.id), found ? found->revision : 0}}, {{member_key(self.id), encode(next)}}},
                 [this, next](const Settled& settled) {
                   if (settled.done) return on_written(next);
                   calls.pause(back_off, [this] { read_record(); });
                 });
  }

  void on_written(const MemberRecord& written) {
    self = written;
    log.info("member_joined member={} incarnation={} stores={} lost_stores={}", self.id, self.incarnation,
             self.stores.size(), self.lost_stores.size());
    alive = meta.announce(live_key(self.id), std::to_string(self.incarnation), kLiveTtl);
    listing.start();
  }

  void set_draining(Completion<> done) {
    self.draining = true;
    rewrite([done = std::move(done)](bool) mutable { done(); });
  }

  void order_drain(bool drain, Completion<bool> done) {
    self.drain_ordered = drain;
    rewrite(std::move(done));
  }

  // The own record becomes what it is here; false: another process has the id. What this member itself goes by changes
  // at once.
  void rewrite(Completion<bool> done) {
    auto members = std::make_shared<std::map<MemberId, MemberRecord>>(*picture);
    (*members)[self.id] = self;
    picture = std::move(members);
    tell(true);
    write_again(std::move(done));
  }

  void write_again(Completion<bool> done) {
    calls.read(member_key(self.id), [this, done = std::move(done)](const std::optional<Entry>& found) mutable {
      const auto record = found ? decode_member(found->value) : std::nullopt;
      if (record && record->incarnation > self.incarnation) return done(false);
      calls.pursue({{{member_key(self.id), found ? found->revision : 0}}, {{member_key(self.id), encode(self)}}},
                   [this, done = std::move(done)](const Settled& settled) mutable {
                     if (settled.done) return done(true);
                     calls.pause(back_off, [this, done = std::move(done)]() mutable { write_again(std::move(done)); });
                   });
    });
  }

  void on_picture(const ListedPicture& listed) {
    auto members = std::make_shared<std::map<MemberId, MemberRecord>>();
    std::set<std::string> live;
    for (const Entry& entry : listed.entries) {
      live.insert(entry.key);
      const auto record = decode_member(entry.value);
      if (record && entry.key == member_key(record->id)) members->emplace(record->id, *record);
    }
    look_for_another_self(*members);
    (*members)[self.id] = self;  // a listing may be older than our own record
    const bool news = *members != *picture || live != keys;
    keys = std::move(live);
    picture = std::move(members);
    tell(news);
  }

  void look_for_another_self(const std::map<MemberId, MemberRecord>& members) {
    const auto found = members.find(self.id);
    if (found == members.end() || found->second.incarnation <= self.incarnation || !replaced) return;
    log.error("member_replaced member={} incarnation={} by_incarnation={}", self.id, self.incarnation,
              found->second.incarnation);
    std::exchange(replaced, nullptr)();
  }

  void tell(bool news) {
    waiting.reset();
    if (auto done = std::exchange(joined, {})) done();
    if (news && changed) changed();
  }

  Runtime& runtime;
  MetaStore& meta;
  Log log;
  MemberRecord self;
  Picture picture;
  std::set<std::string> keys;  // of the last listing
  Completion<> joined;
  std::function<void()> changed, replaced;
  std::function<void(std::string)> refused;
  std::unique_ptr<Subscription> alive;
  std::unique_ptr<Timer> waiting, look_again;
  std::optional<Time> refuse_at;
  BackOff back_off;
  MetaCalls calls;
  FollowedListing listing;
};

Members::Members(Runtime& runtime, MetaStore& meta, MemberRecord self, Log log)
    : impl_(std::make_shared<Impl>(runtime, meta, std::move(self), std::move(log))) {}
Members::~Members() = default;

void Members::join(Completion<> done) { impl_->join(std::move(done)); }
void Members::set_draining(Completion<> done) { impl_->set_draining(std::move(done)); }
void Members::order_drain(bool drain, Completion<bool> done) { impl_->order_drain(drain, std::move(done)); }
const MemberRecord& Members::self() const { return impl_->self; }
Members::Picture Members::all() const { return impl_->picture; }
bool Members::live_hint(MemberId id) const { return impl_->keys.contains(live_key(id)); }
void Members::on_change(std::function<void()> changed) { impl_->changed = std::move(changed); }
void Members::on_replaced(std::function<void()> replaced) { impl_->replaced = std::move(replaced); }
void Members::on_refused(std::function<void(std::string)> refused) { impl_->refused = std::move(refused); }

}  // namespace shoal::cluster
