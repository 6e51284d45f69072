#include "tools/shoalctl/image_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "tools/node/secret_files.h"
#include "tools/shoalctl/image_rules.h"
#include "tools/shoalctl/image_target.h"
#include "tools/shoalctl/secret_descriptor.h"
#include "tools/shoalctl/tool_output.h"
#include "tools/shoalctl/tool_runner.h"
#include "tools/shoalctl/views.h"

namespace shoal {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct ImageOptions {
  std::string volume, file, format;
  std::string initiator = kImageInitiator, user, secret_file, portal;
  bool create = false, force = false, verify = false, lines = false;
};
using Shared = std::shared_ptr<ImageOptions>;

void refuse(const std::string& why) {
  if (!why.empty()) throw std::runtime_error(why);
}

// Runs the steps of one command and shows how far they are; the seconds are those of the copy.
class Transfer {
 public:
  explicit Transfer(bool lines) : progress_(!lines && isatty(STDERR_FILENO)) {}

  std::string look(const ToolStep& step) {
    return runner_.run(step, [](double) {});
  }

  void copy(const std::vector<ToolStep>& steps) {
    const auto begun = std::chrono::steady_clock::now();
    for (const ToolStep& step : steps) run(step);
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  }
  double seconds() const { return seconds_; }

  void run(const ToolStep& step) {
    print(progress_.begin(step.title));
    try {
      runner_.run(step, [this](double percent) { print(progress_.percent(percent)); });
    } catch (...) {
      print(progress_.end());
      throw;
    }
    print(progress_.end());
  }

 private:
  static void print(const std::string& text) { std::cerr << text << std::flush; }

  ToolRunner runner_;
  ProgressText progress_;
  double seconds_ = 0;
};

// The secret is in memory for as long as this is.
struct Login {
  std::optional<SecretDescriptor> secret;
  VolumeLogin login;
};

Endpoint portal_of(const Options& options, const ImageOptions& given, bool known_here_only) {
  if (!given.portal.empty()) {
    const auto portal = Endpoint::parse(given.portal);
    if (!portal) throw std::runtime_error("--portal " + given.portal + " is not ADDRESS:PORT with a numeric address");
    return *portal;
  }
  const json members = call(options, "GET", "/members");
  const auto portal = portal_for(members, Endpoint::parse(options.control).value(), known_here_only);
  if (!portal) throw std::runtime_error("the member that is asked tells no portal: give --portal ADDRESS:PORT");
  return *portal;
}

void log_in(Login& into, const Options& options, const ImageOptions& given, const VolumeFacts& volume) {
  refuse(why_no_login(volume, given.initiator, given.user));
  into.login = {portal_of(options, given, given.create), volume.iqn, given.initiator, given.user, ""};
  if (given.user.empty()) return;
  const auto found = SecretFiles(Log()).credentials({{given.user, given.secret_file}, std::nullopt});
  if (!found) throw std::runtime_error(found.error());
  into.login.secret_path = into.secret.emplace(found->initiator.secret).path();
}

VolumeFacts ask_for_volume(const Options& options, const std::string& name) {
  return volume_facts(call(options, "GET", "/volumes/" + segment(name)), call(options, "GET", "/sessions"));
}

ImageFile look_at_image(Transfer& transfer, const std::string& file, const std::string& format) {
  const auto status = fs::status(file);
  if (!fs::exists(status)) throw std::runtime_error("there is no file " + file);
  if (!fs::is_regular_file(status) && !fs::is_block_file(status)) {
    throw std::runtime_error(file + " is neither a regular file nor a disk");
  }
  const auto image = image_in(file, transfer.look(info_step(fs::absolute(file).string(), format)));
  if (!image) throw std::runtime_error(image.error());
  return *image;
}

json result_of(const ImageOptions& given, ImageFormat format, std::uint64_t bytes, double seconds) {
  return {{"volume", given.volume},      {"file", given.file},
          {"format", to_string(format)}, {"bytes", bytes},
          {"seconds", seconds},          {"mib_per_s", static_cast<double>(bytes) / 0x100000 / seconds},
          {"verified", given.verify}};
}

std::string result_view(const json& result) {
  return fmt::format("a disk of {} bytes in {:.2f} s, {:.1f} MiB/s{}\n", result.at("bytes").get<std::uint64_t>(),
                     result.at("seconds").get<double>(), result.at("mib_per_s").get<double>(),
                     result.at("verified").get<bool>() ? "; compared: the same" : "");
}

// Whatever ends it, the disk is not the one of before.
void copy_or_say_half(Transfer& transfer, const Import& order, const std::string& volume) {
  const std::string half = fmt::format("; volume {} may hold a part of the image: import it again", volume);
  try {
    transfer.copy(import_steps(order));
  } catch (const Interrupted& interrupted) {
    throw Interrupted(interrupted.signal, interrupted.what() + half);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + half);
  }
}

void create_for(const Options& options, const ImageOptions& given, const ImageFile& image) {
  call(options, "POST", "/volumes", {{"name", given.volume}, {"size_bytes", volume_bytes_for(image.bytes)}});
}

void import_image(const Options& options, const ImageOptions& given) {
  Transfer transfer(given.lines);
  const ImageFile image = look_at_image(transfer, given.file, given.format);
  if (given.create) create_for(options, given, image);
  const VolumeFacts volume = ask_for_volume(options, given.volume);
  refuse(why_no_import(volume, image, given.file, given.force));
  Login login;
  log_in(login, options, given, volume);
  const std::string file = fs::absolute(given.file).string();
  copy_or_say_half(transfer, {file, image, login.login, volume.bytes, given.create}, given.volume);
  if (given.verify) transfer.run(compare_step(login.login, file, image.format));
  show(options, result_of(given, image.format, image.bytes, transfer.seconds()), result_view);
}

ImageFormat export_format(const ImageOptions& given) {
  const auto format = given.format.empty() ? format_of_suffix(given.file) : parse_image_format(given.format);
  if (!format) throw std::runtime_error("the name of " + given.file + " tells no format: give --format raw or qcow2");
  return *format;
}

void export_image(const Options& options, const ImageOptions& given) {
  const ImageFormat format = export_format(given);
  ImageTarget target(given.file, given.force);
  const VolumeFacts volume = ask_for_volume(options, given.volume);
  refuse(why_no_export(volume));
  Login login;
  log_in(login, options, given, volume);
  if (const auto warning = export_warning(volume); !warning.empty()) std::cerr << "warning: " << warning << "\n";
  Transfer transfer(given.lines);
  transfer.copy({export_step({target.partial(), format, login.login})});
  if (given.verify) transfer.run(compare_step(login.login, target.partial(), format));
  target.finish();
  show(options, result_of(given, format, volume.bytes, transfer.seconds()), result_view);
}

void add_common_options(CLI::App& command, const Shared& given) {
  command.add_option("NAME", given->volume, "the volume")->required();
  command.add_option("FILE", given->file, "the image")->required();
  auto* user = command.add_option("--user", given->user, "name for CHAP");
  auto* secret = command.add_option("--secret-file", given->secret_file, "file with its secret, on this machine");
  user->needs(secret);
  secret->needs(user);
  command.add_option("--initiator", given->initiator, "name to log in with")->capture_default_str();
  command.add_option("--portal", given->portal,
                     "ADDRESS:PORT to log in at (default: that of the member that is asked)");
  command.add_flag("--verify", given->verify, "compare volume and image afterwards");
  command.add_flag("--progress", given->lines, "progress in lines, also on a terminal");
}

void add_format(CLI::App& command, const Shared& given, const char* what) {
  command.add_option("--format", given->format, what)->check(CLI::IsMember({"raw", "qcow2"}));
}

}  // namespace

void add_image_commands(CLI::App& volume, const Options& options) {
  const auto given = std::make_shared<ImageOptions>();
  CLI::App* in = volume.add_subcommand("import", "fill a volume with the disk in an image; what it held is lost");
  add_common_options(*in, given);
  add_format(*in, given, "raw or qcow2 (default: what the image looks like)");
  in->add_flag("--create", given->create, "make the volume first, as large as the disk");
  in->add_flag("--force", given->force, "also under sessions that use the volume");
  in->callback([&options, given] { import_image(options, *given); });

  CLI::App* out = volume.add_subcommand("export", "write a volume to an image");
  add_common_options(*out, given);
  add_format(*out, given, "raw or qcow2 (default: by the suffix, .raw, .img or .qcow2)");
  out->add_flag("--force", given->force, "replace FILE");
  out->callback([&options, given] { export_image(options, *given); });
}

}  // namespace shoal
