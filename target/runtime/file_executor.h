// FileExecutor: what carries out file operations: UringFileEngine, ThreadFileEngine, and MixedFileEngine, which has
// both.
#pragma once

#include <deque>
#include <memory>

#include "target/runtime/file_operation.h"

namespace shoal {

class FileExecutor {
 public:
  virtual ~FileExecutor() = default;  // waits for what the system is busy with; calls nothing
  // Begins at the end of the loop's turn, together with what else was started in it.
  virtual void start(std::unique_ptr<FileOperation> operation) = 0;
  // The end of a turn. True: completions were called, or there is more to do at once.
  virtual bool turn() = 0;
  // The File is gone. What has not begun is dropped, no completion of it is called any more, and when this returns no
  // read of it writes into its buffer: it waits for those reads that the system has begun (a disk access; files are
  // closed at rest as a rule). Writes that have begun go on and keep their slices.
  virtual void abandon(const OpenFile& file) = 0;
  virtual SharedBytes memory(std::size_t bytes) { return aligned_bytes(bytes); }  // Runtime::device_memory
};

using FileOperations = std::deque<std::unique_ptr<FileOperation>>;

// Those of that file, taken out of `operations`; the others keep their order.
FileOperations take_of(const OpenFile& file, FileOperations& operations);

}  // namespace shoal
