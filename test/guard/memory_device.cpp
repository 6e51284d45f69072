#include "test/guard/memory_device.h"

#include <algorithm>

#include "target/base/check.h"
#include "test/guard/counters.h"

namespace shoal::test {
namespace {

constexpr std::size_t kMostBytes = 256u << 20;

// Each call is counted as one of the device, and answered soon; the copy is the device's, not the target's.
class MemoryDevice final : public File {
 public:
  explicit MemoryDevice(Runtime& runtime) : runtime_(runtime) { bytes_.reserve(kMostBytes); }

  void read(std::uint64_t offset, MutableByteSpan into, Completion<Result<std::size_t, FileError>> done) override {
    note_device_call();
    const std::size_t length = copy_out(offset, into);
    answer([done = std::move(done), length]() mutable { done(length); });
  }

  void write(std::uint64_t offset, Slices data, SyncMode, Completion<Result<void, FileError>> done) override {
    note_device_call();
    copy_in(offset, data);
    answer_done(std::move(done));
  }

  void sync(Completion<Result<void, FileError>> done) override {
    note_device_call();
    answer_done(std::move(done));
  }

  void punch(std::uint64_t, std::uint64_t, Completion<Result<void, FileError>> done) override {
    answer([done = std::move(done)]() mutable { done(FileError::not_supported); });
  }

 private:
  std::size_t copy_out(std::uint64_t offset, MutableByteSpan into) const {
    const Uncounted devices;
    if (offset >= bytes_.size()) return 0;
    const std::size_t length = std::min<std::size_t>(into.size(), bytes_.size() - offset);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), length, into.begin());
    return length;
  }

  void copy_in(std::uint64_t offset, const Slices& data) {
    const Uncounted devices;
    CHECK(offset + total_size(data) <= kMostBytes, offset);
    bytes_.resize(std::max<std::size_t>(bytes_.size(), offset + total_size(data)));
    auto to = bytes_.begin() + static_cast<std::ptrdiff_t>(offset);
    for (const Slice& slice : data) to = std::copy(slice.bytes().begin(), slice.bytes().end(), to);
  }

  void answer_done(Completion<Result<void, FileError>> done) {
    answer([done = std::move(done)]() mutable { done({}); });
  }

  template <class Answer>
  void answer(Answer answer) {
    runtime_.post([alive = std::weak_ptr<void>(alive_), answer = std::move(answer)]() mutable {
      if (!alive.expired()) answer();
    });
  }

  Runtime& runtime_;
  std::vector<std::byte> bytes_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace

Result<OpenDevice, FileError> MemoryDeviceRuntime::open_device(const std::string&, DeviceOpen how) {
  if (how != DeviceOpen::create) return FileError::not_found;
  const DeviceFacts facts{.direct = true, .file_system = "memory", .write_cache = WriteCache::write_through};
  return OpenDevice{std::make_unique<MemoryDevice>(other_), 0, facts};
}

void MemoryDeviceRuntime::sync_directory(const std::string&, Completion<Result<void, FileError>> done) {
  post([done = std::move(done)]() mutable { done({}); });
}

}  // namespace shoal::test
