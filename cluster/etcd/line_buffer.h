// LineBuffer: cuts what arrives into lines, of a bounded length.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal::cluster {

class LineBuffer {
 public:
  explicit LineBuffer(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // False: the line that is being received is too long; nothing more can be made of this stream.
  bool append(std::string_view bytes);
  std::optional<std::string> next_line();  // without its end

 private:
  std::size_t max_line_bytes_;
  std::string pending_;
  std::size_t searched_ = 0;  // no end of a line before here
};

}  // namespace shoal::cluster
