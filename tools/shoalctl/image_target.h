// ImageTarget: the file that an export goes to. It is written beside its place and gets its name when it is whole and
// durable; until then an export that ends in any way takes it away again.
#pragma once

#include <string>

namespace shoal {

class ImageTarget {
 public:
  // Throws std::runtime_error where a file is in the way; `force`: it will be replaced.
  ImageTarget(const std::string& file, bool force);
  ~ImageTarget();
  ImageTarget(const ImageTarget&) = delete;

  const std::string& partial() const { return partial_; }  // where to write
  void finish();

 private:
  std::string file_, partial_;
  bool finished_ = false;
};

}  // namespace shoal
