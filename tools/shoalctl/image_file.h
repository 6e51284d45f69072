// Files that hold images of disks: which formats there are, and what `qemu-img info` says about a file. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "target/base/result.h"

namespace shoal {

enum class ImageFormat { raw, qcow2 };

const char* to_string(ImageFormat format);
std::optional<ImageFormat> parse_image_format(std::string_view text);
// By the suffix of the file's name; nullopt: it says nothing.
std::optional<ImageFormat> format_of_suffix(const std::string& path);

struct ImageFile {
  ImageFormat format = ImageFormat::raw;
  std::uint64_t bytes = 0;  // of the disk
  bool operator==(const ImageFile&) const = default;
};

// What the answer of `qemu-img info --output=json` makes of the file; the error is for people. An image that leads to
// other files is refused: who wrote it would choose which files of this machine get into the volume.
Result<ImageFile, std::string> image_in(const std::string& path, const std::string& info);

}  // namespace shoal
