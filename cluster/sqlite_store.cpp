#include "cluster/sqlite_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>

#include "target/base/check.h"

namespace shoal::cluster {
namespace {

constexpr int kApplicationId = 0x53484f4c;  // "SHOL": a file of another application is refused
constexpr int kBusyMs = 1000;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql) {
    code_ = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;

  Statement& bind(std::string_view bytes) {
    if (statement_) sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(std::uint64_t number) {
    if (statement_) sqlite3_bind_int64(statement_, ++bound_, static_cast<sqlite3_int64>(number));
    return *this;
  }
  bool row() { return step() == SQLITE_ROW; }
  bool run() { return step() == SQLITE_DONE; }
  int code() const { return code_; }
  bool failed() const { return code_ != SQLITE_ROW && code_ != SQLITE_DONE; }
  std::string text(int column) const {
    const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return data ? std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }

 private:
  int step() { return code_ = statement_ ? sqlite3_step(statement_) : code_; }

  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_ERROR;
  int bound_ = 0;
};

bool execute(sqlite3* database, const std::string& sql) {
  return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::uint64_t number_of(sqlite3* database, std::string_view sql) {
  Statement statement(database, sql);
  return statement.row() ? statement.number(0) : 0;
}

// SQLite tells a full file system from other failures in the database only, not in the files beside it.
int code_of(sqlite3* database) {
  const int code = sqlite3_errcode(database);
  if (code != SQLITE_IOERR) return code;
  const int reason = sqlite3_system_errno(database);
  return reason == ENOSPC || reason == EDQUOT || reason == EFBIG ? SQLITE_FULL : code;
}

std::string explain(const std::string& path, sqlite3* database) {
  const int code = database ? code_of(database) : SQLITE_NOMEM;
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fmt::format("metadata file {}: another process uses it: only one shoald may have a file", path);
    case SQLITE_NOTADB:
      return fmt::format("metadata file {}: not an SQLite database: name another file, or move this one away", path);
    case SQLITE_CORRUPT: return fmt::format("metadata file {}: damaged: restore it from a copy", path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fmt::format("metadata file {}: not writable: check owner and permissions of the file and its folder",
                         path);
    case SQLITE_FULL: return fmt::format("metadata file {}: no space left on the device", path);
    default: return fmt::format("metadata file {}: {}", path, database ? sqlite3_errmsg(database) : "out of memory");
  }
}

// What SQLite calls "unable to open database file" alike.
std::optional<std::string> why_not_openable(const std::string& path) {
  std::error_code ignored;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    return fmt::format("metadata file {}: the folder {} does not exist: create it", path, folder.string());
  }
  if (std::filesystem::is_directory(path, ignored))
    return fmt::format("metadata file {}: is a folder: name a file", path);
  return std::nullopt;
}

// The exclusive lock is taken by the first write and kept: the file belongs to this process until it ends.
bool prepare(sqlite3* database) {
  return execute(database, "PRAGMA locking_mode=EXCLUSIVE") && execute(database, "PRAGMA journal_mode=WAL") &&
         execute(database, "PRAGMA synchronous=FULL") && execute(database, "BEGIN EXCLUSIVE") &&
         execute(database,
                 "CREATE TABLE IF NOT EXISTS entries(key BLOB PRIMARY KEY, value BLOB NOT NULL, "
                 "revision INTEGER NOT NULL) WITHOUT ROWID") &&
         execute(database,
                 "CREATE TABLE IF NOT EXISTS store(one INTEGER PRIMARY KEY CHECK(one=1), revision INTEGER NOT NULL)") &&
         execute(database, "INSERT OR IGNORE INTO store VALUES(1, 0)") &&
         execute(database, fmt::format("PRAGMA application_id={}", kApplicationId)) && execute(database, "COMMIT");
}

bool is_foreign(sqlite3* database) {
  return number_of(database, "SELECT count(*) FROM sqlite_master") > 0 &&
         number_of(database, "PRAGMA application_id") != static_cast<std::uint64_t>(kApplicationId);
}

// The first string that is greater than all that begin with `prefix`; empty: there is none.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

struct SqliteStore::Impl : std::enable_shared_from_this<SqliteStore::Impl> {
  struct Watcher {
    std::string prefix;
    std::function<void(std::optional<Change>)> on_change;
  };

  Impl(Runtime& runtime_, Database database_)
      : runtime(runtime_),
        database(std::move(database_)),
        revision(number_of(database.get(), "SELECT revision FROM store")) {}

  // --- compare and swap ---

  CasResult cas(const std::vector<Expect>& expect, const std::vector<Write>& writes) {
    const std::uint64_t next = revision + 1;
    CasResult result{CasOutcome::unknown, 0};
    reachable = execute(database.get(), "BEGIN IMMEDIATE");
    if (!reachable) {
      note_problem();
      return result;
    }
    const auto met = all_met(expect);
    if (met && !*met) {
      result.outcome = CasOutcome::conflict;
    } else if (met && apply(writes, next) && execute(database.get(), "COMMIT")) {
      revision = next;
      tell(writes, next);
      return {CasOutcome::done, next};
    } else {
      reachable = false;
      note_problem();
    }
    execute(database.get(), "ROLLBACK");
    return result;
  }

  void note_problem() { problem = explain(sqlite3_db_filename(database.get(), "main"), database.get()); }

  std::optional<bool> all_met(const std::vector<Expect>& expect) {
    for (const Expect& one : expect) {
      Statement statement(database.get(), "SELECT revision FROM entries WHERE key=?");
      const bool there = statement.bind(one.key).row();
      if (statement.failed()) return std::nullopt;
      if ((there ? statement.number(0) : 0) != one.revision) return false;
    }
    return true;
  }

  bool apply(const std::vector<Write>& writes, std::uint64_t next) {
    for (const Write& write : writes) {
      if (!apply(write, next)) return false;
    }
    return Statement(database.get(), "UPDATE store SET revision=?").bind(next).run();
  }

  bool apply(const Write& write, std::uint64_t next) {
    if (!write.value) return Statement(database.get(), "DELETE FROM entries WHERE key=?").bind(write.key).run();
    return Statement(database.get(), "INSERT OR REPLACE INTO entries VALUES(?,?,?)")
        .bind(write.key)
        .bind(*write.value)
        .bind(next)
        .run();
  }

  // --- listing ---

  Listing list(const std::string& prefix, const std::string& after, std::size_t limit) {
    Listing listing;
    listing.revision = revision;
    listing.ok = reachable = read_entries(prefix, after, limit + 1, listing.entries);
    if (!listing.ok) {
      note_problem();
      return {};
    }
    add_announced(prefix, after, listing.entries);
    listing.more = listing.entries.size() > limit;
    if (listing.more) listing.entries.resize(limit);
    return listing;
  }

  bool read_entries(const std::string& prefix, const std::string& after, std::size_t limit,
                    std::vector<Entry>& entries) {
    const std::string end = end_of(prefix);
    Statement statement(database.get(), end.empty() ? "SELECT key,value,revision FROM entries WHERE key>=? AND key>? "
                                                      "AND ?=x'' ORDER BY key LIMIT ?"
                                                    : "SELECT key,value,revision FROM entries WHERE key>=? AND key>? "
                                                      "AND key<? ORDER BY key LIMIT ?");
    statement.bind(prefix).bind(after).bind(end).bind(limit);
    while (statement.row()) entries.push_back({statement.text(0), statement.text(1), statement.number(2)});
    return !statement.failed();
  }

  void add_announced(const std::string& prefix, const std::string& after, std::vector<Entry>& entries) {
    for (const auto& [key, entry] : announced) {
      if (key.starts_with(prefix) && key > after) entries.push_back(entry);
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
  }

  // --- hints ---

  void tell(const std::vector<Write>& writes, std::uint64_t at) {
    for (const Write& write : writes) tell(Change{write.key, write.value, at});
  }

  void tell(const Change& change) {
    for (const auto& [id, watcher] : watchers) {
      if (!change.key.starts_with(watcher.prefix)) continue;
      runtime.post([weak = weak_from_this(), id, change] {
        const auto self = weak.lock();
        if (self && self->watchers.contains(id)) {
          const auto on_change = self->watchers.at(id).on_change;  // it may end its own watch
          on_change(change);
        }
      });
    }
  }

  // In memory only: whoever announces lives in this process.
  void announce(const std::string& key, const std::string& value) {
    announced[key] = {key, value, ++revision};
    tell(Change{key, value, revision});
  }

  void withdraw(const std::string& key) {
    announced.erase(key);
    tell(Change{key, std::nullopt, ++revision});
  }

  Runtime& runtime;
  Database database;
  std::uint64_t revision = 0;
  bool reachable = true;
  std::string problem;  // the latest
  std::uint64_t next_watcher = 1;
  std::map<std::uint64_t, Watcher> watchers;
  std::map<std::string, Entry> announced;
};

namespace {

class EndsWith final : public Subscription {
 public:
  explicit EndsWith(Completion<> end) : end_(std::move(end)) {}
  ~EndsWith() override { end_(); }

 private:
  Completion<> end_;
};

}  // namespace

Result<std::unique_ptr<SqliteStore>, std::string> SqliteStore::open(Runtime& runtime, const std::string& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return why_not_openable(path).value_or(explain(path, handle));
  sqlite3_busy_timeout(handle, kBusyMs);
  if (is_foreign(handle))
    return fmt::format("metadata file {}: another application's database: name another file", path);
  if (!prepare(handle)) return explain(path, handle);
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::make_shared<Impl>(runtime, std::move(database))));
}

SqliteStore::SqliteStore(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

void SqliteStore::cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) {
  CHECK(expect.size() + writes.size() <= 2 * kMaxCasKeys, expect.size(), writes.size());
  impl_->runtime.post([done = std::move(done), result = impl_->cas(expect, writes)]() mutable { done(result); });
}

void SqliteStore::list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) {
  impl_->runtime.post(
      [done = std::move(done), listing = impl_->list(prefix, after, limit)]() mutable { done(std::move(listing)); });
}

std::unique_ptr<Subscription> SqliteStore::watch(std::string prefix,
                                                 std::function<void(std::optional<Change>)> on_change) {
  const std::uint64_t id = impl_->next_watcher++;
  impl_->watchers.emplace(id, Impl::Watcher{std::move(prefix), std::move(on_change)});
  return std::make_unique<EndsWith>([weak = std::weak_ptr(impl_), id] {
    if (const auto impl = weak.lock()) impl->watchers.erase(id);
  });
}

std::unique_ptr<Subscription> SqliteStore::announce(std::string key, std::string value, Duration) {
  impl_->announce(key, value);
  return std::make_unique<EndsWith>([weak = std::weak_ptr(impl_), key] {
    if (const auto impl = weak.lock()) impl->withdraw(key);
  });
}

bool SqliteStore::reachable() const { return impl_->reachable; }

std::string SqliteStore::problem() const { return impl_->reachable ? "" : impl_->problem; }

}  // namespace shoal::cluster
