// Disk: the files of one host, with what a kill keeps and a loss of power takes (file_content.h; names, too, last only
// after sync_directory). Slow, full and failing on demand. Everything that the process does to it can be watched.
//
// A read, write, sync or punch happens some time after it was asked for; its completion comes after that.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "target/runtime/runtime.h"
#include "test/sim/event_queue.h"
#include "test/sim/file_content.h"

namespace shoal::sim {

class Host;
class World;

enum class DiskCall { read, write, sync, punch, sync_directory };
const char* to_string(DiskCall call);

struct DiskEvent {
  enum class Phase { asked, happened, failed } phase = Phase::asked;
  std::uint64_t number = 0;  // of the request, the same in each phase
  Time at{};                 // of the world
  const Host* host = nullptr;
  DiskCall call = DiskCall::read;
  std::string path;
  std::uint64_t offset = 0, length = 0;
  bool durable = false;  // write: SyncMode::data
};

class Disk {
 public:
  using FileNode = std::shared_ptr<FileContent>;
  using Lock = std::shared_ptr<void>;
  enum class Sharing { exclusive, with_readers };
  using Observer = std::function<void(const DiskEvent&)>;

  Disk(World& world, Host& host);
  ~Disk();

  // For tests.
  void set_latency(Duration least, Duration most);
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  void fail_next(DiskCall call, FileError error, unsigned after = 0);  // the (after + 1)th call of that kind from now
  void observe(Observer observer) { observer_ = std::move(observer); }
  std::uint64_t allocated_bytes() const;
  std::vector<std::string> paths() const;  // of all files
  std::string content(const std::string& path) const;
  void erase(const std::string& path);  // file or folder, by an operator, for good

  // For the Runtime.
  Result<FileNode, FileError> open(const std::string& path, bool create);
  Result<Lock, FileError> lock_directory(const std::string& path);
  Result<Lock, FileError> lock(const std::string& path, Sharing sharing);  // until the process ends
  Result<std::uint64_t, FileError> size(const std::string& path) const;
  Result<void, FileError> make_directories(const std::string& path);
  Result<std::vector<std::string>, FileError> list(const std::string& path) const;
  Result<void, FileError> remove_tree(const std::string& path);
  Result<std::string, FileError> read_whole(const std::string& path) const;
  Result<void, FileError> replace_whole(const std::string& path, std::string_view text);
  struct Request {
    DiskCall call;
    std::string path;
    std::uint64_t offset = 0, length = 0;
    bool durable = false;
    UniqueFunction<std::size_t()> perform;  // yields the bytes read, else 0
    UniqueFunction<void()> harden;          // then what was written is durable; may be empty
    UniqueFunction<void()> fail;            // what a failure leaves behind; may be empty
    UniqueFunction<void(Result<std::size_t, FileError>)> done;
  };
  void submit(Request request);
  void sync_names(const std::string& directory);

  // For the Host.
  // The process ends: each thing in flight has happened, or never will. Where power is lost it may have happened in
  // part, a durable write as any other.
  void settle(bool power_lost);
  void lose_power();

 private:
  using Names = std::map<std::string, FileNode>;
  struct Failure {
    DiskCall call;
    FileError error;
    unsigned after;
  };
  struct Held {
    std::weak_ptr<void> lock;
    Sharing sharing = Sharing::exclusive;
  };

  void happen(std::uint64_t number);
  std::optional<FileError> failure_of(const Request& request);
  void tell(const Request& request, std::uint64_t number, DiskEvent::Phase phase);
  Duration draw_latency();
  bool has_directory(const std::string& path) const { return path == "/" || directories_.contains(path); }

  World& world_;
  Host& host_;
  SeededRandom random_;
  Duration least_ = 20us, most_ = 200us;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  std::vector<Failure> failures_;
  Observer observer_;
  Names names_, durable_names_;
  std::set<std::string> directories_;
  std::map<std::string, Held> locks_;
  std::map<std::uint64_t, Request> in_flight_;
  std::uint64_t next_request_ = 1;
};

}  // namespace shoal::sim
