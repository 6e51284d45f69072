#include "tools/node/secret_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "target/iscsi/chap.h"

namespace shoal {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Up to `into.size()` bytes; -1: errno says why not.
ssize_t read_all(int descriptor, MutableByteSpan into) {
  std::size_t have = 0;
  while (have < into.size()) {
    const ssize_t got = ::read(descriptor, into.data() + have, into.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

std::string cannot_read(const std::string& path, const char* why) {
  return fmt::format("cannot read {}: {}", path, why);
}

}  // namespace

Result<Secret, std::string> secret_in(std::string_view content) {
  using Outcome = Result<Secret, std::string>;
  if (content.size() > kMaxSecretFileBytes) {
    return Outcome(boost::system::in_place_error, fmt::format("it has more than {} bytes", kMaxSecretFileBytes));
  }
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  if (content.empty()) return Outcome(boost::system::in_place_error, "it is empty");
  return Secret(content);
}

Result<ChapCredentials, std::string> SecretFiles::credentials(const cluster::ChapSettings& settings) {
  const File initiator = look_at(settings.initiator.secret_file);
  if (!initiator.problem.empty()) return initiator.problem;
  ChapCredentials credentials{{settings.initiator.user, initiator.secret}, std::nullopt};
  if (!settings.target) return credentials;
  const File target = look_at(settings.target->secret_file);
  if (!target.problem.empty()) return target.problem;
  if (iscsi::equal_in_constant_time(initiator.secret.bytes(), target.secret.bytes())) {
    return fmt::format("{} and {} hold the same secret, and mutual CHAP needs two", settings.initiator.secret_file,
                       settings.target->secret_file);
  }
  credentials.target = ChapAccount{settings.target->user, target.secret};
  return credentials;
}

SecretCheck SecretFiles::check(const cluster::ChapSettings& settings) {
  SecretCheck check;
  if (const auto found = credentials(settings); !found) check.problem = found.error();
  check.warnings = look_at(settings.initiator.secret_file).warnings;
  if (!settings.target) return check;
  const auto& more = look_at(settings.target->secret_file).warnings;
  check.warnings.insert(check.warnings.end(), more.begin(), more.end());
  return check;
}

// Valid until the next call.
const SecretFiles::File& SecretFiles::look_at(const std::string& path) {
  const auto stamp = stamp_of(path);
  const auto known = files_.find(path);
  if (known != files_.end() && known->second.problem.empty() && stamp && *stamp == known->second.stamp) {
    return known->second;
  }
  if (known == files_.end() && files_.size() >= kMaxSecretFiles) files_.clear();
  File& file = files_[path];
  const std::string before = std::exchange(file, stamp ? read(path) : File{{}, {}, stamp.error(), {}}).problem;
  if (file.problem.empty()) {
    log_.info("chap_secret_read path={}", quoted(path));
  } else if (file.problem != before) {
    log_.warn("chap_secret_unreadable reason={}", quoted(file.problem));
  }
  for (const std::string& warning : file.warnings) log_.warn("chap_secret_weak reason={}", quoted(warning));
  return file;
}

Result<SecretFiles::Stamp, std::string> SecretFiles::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return cannot_read(path, std::strerror(errno));
  return Stamp{status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

SecretFiles::File SecretFiles::read(const std::string& path) {
  const auto failed = [&](const char* why) { return File{{}, {}, cannot_read(path, why), {}}; };
  // What would block (a pipe, a device) is opened without waiting, and then refused.
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (opened.number() < 0 || ::fstat(opened.number(), &status) != 0) return failed(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return failed("it is not a regular file");

  std::array<std::byte, kMaxSecretFileBytes + 1> content;
  const ssize_t size = read_all(opened.number(), content);
  if (size < 0) return failed(std::strerror(errno));
  const auto secret = secret_in(as_text(ByteSpan(content).first(static_cast<std::size_t>(size))));
  wipe(content);
  if (!secret) return failed(secret.error().c_str());

  File file;
  file.stamp = {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
  file.secret = *secret;
  if (secret->size() < kAdvisedSecretBytes) {
    file.warnings.push_back(
        fmt::format("{} holds fewer than {} bytes: give a longer secret", path, kAdvisedSecretBytes));
  }
  if ((status.st_mode & S_IROTH) != 0) {
    file.warnings.push_back(fmt::format("{} can be read by everybody on this machine: chmod o-r", path));
  }
  return file;
}

}  // namespace shoal
