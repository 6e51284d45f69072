#include "target/runtime/file_operation.h"

#include <limits.h>
#include <unistd.h>

#include <cerrno>

namespace shoal {
namespace {

constexpr std::size_t kSectorBytes = 512;

}  // namespace

OpenFile::~OpenFile() { ::close(fd); }

FileError file_error(int error_number) {
  switch (error_number) {
    case ENOENT: return FileError::not_found;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return FileError::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case ETXTBSY:
    case ENAMETOOLONG:
    case ELOOP: return FileError::refused;
    case EOPNOTSUPP: return FileError::not_supported;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return FileError::no_resources;
    default: return FileError::io;
  }
}

FileError change_error(int error_number) {
  const FileError error = file_error(error_number);
  return error == FileError::no_resources ? FileError::io : error;
}

std::unique_ptr<FileOperation> FileOperation::read(std::shared_ptr<OpenFile> file, std::uint64_t offset,
                                                   MutableByteSpan into, ReadDone done) {
  std::unique_ptr<FileOperation> operation(new FileOperation(FileVerb::read, std::move(file)));
  operation->offset_ = offset;
  operation->into_ = into;
  operation->done_ = std::move(done);
  return operation;
}

std::unique_ptr<FileOperation> FileOperation::write(std::shared_ptr<OpenFile> file, std::uint64_t offset, Slices data,
                                                    SyncMode mode, Done done) {
  std::unique_ptr<FileOperation> operation(new FileOperation(FileVerb::write, std::move(file)));
  operation->offset_ = offset;
  operation->data_ = SliceCursor(std::move(data));
  operation->written_size_ = operation->data_.left();
  operation->mode_ = mode;
  operation->done_ = std::move(done);
  return operation;
}

std::unique_ptr<FileOperation> FileOperation::sync(std::shared_ptr<OpenFile> file, Done done) {
  std::unique_ptr<FileOperation> operation(new FileOperation(FileVerb::sync, std::move(file)));
  operation->done_ = std::move(done);
  return operation;
}

std::unique_ptr<FileOperation> FileOperation::punch(std::shared_ptr<OpenFile> file, std::uint64_t offset,
                                                    std::uint64_t length, Done done) {
  std::unique_ptr<FileOperation> operation(new FileOperation(FileVerb::punch, std::move(file)));
  operation->offset_ = offset;
  operation->length_ = length;
  operation->done_ = std::move(done);
  return operation;
}

int FileOperation::write_flags() const { return mode_ == SyncMode::data ? RWF_DSYNC : 0; }

std::span<const iovec> FileOperation::vectors() {
  if (verb_ == FileVerb::read) {
    const MutableByteSpan rest = into_.subspan(transferred_);
    single_ = {rest.data(), rest.size()};
    return {&single_, 1};
  }
  if (data_.gather({&single_, 1}).bytes == data_.left()) return {&single_, 1};
  several_.resize(IOV_MAX);
  const auto gathered = data_.gather(several_);
  several_.resize(gathered.count);
  return several_;
}

bool FileOperation::advance(int answer) {
  if (answer == -EINTR || answer == -EAGAIN) return false;
  if (answer < 0) {
    error_ = verb_ == FileVerb::read ? file_error(-answer) : change_error(-answer);
    return true;
  }
  const bool moves_bytes = verb_ == FileVerb::read || verb_ == FileVerb::write;
  return !moves_bytes || transferred(static_cast<std::size_t>(answer));
}

bool FileOperation::transferred(std::size_t bytes) {
  transferred_ += bytes;
  if (verb_ == FileVerb::write) data_.skip(bytes);
  if (transferred_ == total()) return true;
  // Nothing more: the end of the file for a read; a write that makes no progress would be repeated for ever.
  if (bytes > 0 && can_go_on()) return false;
  if (verb_ == FileVerb::write) error_ = FileError::io;
  return true;
}

// Without the page cache the next transfer must begin at a sector.
bool FileOperation::can_go_on() const { return !file_->direct || transferred_ % kSectorBytes == 0; }

void FileOperation::complete() {
  if (ReadDone* read = std::get_if<ReadDone>(&done_)) {
    if (!*read) return;
    error_ ? (*read)(*error_) : (*read)(transferred_);
  } else if (Done& done = std::get<Done>(done_); done) {
    error_ ? done(*error_) : done({});
  }
}

FileOperation::AnyDone FileOperation::forget() { return std::exchange(done_, Done()); }

}  // namespace shoal
