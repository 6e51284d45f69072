#include "cluster/sqlite_store.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;

namespace {

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("shoal-sqlite-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name = "meta.db") const { return (path / name).string(); }
};

struct Opened {
  VirtualRuntime runtime;
  std::unique_ptr<SqliteStore> store;

  explicit Opened(const std::string& path = ":memory:") {
    auto result = SqliteStore::open(runtime, path);
    REQUIRE(result.has_value());
    store = std::move(*result);
  }
  CasResult cas(std::vector<Expect> expect, std::vector<Write> writes) {
    CasResult answer;
    store->cas(std::move(expect), std::move(writes), [&](CasResult result) { answer = result; });
    runtime.settle();
    return answer;
  }
  Listing list(const std::string& prefix, const std::string& after = "", std::size_t limit = 100) {
    Listing answer;
    store->list(prefix, after, limit, [&](Listing listing) { answer = std::move(listing); });
    runtime.settle();
    return answer;
  }
};

// For as long as it lives, this process writes no file beyond that size: a small disk.
class NoLargeFiles {
 public:
  explicit NoLargeFiles(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~NoLargeFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  void (*signal_)(int);
  rlimit before_{};
};

std::string why_not(const std::string& path) {
  VirtualRuntime runtime;
  const auto result = SqliteStore::open(runtime, path);
  return result ? "" : result.error();
}

std::vector<std::string> keys(const Listing& listing) {
  std::vector<std::string> keys;
  for (const Entry& entry : listing.entries) keys.push_back(entry.key);
  return keys;
}

}  // namespace

TEST_CASE("a compare-and-swap applies all or nothing") {
  Opened meta;
  const CasResult made = meta.cas({{"/a", 0}, {"/b", 0}}, {{"/a", "1"}, {"/b", "2"}});
  CHECK(made.outcome == CasOutcome::done);
  CHECK(meta.cas({{"/a", made.revision}, {"/b", 0}}, {{"/a", "x"}, {"/c", "x"}}).outcome == CasOutcome::conflict);
  CHECK(meta.list("/").entries.size() == 2);
  const CasResult changed = meta.cas({{"/a", made.revision}}, {{"/a", std::nullopt}, {"/c", std::string("\0\xff", 2)}});
  CHECK(changed.outcome == CasOutcome::done);
  CHECK(changed.revision > made.revision);
  const Listing listing = meta.list("/");
  CHECK(keys(listing) == std::vector<std::string>{"/b", "/c"});
  CHECK(listing.entries[0].revision == made.revision);
  CHECK(listing.entries[1].revision == changed.revision);
  CHECK(listing.entries[1].value == std::string("\0\xff", 2));
  CHECK(listing.revision == changed.revision);
  CHECK(meta.cas({{"/a", made.revision}}, {{"/a", "x"}}).outcome == CasOutcome::conflict);
}

TEST_CASE("a listing has the keys of its prefix in pages") {
  Opened meta;
  for (const char* key : {"/p/1", "/p/2", "/p/3", "/p", "/p0", "/o/9", "/p/\xff"}) meta.cas({}, {{key, "x"}});
  CHECK(keys(meta.list("/p/")) == std::vector<std::string>{"/p/1", "/p/2", "/p/3", "/p/\xff"});
  const Listing page = meta.list("/p/", "/p/1", 2);
  CHECK(keys(page) == std::vector<std::string>{"/p/2", "/p/3"});
  CHECK(page.more);
  CHECK_FALSE(meta.list("/p/", "/p/2", 2).more);
  CHECK(meta.list("").entries.size() == 7);
  CHECK(meta.list("\xff").ok);
}

TEST_CASE("records and revisions survive the process") {
  Folder folder;
  std::uint64_t revision = 0;
  {
    Opened meta(folder.file());
    meta.cas({}, {{"/a", "1"}});
    revision = meta.cas({}, {{"/b", "2"}}).revision;
  }
  Opened meta(folder.file());
  CHECK(meta.list("/").entries.size() == 2);
  CHECK(meta.list("/").revision == revision);
  CHECK(meta.cas({{"/b", revision}}, {{"/b", "3"}}).revision > revision);
}

TEST_CASE("watchers of a prefix hear of changes until they end, and not from inside the call") {
  Opened meta;
  std::vector<std::string> heard;
  auto watch = meta.store->watch("/a/", [&](std::optional<Change> change) { heard.push_back(change->key); });
  meta.store->cas({}, {{"/a/1", "x"}, {"/b/1", "x"}}, [](CasResult) {});
  CHECK(heard.empty());
  meta.runtime.settle();
  CHECK(heard == std::vector<std::string>{"/a/1"});
  meta.store->cas({}, {{"/a/2", "x"}}, [](CasResult) {});
  watch.reset();
  meta.runtime.settle();
  CHECK(heard.size() == 1);
}

TEST_CASE("an announcement is listed and watched, and vanishes with its holder") {
  Folder folder;
  {
    Opened meta(folder.file());
    int heard = 0;
    const auto watch = meta.store->watch("/c/", [&](std::optional<Change>) { ++heard; });
    meta.cas({}, {{"/c/live/0", "x"}, {"/c/live/2", "x"}});
    auto live = meta.store->announce("/c/live/1", "7", 10s);
    CHECK(keys(meta.list("/c/")) == std::vector<std::string>{"/c/live/0", "/c/live/1", "/c/live/2"});
    CHECK(keys(meta.list("/c/", "/c/live/0", 1)) == std::vector<std::string>{"/c/live/1"});
    live.reset();
    CHECK(meta.list("/c/").entries.size() == 2);
    CHECK(heard == 4);
    live = meta.store->announce("/c/live/1", "7", 10s);
    meta.store.reset();
  }
  CHECK(Opened(folder.file()).list("/c/").entries.size() == 2);
}

TEST_CASE("a file that can not be used says why, in one line") {
  Folder folder;
  CHECK_THAT(why_not(folder.file("nowhere/meta.db")), Contains("nowhere does not exist"));
  CHECK_THAT(why_not(folder.path.string()), Contains("is a folder"));
  std::ofstream(folder.file("text")) << std::string(4096, 'x');
  CHECK_THAT(why_not(folder.file("text")), Contains("not an SQLite database"));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(folder.file("other").c_str(), &other) == SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE t(x)", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  CHECK_THAT(why_not(folder.file("other")), Contains("another application"));
  CHECK(why_not(folder.file("mine")).empty());
  CHECK(why_not(folder.file("mine")).empty());
}

TEST_CASE("a write that the disk has no room for has no known outcome, and the store says why") {
  Folder folder;
  Opened opened(folder.file());
  CHECK(opened.store->problem().empty());
  {
    const NoLargeFiles limit(256 << 10);
    CHECK(opened.cas({}, {{"/k", std::string(kMaxValueBytes, 'x')}}).outcome == CasOutcome::unknown);
    CHECK_FALSE(opened.store->reachable());
    CHECK_THAT(opened.store->problem(), Contains(folder.file()));
  }
  CHECK(opened.cas({}, {{"/k", "x"}}).outcome == CasOutcome::done);
  CHECK(opened.store->problem().empty());
}

TEST_CASE("a file that can not be opened for lack of space says so") {
  Folder folder;
  Opened(folder.file()).cas({}, {{"/k", "x"}});
  const NoLargeFiles limit(4096);
  CHECK_THAT(why_not(folder.file()), Contains("no space left"));
}

TEST_CASE("two processes never share a file") {
  Folder folder;
  Opened first(folder.file());
  CHECK_THAT(why_not(folder.file()), Contains("only one shoald"));
}
