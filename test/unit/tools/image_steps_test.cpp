#include "tools/shoalctl/image_steps.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace shoal;
using nlohmann::json;

namespace {

using Words = std::vector<std::string>;

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
const VolumeLogin kOpen{{"10.0.0.1", 3260}, "iqn.x:data", "iqn.x:shoalctl", "", ""};
const VolumeLogin kChap{{"fd00::1", 3260}, "iqn.x:data", "iqn.x:shoalctl", "host", "/proc/self/fd/5"};

Import import_of(std::uint64_t volume_bytes, bool fresh = false) {
  return {"/images/a:b,c.qcow2", {ImageFormat::qcow2, kGib}, kOpen, volume_bytes, fresh};
}

Words titles(const std::vector<ToolStep>& steps) {
  Words all;
  for (const ToolStep& step : steps) all.push_back(step.title);
  return all;
}

json node(const std::string& word) {
  REQUIRE(word.starts_with("json:"));
  return json::parse(word.substr(5));
}

bool has(const ToolStep& step, const std::string& word) { return std::ranges::count(step.words, word) != 0; }

}  // namespace

TEST_CASE("an import empties the volume, copies what is not zero, and has it made durable") {
  const auto steps = import_steps(import_of(2 * kGib));
  CHECK(titles(steps) == Words{"emptying the volume up to 2 GiB of 2 GiB", "copying", "making it durable"});
  CHECK(Words(steps[0].words.begin(), steps[0].words.end() - 1) ==
        Words{"-c", "write -q -z -u 0 1073741824", "-c", "write -q -z -u 1073741824 1073741824"});
  CHECK(has(steps[1], "--target-is-zero"));
  CHECK(has(steps[1], "/images/a:b,c.qcow2"));
  CHECK(steps[2].program == "qemu-io");
  CHECK(has(steps[2], "flush"));
}

TEST_CASE("a volume that was made for the image is not emptied") {
  CHECK(titles(import_steps(import_of(2 * kGib, true))) == Words{"copying", "making it durable"});
}

TEST_CASE("emptying covers the whole volume, in command lines of bounded length") {
  const std::uint64_t volume_bytes = 600 * kGib + 4096;
  std::uint64_t next = 0;
  for (const ToolStep& step : import_steps(import_of(volume_bytes))) {
    if (!step.title.starts_with("emptying")) continue;
    CHECK(step.words.size() <= 2 * 256 + 1);
    for (const std::string& word : step.words) {
      unsigned long long at = 0, length = 0;
      if (std::sscanf(word.c_str(), "write -q -z -u %llu %llu", &at, &length) != 2) continue;
      CHECK(at == next);
      CHECK(length <= kGib);
      next = at + length;
    }
  }
  CHECK(next == volume_bytes);
}

TEST_CASE("qemu logs in under the name and at the portal that it is given") {
  CHECK(node(export_step({"/out.raw", ImageFormat::raw, kOpen}).words.at(8)) ==
        json::parse(R"({"driver": "raw", "file": {"driver": "iscsi", "transport": "tcp", "portal": "10.0.0.1:3260",
                        "target": "iqn.x:data", "lun": 0, "initiator-name": "iqn.x:shoalctl"}})"));
}

TEST_CASE("every step logs in with CHAP where there is a user, by a secret in a file") {
  Import order = import_of(kGib);
  order.login = kChap;
  auto steps = import_steps(order);
  steps.push_back(export_step({"/out.raw", ImageFormat::raw, kChap}));
  steps.push_back(compare_step(kChap, "/out.raw", ImageFormat::raw));
  for (const ToolStep& step : steps) {
    CAPTURE(step.title);
    CHECK(has(step, "secret,id=chap,file=/proc/self/fd/5"));
    const auto found = std::ranges::find_if(step.words, [](const auto& word) { return word.starts_with("json:"); });
    REQUIRE(found != step.words.end());
    const json device = node(*found).at("file");
    CHECK(device.at("portal") == "[fd00::1]:3260");
    CHECK(device.at("user") == "host");
    CHECK(device.at("password-secret") == "chap");
  }
}

TEST_CASE("formats are told and never guessed by qemu once they are known") {
  CHECK(info_step("/disk", "raw").words == Words{"info", "--output=json", "-f", "raw", "/disk"});
  CHECK(info_step("/disk", "").words == Words{"info", "--output=json", "/disk"});
  const auto copy = import_steps(import_of(kGib, true)).front().words;
  CHECK(Words(copy.end() - 6, copy.end() - 2) == Words{"-f", "qcow2", "-O", "raw"});
  const auto compare = compare_step(kOpen, "/disk", ImageFormat::qcow2).words;
  CHECK(Words(compare.begin(), compare.begin() + 6) == Words{"compare", "-p", "-f", "qcow2", "-F", "raw"});
}
