#include "target/runtime/file_operation.h"

#include <limits.h>

#include <catch2/catch.hpp>
#include <cerrno>

using namespace shoal;

namespace {

const std::shared_ptr<OpenFile> kNoFile = std::make_shared<OpenFile>(-1);
const std::shared_ptr<OpenFile> kNoDevice = std::make_shared<OpenFile>(-1, true);  // O_DIRECT

std::size_t bytes_in(std::span<const iovec> vectors) {
  std::size_t bytes = 0;
  for (const iovec& vector : vectors) bytes += vector.iov_len;
  return bytes;
}

struct Outcome {
  FileOperation::Done done() {
    return [this](Result<void, FileError> result) { value = result; };
  }
  FileOperation::ReadDone read_done() {
    return [this](Result<std::size_t, FileError> result) { read = result; };
  }
  std::optional<Result<void, FileError>> value;
  std::optional<Result<std::size_t, FileError>> read;
};

}  // namespace

TEST_CASE("a short write goes on where it stopped, in the middle of a slice") {
  Outcome outcome;
  const auto write = FileOperation::write(kNoFile, 1000, {Slice::copy_of("abc"), Slice(), Slice::copy_of("defgh")},
                                          SyncMode::none, outcome.done());
  CHECK(bytes_in(write->vectors()) == 8);
  CHECK_FALSE(write->advance(5));
  CHECK(write->offset() == 1005);
  const auto rest = write->vectors();
  REQUIRE(rest.size() == 1);
  CHECK(std::string_view(static_cast<const char*>(rest[0].iov_base), rest[0].iov_len) == "fgh");
  CHECK(write->advance(3));
  write->complete();
  CHECK(outcome.value->has_value());
}

TEST_CASE("more slices than a system call takes go in several") {
  Outcome outcome;
  Slices many(IOV_MAX + 500, Slice::copy_of("xy"));
  const auto write = FileOperation::write(kNoFile, 0, std::move(many), SyncMode::data, outcome.done());
  CHECK(write->write_flags() == RWF_DSYNC);
  REQUIRE(write->vectors().size() == IOV_MAX);
  CHECK_FALSE(write->advance(2 * IOV_MAX));
  CHECK(write->vectors().size() == 500);
  CHECK(write->advance(1000));
}

TEST_CASE("an interrupted operation is asked again as it was") {
  Outcome outcome;
  const auto write = FileOperation::write(kNoFile, 7, {Slice::copy_of("abc")}, SyncMode::none, outcome.done());
  CHECK_FALSE(write->advance(-EINTR));
  CHECK_FALSE(write->advance(-EAGAIN));
  CHECK(write->offset() == 7);
  CHECK(bytes_in(write->vectors()) == 3);
}

TEST_CASE("a write without progress is an error of the device, not a loop") {
  Outcome outcome;
  const auto write = FileOperation::write(kNoFile, 0, {Slice::copy_of("abc")}, SyncMode::none, outcome.done());
  CHECK(write->advance(0));
  write->complete();
  CHECK(outcome.value->error() == FileError::io);
}

TEST_CASE("a write of nothing is finished by the first answer") {
  Outcome outcome;
  const auto write = FileOperation::write(kNoFile, 0, {}, SyncMode::none, outcome.done());
  CHECK(write->advance(0));
  write->complete();
  CHECK(outcome.value->has_value());
}

TEST_CASE("a read that meets the end of the file is short") {
  Outcome outcome;
  std::array<std::byte, 10> into;
  const auto read = FileOperation::read(kNoFile, 100, into, outcome.read_done());
  CHECK_FALSE(read->advance(4));
  CHECK(read->offset() == 104);
  CHECK(bytes_in(read->vectors()) == 6);
  CHECK(read->advance(0));
  read->complete();
  CHECK(**outcome.read == 4);
}

TEST_CASE("without the page cache a transfer goes on at a sector, and nowhere else") {
  Outcome outcome;
  const Slice block = Slice::copy_of(std::string(4096, 'x'));
  const auto write = FileOperation::write(kNoDevice, 4096, {block}, SyncMode::data, outcome.done());
  CHECK_FALSE(write->advance(512));
  CHECK(write->offset() == 4096 + 512);
  CHECK(write->advance(100));
  write->complete();
  CHECK(outcome.value->error() == FileError::io);

  std::vector<std::byte> into(4096);
  const auto read = FileOperation::read(kNoDevice, 0, into, outcome.read_done());
  CHECK_FALSE(read->advance(1024));
  CHECK(read->advance(100));  // so this is where the file ends
  read->complete();
  CHECK(**outcome.read == 1124);
}

TEST_CASE("errors of the system are told in the words that say what to do") {
  CHECK(file_error(ENOSPC) == FileError::no_space);
  CHECK(file_error(EDQUOT) == FileError::no_space);
  CHECK(file_error(EIO) == FileError::io);
  CHECK(file_error(EROFS) == FileError::refused);
  CHECK(file_error(ENOENT) == FileError::not_found);
  CHECK(file_error(EOPNOTSUPP) == FileError::not_supported);
  CHECK(file_error(EMFILE) == FileError::no_resources);
  CHECK(file_error(ENFILE) == FileError::no_resources);
  CHECK(file_error(ENOMEM) == FileError::no_resources);
  for (const int media_error : {EIO, EREMOTEIO, ENODATA, EILSEQ, ETIMEDOUT, EINVAL}) {
    CHECK(change_error(media_error) == FileError::io);
  }
  CHECK(change_error(ENOSPC) == FileError::no_space);
  Outcome outcome;
  const auto sync = FileOperation::sync(kNoFile, outcome.done());
  CHECK(sync->advance(-EIO));
  sync->complete();
  CHECK(outcome.value->error() == FileError::io);
}

TEST_CASE("a shortage is harmless to a read, and leaves nobody sure of a change") {
  Outcome outcome;
  std::array<std::byte, 10> into;
  const auto read = FileOperation::read(kNoFile, 0, into, outcome.read_done());
  CHECK(read->advance(-ENOMEM));
  read->complete();
  CHECK(outcome.read->error() == FileError::no_resources);
  const auto sync = FileOperation::sync(kNoFile, outcome.done());
  CHECK(sync->advance(-ENOMEM));
  sync->complete();
  CHECK(outcome.value->error() == FileError::io);
}

TEST_CASE("an operation that was forgotten completes without a word") {
  Outcome outcome;
  const auto punch = FileOperation::punch(kNoFile, 0, 4096, outcome.done());
  punch->forget();
  CHECK(punch->advance(0));
  punch->complete();
  CHECK_FALSE(outcome.value);
}
