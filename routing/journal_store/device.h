// Device: the file or block device of a store, in whole blocks. A failed write or sync puts the store out of service
// for good: nobody knows what is on the device then, and a sync that is tried again may succeed without having written
// anything.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "routing/journal_store/geometry.h"
#include "routing/page_store.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing::journal {

class Device {
 public:
  using Done = PageStore::Done;

  Device(Runtime& runtime, std::unique_ptr<File> file, std::string path, Log log)
      : runtime_(runtime), file_(std::move(file)), path_(std::move(path)), log_(std::move(log)) {}

  const StoreState& state() const { return state_; }
  const std::string& path() const { return path_; }
  const Log& log() const { return log_; }

  // `into` and the slices: aligned, whole blocks. Read: medium_error where the device cannot, or ends.
  void read(BlockNumber at, MutableByteSpan into, Done done);
  void write(BlockNumber at, Slices data, SyncMode mode, Done done);
  void sync(Done done);
  // Zeros beyond the end. no_space: there is none, and nothing else has happened.
  void extend(BlockNumber at, Slices zeros, Done done);

  // A moment later: for whoever was told no_resources.
  void ask_again(Completion<> ask);

  void fail(const std::string& what, const std::string& why);
  void close();  // no completion is called any more

 private:
  enum class IfFull : std::uint8_t { fail, say };  // of a change: the store is out of service, or only no_space
  void put(BlockNumber at, Slices data, SyncMode mode, IfFull if_full, Done done);
  // Of a change that succeeded after another had failed: the store is out of service all the same.
  Result<void, StoreError> success() const;
  void on_failed(const std::string& what, FileError error, Done done);

  Runtime& runtime_;
  std::unique_ptr<File> file_;
  std::string path_;
  Log log_;
  StoreState state_;
  std::map<std::uint64_t, std::unique_ptr<Timer>> retries_;
  std::uint64_t next_retry_ = 0;
};

}  // namespace shoal::routing::journal
