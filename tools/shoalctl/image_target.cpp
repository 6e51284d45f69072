#include "tools/shoalctl/image_target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace shoal {

namespace fs = std::filesystem;

namespace {

void make_durable(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!good) throw std::runtime_error(fmt::format("cannot make {} durable: {}", path, std::strerror(error)));
}

void check_free(const std::string& path, bool force) {
  const auto status = fs::symlink_status(path);
  if (!fs::exists(status)) return;
  if (!fs::is_regular_file(status)) throw std::runtime_error(path + " exists and is no regular file; name another one");
  if (!force) throw std::runtime_error(path + " exists: name another file, or --force replaces it");
}

}  // namespace

ImageTarget::ImageTarget(const std::string& file, bool force)
    : file_(fs::absolute(file).string()), partial_(file_ + ".partial") {
  const auto folder = fs::path(file_).parent_path();
  if (!fs::is_directory(folder)) throw std::runtime_error(folder.string() + " is no folder");
  check_free(file_, force);
  check_free(partial_, force);
}

ImageTarget::~ImageTarget() {
  std::error_code ignored;
  if (!finished_) fs::remove(partial_, ignored);
}

void ImageTarget::finish() {
  make_durable(partial_);
  fs::rename(partial_, file_);
  finished_ = true;
  make_durable(fs::path(file_).parent_path().string());
}

}  // namespace shoal
