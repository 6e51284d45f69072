// FailingRuntime: another Runtime whose Nth operation on files fails, of whatever kind, and which counts the files that
// are open. What fails has done nothing.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "target/runtime/runtime.h"

namespace shoal::routing::test {

class FailingRuntime final : public Runtime {
 public:
  explicit FailingRuntime(Runtime& inner) : inner_(inner) {}

  void fail_at(std::size_t nth, FileError error) {
    remaining_ = nth;
    error_ = error;
  }
  // As on a file system that knows no holes.
  void refuse_holes() { refuses_holes_ = true; }
  // The Nth operation that needs a descriptor finds none.
  void run_short_at(std::size_t nth) { short_at_ = nth; }
  bool failed() const { return failed_; }
  std::size_t open_files() const { return open_files_; }
  std::size_t most_open_files() const { return most_open_files_; }

  Time now() const override { return inner_.now(); }
  std::uint64_t wall_clock_ms() const override { return inner_.wall_clock_ms(); }
  Random& random() override { return inner_.random(); }
  void post(Completion<> task) override { inner_.post(std::move(task)); }
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override {
    return inner_.after(delay, std::move(task));
  }
  void connect(const Endpoint& to, Duration timeout,
               Completion<Result<std::unique_ptr<Stream>, NetError>> done) override {
    inner_.connect(to, timeout, std::move(done));
  }
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint& at,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)> accept) override {
    return inner_.listen(at, std::move(accept));
  }

  Result<std::unique_ptr<File>, FileError> open_file(const std::string& path, bool create) override {
    if (runs_short()) return FileError::no_resources;
    if (fails()) return error_;
    auto file = inner_.open_file(path, create);
    if (!file) return file.error();
    return std::unique_ptr<File>(std::make_unique<CountedFile>(*this, std::move(*file)));
  }
  Result<OpenDevice, FileError> open_device(const std::string& path, DeviceOpen how) override {
    if (runs_short()) return FileError::no_resources;
    if (fails()) return error_;
    auto device = inner_.open_device(path, how);
    if (device) device->file = std::make_unique<CountedFile>(*this, std::move(device->file));
    return device;
  }
  void sync_directory(const std::string& path, Completion<Result<void, FileError>> done) override {
    if (runs_short()) return post([done = std::move(done)]() mutable { done(FileError::no_resources); });
    if (fails()) return post([error = error_, done = std::move(done)]() mutable { done(error); });
    inner_.sync_directory(path, std::move(done));
  }
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path) override {
    if (fails()) return error_;
    return inner_.lock_directory(path);
  }
  Result<std::uint64_t, FileError> file_size(const std::string& path) override {
    if (fails()) return error_;
    return inner_.file_size(path);
  }
  Result<void, FileError> make_directories(const std::string& path) override {
    if (runs_short()) return FileError::no_resources;
    if (fails()) return error_;
    return inner_.make_directories(path);
  }
  Result<std::vector<std::string>, FileError> list_directory(const std::string& path) override {
    if (fails()) return error_;
    return inner_.list_directory(path);
  }
  Result<void, FileError> remove_tree(const std::string& path) override {
    if (fails()) return error_;
    return inner_.remove_tree(path);
  }
  Result<std::string, FileError> read_whole(const std::string& path) override {
    if (fails()) return error_;
    return inner_.read_whole(path);
  }
  Result<void, FileError> replace_whole(const std::string& path, std::string_view text) override {
    if (fails()) return error_;
    return inner_.replace_whole(path, text);
  }

 private:
  class CountedFile final : public File {
   public:
    CountedFile(FailingRuntime& runtime, std::unique_ptr<File> inner) : runtime_(runtime), inner_(std::move(inner)) {
      runtime_.most_open_files_ = std::max(runtime_.most_open_files_, ++runtime_.open_files_);
    }
    ~CountedFile() override { --runtime_.open_files_; }
    void read(std::uint64_t offset, MutableByteSpan into, Completion<Result<std::size_t, FileError>> done) override {
      if (fails_later(done)) return;
      inner_->read(offset, into, std::move(done));
    }
    void write(std::uint64_t offset, Slices data, SyncMode mode, Completion<Result<void, FileError>> done) override {
      if (fails_later(done)) return;
      inner_->write(offset, std::move(data), mode, std::move(done));
    }
    void sync(Completion<Result<void, FileError>> done) override {
      if (fails_later(done)) return;
      inner_->sync(std::move(done));
    }
    void punch(std::uint64_t offset, std::uint64_t length, Completion<Result<void, FileError>> done) override {
      if (runtime_.refuses_holes_) return fail_later(FileError::not_supported, std::move(done));
      if (fails_later(done)) return;
      inner_->punch(offset, length, std::move(done));
    }

   private:
    template <class Done>
    bool fails_later(Done& done) {
      if (!runtime_.fails()) return false;
      fail_later(runtime_.error_, std::move(done));
      return true;
    }
    template <class Done>
    void fail_later(FileError error, Done done) {
      runtime_.post([alive = std::weak_ptr<void>(alive_), error, done = std::move(done)]() mutable {
        if (!alive.expired()) done(error);
      });
    }
    FailingRuntime& runtime_;
    std::unique_ptr<File> inner_;
    std::shared_ptr<void> alive_ = std::make_shared<char>();
  };

  bool fails() {
    if (remaining_ == 0 || --remaining_ > 0) return false;
    return failed_ = true;
  }

  bool refuses_holes_ = false;

  bool runs_short() { return short_at_ > 0 && --short_at_ == 0; }

  Runtime& inner_;
  std::size_t short_at_ = 0;   // operations up to the one that finds no descriptor; 0: none
  std::size_t remaining_ = 0;  // operations up to the one that fails; 0: none does
  FileError error_ = FileError::io;
  bool failed_ = false;
  std::size_t open_files_ = 0, most_open_files_ = 0;
};

}  // namespace shoal::routing::test
