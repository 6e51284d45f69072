#include "tools/shoalctl/image_file.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace shoal;
using Catch::Contains;
using nlohmann::json;

namespace {

const json kQcow2 = {{"virtual-size", 67108864},
                     {"format", "qcow2"},
                     {"format-specific", {{"type", "qcow2"}, {"data", {{"compat", "1.1"}}}}}};

json with(const json& change) {
  json info = kQcow2;
  info.merge_patch(change);
  return info;
}

std::string why_not(const json& info) {
  const auto image = image_in("disk", info.dump());
  return image ? "" : image.error();
}

}  // namespace

TEST_CASE("the suffix of a file tells its format, or nothing") {
  CHECK(format_of_suffix("/a/disk.qcow2") == ImageFormat::qcow2);
  CHECK(format_of_suffix("disk.raw") == ImageFormat::raw);
  CHECK(format_of_suffix("v1.2/disk.img") == ImageFormat::raw);
  for (const char* name : {"disk", "disk.", "disk.vmdk", "v1.raw/disk", ".raw", ""}) CHECK(!format_of_suffix(name));
}

TEST_CASE("format and size of an image are those that qemu-img finds") {
  CHECK(*image_in("disk", kQcow2.dump()) == ImageFile{ImageFormat::qcow2, 67108864});
  CHECK(*image_in("disk", R"({"virtual-size": 1024, "format": "raw", "encrypted": false})") ==
        ImageFile{ImageFormat::raw, 1024});
}

TEST_CASE("an image that leads to other files, or that nobody can read, is refused") {
  CHECK_THAT(why_not(with({{"backing-filename", "/etc/shadow"}})), Contains("a part of it is in /etc/shadow"));
  CHECK_THAT(why_not(with({{"format-specific", {{"data", {{"data-file", "/dev/sda"}}}}}})), Contains("/dev/sda"));
  CHECK(why_not(with({{"encrypted", true}})) == "disk is encrypted: decrypt it first");
  CHECK(why_not(with({{"virtual-size", 0}})) == "disk is empty");
  CHECK_THAT(why_not(with({{"format", "vmdk"}})), Contains("has the format \"vmdk\": raw and qcow2 can"));
}

TEST_CASE("an answer that is none is refused") {
  for (const char* text : {"", "[]", "{}", "qemu-img: no", R"({"format": "raw", "virtual-size": -1})",
                           R"({"format": "raw", "virtual-size": "1"})"}) {
    CHECK(image_in("disk", text).error() == "qemu-img info does not tell the size of the image in disk");
  }
  CHECK_THAT(why_not(with({{"format", 7}})), Contains("has the format \"\""));
}
