#include "test/sim/disk.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"
#include "test/sim/host.h"
#include "test/sim/world.h"

namespace shoal::sim {
namespace {

std::string parent(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

std::string normal(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

const char* to_string(DiskCall call) {
  switch (call) {
    case DiskCall::read: return "read";
    case DiskCall::write: return "write";
    case DiskCall::sync: return "sync";
    case DiskCall::punch: return "punch";
    case DiskCall::sync_directory: return "sync-directory";
  }
  return "unknown";
}

Disk::Disk(World& world, Host& host)
    : world_(world), host_(host), random_(world.random_for("disk of " + host.name())) {}
Disk::~Disk() = default;

// ---- for tests

void Disk::set_latency(Duration least, Duration most) {
  least_ = least;
  most_ = most;
}

void Disk::fail_next(DiskCall call, FileError error, unsigned after) { failures_.push_back({call, error, after}); }

std::uint64_t Disk::allocated_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, file] : names_) bytes += file->allocated_bytes();
  return bytes;
}

std::vector<std::string> Disk::paths() const {
  std::vector<std::string> all;
  for (const auto& [path, file] : names_) all.push_back(path);
  return all;
}

std::string Disk::content(const std::string& path) const { return *read_whole(path); }

void Disk::erase(const std::string& path) {
  remove_tree(path);
  std::erase_if(durable_names_, [&](const auto& name) { return is_below(name.first, path); });
}

// ---- names

Result<Disk::FileNode, FileError> Disk::open(const std::string& path, bool create) {
  if (directories_.contains(path)) return FileError::refused;
  const auto found = names_.find(path);
  if (found != names_.end()) return found->second;
  if (!create || !has_directory(parent(path))) return FileError::not_found;
  return names_[path] = std::make_shared<FileContent>();
}

Result<Disk::Lock, FileError> Disk::lock_directory(const std::string& given) {
  const std::string path = normal(given);
  if (!has_directory(path)) return FileError::not_found;
  return lock(path, Sharing::exclusive);
}

Result<Disk::Lock, FileError> Disk::lock(const std::string& path, Sharing sharing) {
  Held& held = locks_[path];
  if (Lock lock = held.lock.lock()) {
    const bool readers = held.sharing == Sharing::with_readers && sharing == Sharing::with_readers;
    return readers ? Result<Lock, FileError>(std::move(lock)) : FileError::in_use;
  }
  Lock lock = std::make_shared<char>();
  held = {lock, sharing};
  return lock;
}

Result<std::uint64_t, FileError> Disk::size(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return FileError::not_found;
  return found->second->size();
}

Result<void, FileError> Disk::make_directories(const std::string& given) {
  for (std::string path = normal(given); path != "/"; path = parent(path)) {
    if (names_.contains(path)) return FileError::refused;
    directories_.insert(path);
  }
  return {};
}

Result<std::vector<std::string>, FileError> Disk::list(const std::string& given) const {
  const std::string path = normal(given);
  if (!has_directory(path)) return FileError::not_found;
  std::set<std::string> names;
  const auto add = [&](const std::string& each) {
    if (parent(each) == path) names.insert(each.substr(each.rfind('/') + 1));
  };
  for (const auto& [name, file] : names_) add(name);
  for (const auto& name : directories_) add(name);
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void, FileError> Disk::remove_tree(const std::string& given) {
  const std::string path = normal(given);
  std::erase_if(names_, [&](const auto& name) { return is_below(name.first, path); });
  std::erase_if(directories_, [&](const auto& name) { return is_below(name, path); });
  return {};
}

Result<std::string, FileError> Disk::read_whole(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return FileError::not_found;
  std::string text(found->second->size(), '\0');
  found->second->read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

Result<void, FileError> Disk::replace_whole(const std::string& path, std::string_view text) {
  if (!has_directory(parent(path))) return FileError::not_found;
  auto file = std::make_shared<FileContent>();
  file->replace(as_bytes(text));
  names_[path] = durable_names_[path] = file;
  world_.note(&host_, "replace-file", crc32c(as_bytes(path)), crc32c(as_bytes(text)));
  return {};
}

void Disk::sync_names(const std::string& given) {
  const std::string directory = normal(given);
  std::erase_if(durable_names_, [&](const auto& name) {
    return is_below(name.first, directory) && (parent(name.first) == directory || !has_directory(parent(name.first)));
  });
  for (const auto& [name, file] : names_) {
    if (parent(name) == directory) durable_names_[name] = file;
  }
}

// ---- input and output

Duration Disk::draw_latency() {
  return least_ + Duration(static_cast<Duration::rep>(random_.below((most_ - least_).count() + 1)));
}

void Disk::submit(Request request) {
  const std::uint64_t number = next_request_++;
  tell(request, number, DiskEvent::Phase::asked);
  in_flight_.emplace(number, std::move(request));
  world_.after(draw_latency(), [this, number] { happen(number); });
}

std::optional<FileError> Disk::failure_of(const Request& request) {
  for (auto failure = failures_.begin(); failure != failures_.end(); ++failure) {
    if (failure->call != request.call || failure->after-- != 0) continue;
    const FileError error = failure->error;
    failures_.erase(failure);
    return error;
  }
  if (request.call == DiskCall::write && capacity_ != ~std::uint64_t{0} &&
      allocated_bytes() + request.length > capacity_) {
    return FileError::no_space;
  }
  return std::nullopt;
}

void Disk::happen(std::uint64_t number) {
  const auto found = in_flight_.find(number);
  if (found == in_flight_.end()) return;  // settled
  Request request = std::move(found->second);
  in_flight_.erase(found);
  world_.note(&host_, to_string(request.call), request.offset, request.length);
  const auto failure = failure_of(request);
  Result<std::size_t, FileError> result = std::size_t{0};
  if (failure) {
    if (request.fail) request.fail();
    result = *failure;
  } else {
    result = request.perform();
    if (request.harden) request.harden();
  }
  tell(request, number, failure ? DiskEvent::Phase::failed : DiskEvent::Phase::happened);
  host_.post([result, done = std::move(request.done)]() mutable { done(result); });
}

void Disk::tell(const Request& request, std::uint64_t number, DiskEvent::Phase phase) {
  if (!observer_) return;
  observer_({phase, number, world_.now(), &host_, request.call, request.path, request.offset, request.length,
             request.durable});
}

void Disk::settle(bool power_lost) {
  locks_.clear();
  for (auto& [number, request] : std::exchange(in_flight_, {})) {
    if (request.call == DiskCall::read || random_.below(2) == 0) continue;
    request.perform();
    if (request.harden && (!power_lost || random_.below(2) == 0)) request.harden();
    tell(request, number, DiskEvent::Phase::happened);
  }
}

void Disk::lose_power() {
  Names left;
  auto all = names_;
  all.insert(durable_names_.begin(), durable_names_.end());
  for (const auto& [name, unused] : all) {
    const bool sure = names_.contains(name) && durable_names_.contains(name) && names_[name] == durable_names_[name];
    const Names& from = sure || random_.below(2) == 0 ? names_ : durable_names_;
    if (const auto found = from.find(name); found != from.end()) left.insert(*found);
  }
  for (auto& [name, file] : left) file->lose_power(random_);
  for (const auto& [name, file] : left) make_directories(parent(name));
  names_ = durable_names_ = std::move(left);
}

}  // namespace shoal::sim
