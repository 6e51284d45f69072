// FileOperation: one read, write, sync or punch, on its way through whatever engine asks the system. It says what to
// ask next and takes the answer, until it is finished: short transfers are continued, interrupted ones repeated. Pure:
// it makes no system call itself.
#pragma once

#include <sys/uio.h>

#include <array>
#include <boost/intrusive/list_hook.hpp>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "target/runtime/runtime.h"
#include "target/runtime/slice_cursor.h"

namespace shoal {

// A descriptor, closed when neither its File nor an operation needs it any more.
struct OpenFile {
  explicit OpenFile(int fd, bool direct = false) : fd(fd), direct(direct) {}
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;

  const int fd;
  const bool direct;  // O_DIRECT
};

enum class FileVerb { read, write, sync, punch };

FileError file_error(int error_number);
// Of a change that may be half done: whatever was short, the device is not to be trusted any more.
FileError change_error(int error_number);

class FileOperation : public boost::intrusive::list_base_hook<> {
 public:
  using ReadDone = Completion<Result<std::size_t, FileError>>;
  using Done = Completion<Result<void, FileError>>;
  using AnyDone = std::variant<ReadDone, Done>;

  static std::unique_ptr<FileOperation> read(std::shared_ptr<OpenFile> file, std::uint64_t offset, MutableByteSpan into,
                                             ReadDone done);
  static std::unique_ptr<FileOperation> write(std::shared_ptr<OpenFile> file, std::uint64_t offset, Slices data,
                                              SyncMode mode, Done done);
  static std::unique_ptr<FileOperation> sync(std::shared_ptr<OpenFile> file, Done done);
  static std::unique_ptr<FileOperation> punch(std::shared_ptr<OpenFile> file, std::uint64_t offset,
                                              std::uint64_t length, Done done);

  FileVerb verb() const { return verb_; }
  const OpenFile& file() const { return *file_; }
  std::uint64_t offset() const { return offset_ + transferred_; }  // what is asked next begins here
  std::uint64_t length() const { return length_; }                 // punch
  int write_flags() const;
  std::span<const iovec> vectors();  // read, write: valid until the next call

  // The system's answer: bytes, or a negative error number. True: finished.
  bool advance(int answer);

  void complete();   // once, when finished
  AnyDone forget();  // complete() will do nothing; what would have been called may own anything: end it when nothing is
                     // half done

 private:
  FileOperation(FileVerb verb, std::shared_ptr<OpenFile> file) : verb_(verb), file_(std::move(file)) {}

  bool transferred(std::size_t bytes);
  bool can_go_on() const;
  std::size_t total() const { return verb_ == FileVerb::read ? into_.size() : written_size_; }

  FileVerb verb_;
  SyncMode mode_ = SyncMode::none;
  std::shared_ptr<OpenFile> file_;
  std::uint64_t offset_ = 0, length_ = 0;
  MutableByteSpan into_;
  SliceCursor data_;
  std::size_t written_size_ = 0;
  std::size_t transferred_ = 0;
  std::optional<FileError> error_;
  iovec single_{};
  std::vector<iovec> several_;
  AnyDone done_;
};

}  // namespace shoal
