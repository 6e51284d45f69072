#include "target/runtime/engine_file.h"

namespace shoal {
namespace {

class EngineFile final : public File {
 public:
  EngineFile(std::shared_ptr<OpenFile> file, const std::shared_ptr<FileExecutor>& executor)
      : file_(std::move(file)), executor_(executor) {}
  ~EngineFile() override {
    if (const auto executor = executor_.lock()) executor->abandon(*file_);
  }

  void read(std::uint64_t offset, MutableByteSpan into, FileOperation::ReadDone done) override {
    start(FileOperation::read(file_, offset, into, std::move(done)));
  }
  void write(std::uint64_t offset, Slices data, SyncMode mode, FileOperation::Done done) override {
    start(FileOperation::write(file_, offset, std::move(data), mode, std::move(done)));
  }
  void sync(FileOperation::Done done) override { start(FileOperation::sync(file_, std::move(done))); }
  void punch(std::uint64_t offset, std::uint64_t length, FileOperation::Done done) override {
    start(FileOperation::punch(file_, offset, length, std::move(done)));
  }

 private:
  void start(std::unique_ptr<FileOperation> operation) {
    if (const auto executor = executor_.lock()) executor->start(std::move(operation));
  }

  std::shared_ptr<OpenFile> file_;
  std::weak_ptr<FileExecutor>
      executor_;  // gone while the runtime is being destroyed, when completions may still own files
};

}  // namespace

std::unique_ptr<File> make_engine_file(std::shared_ptr<OpenFile> file, const std::shared_ptr<FileExecutor>& executor) {
  return std::make_unique<EngineFile>(std::move(file), executor);
}

}  // namespace shoal
