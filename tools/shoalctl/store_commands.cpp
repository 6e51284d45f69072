#include "tools/shoalctl/store_commands.h"

#include <fmt/format.h>

#include <memory>

#include "tools/shoalctl/store_view.h"

namespace shoal {
namespace {

using Member = std::shared_ptr<std::string>;

std::string path_of(const Member& member, const char* what) { return "/members/" + segment(*member) + "/" + what; }

void add_member_option(CLI::App& command, const Member& member) {
  command.add_option("MEMBER", *member, "whose store; default: of the member that is asked");
}

void add_order(CLI::App& scrub, const Options& options, const Member& member, const std::string& order,
               const std::string& what) {
  CLI::App* command = scrub.add_subcommand(order, what);
  add_member_option(*command, member);
  command->callback([&options, member, order] {
    show(options, call(options, "POST", path_of(member, "scrub"), {{"order", order}}), view_scrub);
  });
}

}  // namespace

void add_store_commands(CLI::App& app, const Options& options) {
  const auto member = std::make_shared<std::string>("self");
  CLI::App* store = app.add_subcommand("store", "page store of a member")->require_subcommand(1);
  CLI::App* one = store->add_subcommand("show", "what it is, how full, and whether it is sound");
  add_member_option(*one, member);
  one->callback([&options, member] { show(options, call(options, "GET", path_of(member, "store")), view_store); });
  CLI::App* scrub = store->add_subcommand("scrub", "reading all of it, to find what has rotted")->require_subcommand(1);
  CLI::App* status = scrub->add_subcommand("status", "how far it is, and what was found");
  add_member_option(*status, member);
  status->callback([&options, member] { show(options, call(options, "GET", path_of(member, "store")), view_scrub); });
  add_order(*scrub, options, member, "start", "begin one now, from the beginning");
  add_order(*scrub, options, member, "pause", "stop reading until `resume`");
  add_order(*scrub, options, member, "resume", "go on where it was paused");
}

}  // namespace shoal
