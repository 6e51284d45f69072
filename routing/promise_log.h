// PromiseLog: the promises of a store of files, durable: an append-only file of small records (file_store_format.md),
// written anew when it has grown. Several that are appended at once share one write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "routing/group_commit.h"
#include "routing/page_store.h"
#include "routing/promises.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

inline constexpr std::size_t kPromiseRecordBytes = 64;
inline constexpr std::uint64_t kCompactPromisesAtBytes = 1024 * 1024;

std::string encode_promises(const std::vector<PageRecord>& records);
std::string encode_dropped_image(ImageId image);
// Adds what the log says, up to the first record that is torn or damaged. Yields the bytes that were good. The error: a
// whole record of a kind that this version does not know; what follows it counts, so nothing may be written over it.
Result<std::size_t, std::string> replay_promises(std::string_view log, Promises& into);

class PromiseLog {
 public:
  using Done = PageStore::Done;

  // Of a log that exists, whose good part was replayed into `promises`.
  static Result<std::unique_ptr<PromiseLog>, FileError> open(Runtime& runtime, std::string path,
                                                             std::uint64_t good_bytes, const Promises& promises);

  // Durable when it completes. `promises` knows the records already.
  void append(const std::vector<PageRecord>& records, Done done);
  void append_dropped(ImageId image, Done done);

 private:
  PromiseLog(Runtime& runtime, std::string path, std::unique_ptr<File> file, std::uint64_t end,
             const Promises& promises);
  void append(std::string bytes, Done done);
  void write_pending();
  Result<bool, StoreError> compact();

  Runtime& runtime_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::uint64_t end_;
  const Promises& promises_;
  std::string pending_;
  GroupCommit commit_;
};

}  // namespace shoal::routing
