#include "tools/shoalctl/image_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace shoal {

using nlohmann::json;

namespace {

using Outcome = Result<ImageFile, std::string>;

Outcome refused(std::string why) { return Outcome(boost::system::in_place_error, std::move(why)); }

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string data_file(const json& info) {
  static const json::json_pointer kData("/format-specific/data");
  return info.contains(kData) ? text_at(info.at(kData), "data-file") : "";
}

std::string leads_to(const std::string& path, const std::string& other) {
  return fmt::format("{0} is not a whole image, a part of it is in {1}: make one first (qemu-img convert {0} WHOLE)",
                     path, other);
}

}  // namespace

const char* to_string(ImageFormat format) { return format == ImageFormat::raw ? "raw" : "qcow2"; }

std::optional<ImageFormat> parse_image_format(std::string_view text) {
  if (text == "raw") return ImageFormat::raw;
  if (text == "qcow2") return ImageFormat::qcow2;
  return std::nullopt;
}

std::optional<ImageFormat> format_of_suffix(const std::string& path) {
  const std::string suffix = std::filesystem::path(path).extension().string();
  if (suffix == ".img") return ImageFormat::raw;
  return suffix.empty() ? std::nullopt : parse_image_format(suffix.substr(1));
}

Outcome image_in(const std::string& path, const std::string& text) {
  const json info = json::parse(text, nullptr, false);
  const auto bytes = info.is_object() ? info.find("virtual-size") : info.end();
  if (bytes == info.end() || !bytes->is_number_unsigned()) {
    return refused("qemu-img info does not tell the size of the image in " + path);
  }
  const auto format = parse_image_format(text_at(info, "format"));
  if (!format) {
    return refused(
        fmt::format("{0} has the format \"{1}\": raw and qcow2 can be imported; make one of them first "
                    "(qemu-img convert -O qcow2 {0} OTHER)",
                    path, text_at(info, "format")));
  }
  if (const auto backing = text_at(info, "backing-filename"); !backing.empty()) return refused(leads_to(path, backing));
  if (const auto other = data_file(info); !other.empty()) return refused(leads_to(path, other));
  if (info.value("encrypted", json(false)) == true) return refused(path + " is encrypted: decrypt it first");
  if (*bytes == 0) return refused(path + " is empty");
  return ImageFile{*format, bytes->get<std::uint64_t>()};
}

}  // namespace shoal
