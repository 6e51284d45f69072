#include "tools/shoalctl/image_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/node/config.h"

namespace shoal {

using nlohmann::json;

namespace {

using Words = std::vector<std::string>;

constexpr std::uint64_t kZeroedByOneCommand = std::uint64_t{1} << 30;   // qemu-io takes less than 2 GiB
constexpr std::uint64_t kZeroedByOneChild = 256 * kZeroedByOneCommand;  // keeps the command line short
constexpr const char* kRequestsAtOnce = "8";

std::string volume_node(const VolumeLogin& login) {
  json device = {{"driver", "iscsi"},   {"transport", "tcp"}, {"portal", login.portal.to_string()},
                 {"target", login.iqn}, {"lun", 0},           {"initiator-name", login.initiator}};
  if (!login.user.empty()) device["user"] = login.user, device["password-secret"] = "chap";
  return "json:" + json{{"driver", "raw"}, {"file", std::move(device)}}.dump();
}

Words secret_words(const VolumeLogin& login) {
  if (login.user.empty()) return {};
  return {"--object", "secret,id=chap,file=" + login.secret_path};
}

Words joined(std::initializer_list<Words> parts) {
  Words all;
  for (const Words& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

ToolStep zero_step(const Import& order, std::uint64_t begin, std::uint64_t end) {
  Words words = secret_words(order.login);
  for (std::uint64_t at = begin; at < end; at += kZeroedByOneCommand) {
    const auto length = std::min(kZeroedByOneCommand, end - at);
    words.insert(words.end(), {"-c", fmt::format("write -q -z -u {} {}", at, length)});
  }
  words.push_back(volume_node(order.login));
  return {fmt::format("emptying the volume up to {} of {}", format_size(end), format_size(order.volume_bytes)),
          "qemu-io", std::move(words)};
}

ToolStep flush_step(const VolumeLogin& login) {
  return {"making it durable", "qemu-io", joined({secret_words(login), {"-c", "flush", volume_node(login)}})};
}

}  // namespace

ToolStep info_step(const std::string& file, const std::string& format) {
  const Words as = format.empty() ? Words{} : Words{"-f", format};
  return {"looking at the image", "qemu-img", joined({{"info", "--output=json"}, as, {file}})};
}

std::vector<ToolStep> import_steps(const Import& order) {
  std::vector<ToolStep> steps;
  for (std::uint64_t at = 0; at < order.volume_bytes && !order.fresh; at += kZeroedByOneChild) {
    steps.push_back(zero_step(order, at, std::min(order.volume_bytes, at + kZeroedByOneChild)));
  }
  const Words convert = {"convert", "-p", "-n", "--target-is-zero", "-m", kRequestsAtOnce, "-W"};
  const Words formats = {"-f", to_string(order.image.format), "-O", "raw"};
  steps.push_back({"copying", "qemu-img",
                   joined({convert, formats, secret_words(order.login), {order.file, volume_node(order.login)}})});
  steps.push_back(flush_step(order.login));
  return steps;
}

ToolStep export_step(const Export& order) {
  const Words convert = {"convert", "-p", "-m", kRequestsAtOnce, "-f", "raw", "-O", to_string(order.format)};
  return {"copying", "qemu-img", joined({convert, secret_words(order.login), {volume_node(order.login), order.file}})};
}

ToolStep compare_step(const VolumeLogin& login, const std::string& file, ImageFormat format) {
  return {
      "comparing", "qemu-img",
      joined(
          {{"compare", "-p", "-f", to_string(format), "-F", "raw"}, secret_words(login), {file, volume_node(login)}})};
}

}  // namespace shoal
