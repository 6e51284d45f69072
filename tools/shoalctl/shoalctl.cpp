// shoalctl: what an operator asks a group, through the control port of any member.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/node/config.h"
#include "tools/shoalctl/control_session.h"
#include "tools/shoalctl/image_commands.h"
#include "tools/shoalctl/load_commands.h"
#include "tools/shoalctl/new_member.h"
#include "tools/shoalctl/store_commands.h"
#include "tools/shoalctl/tool_runner.h"
#include "tools/shoalctl/views.h"

namespace {

using nlohmann::json;
using namespace shoal;

constexpr int kExitOfSignal = 128;  // as shells count

std::string done_view(const json& answer) { return answer.value("message", "done") + "\n"; }

struct CreateOptions {
  std::string name, size, page = "16MiB", durability, placement = "striped";
};

std::uint64_t size_argument(const std::string& what, const std::string& given) {
  const auto size = parse_size(given);
  if (!size) throw std::runtime_error(what + " \"" + given + "\" is not a size; write it as 512MiB or 10GiB");
  return *size;
}

void create_volume(const Options& options, const CreateOptions& create) {
  json body = {{"name", create.name},
               {"size_bytes", size_argument("size", create.size)},
               {"page_bytes", size_argument("page size", create.page)},
               {"placement", create.placement}};
  if (!create.durability.empty()) body["durability"] = create.durability;
  show(options, call(options, "POST", "/volumes", body), view_volume);
}

struct AccessOptions {
  std::string initiator;
  std::string user, secret_file, mutual_user, mutual_secret_file;
  bool off = false;
};

void change_access(const Options& options, const std::string& volume, const std::string& order, const json& body) {
  show(options, call(options, "POST", "/volumes/" + segment(volume) + "/" + order, body), view_volume);
}

void change_chap(const Options& options, const std::string& volume, const AccessOptions& access) {
  if (access.off) {
    return show(options, call(options, "DELETE", "/volumes/" + segment(volume) + "/chap"), view_volume);
  }
  if (access.user.empty() || access.secret_file.empty()) {
    throw std::runtime_error("volume chap: give --user and --secret-file, or --off");
  }
  json body = {{"user", access.user}, {"secret_file", access.secret_file}};
  if (!access.mutual_user.empty()) body["mutual_user"] = access.mutual_user;
  if (!access.mutual_secret_file.empty()) body["mutual_secret_file"] = access.mutual_secret_file;
  change_access(options, volume, "chap", body);
}

void add_list_command(CLI::App& volume, const Options& options, std::string& name, AccessOptions& access,
                      const std::string& order, const std::string& what) {
  CLI::App* command = volume.add_subcommand(order, what);
  command->add_option("NAME", name)->required();
  command->add_option("INITIATOR", access.initiator, "its name; '*' stands for any characters, '?' for one")
      ->required();
  command->callback([&, order] { change_access(options, name, order, {{"initiator", access.initiator}}); });
}

void add_access_commands(CLI::App& volume, const Options& options, std::string& name, AccessOptions& access) {
  add_list_command(volume, options, name, access, "allow",
                   "let an initiator log in; once one is named, only those that are");
  add_list_command(volume, options, name, access, "deny", "never let it log in; its sessions end");
  add_list_command(volume, options, name, access, "forget", "take an entry out of the list that it is in");
  CLI::App* chap = volume.add_subcommand("chap", "have initiators prove themselves with CHAP");
  chap->add_option("NAME", name)->required();
  chap->add_option("--user", access.user, "name that the initiator gives");
  chap->add_option("--secret-file", access.secret_file, "absolute path of a file with its secret, on every member");
  chap->add_option("--mutual-user", access.mutual_user, "name that the target gives, for mutual CHAP");
  chap->add_option("--mutual-secret-file", access.mutual_secret_file, "with another secret");
  chap->add_flag("--off", access.off, "ask for no proof");
  chap->callback([&] { change_chap(options, name, access); });
}

void add_volume_commands(CLI::App& app, const Options& options, CreateOptions& create, AccessOptions& access) {
  CLI::App* volume = app.add_subcommand("volume", "volumes of the group")->require_subcommand(1);
  CLI::App* add = volume->add_subcommand("create", "make a volume");
  add->add_option("NAME", create.name, "a-z, 0-9, '.', '-'")->required();
  add->add_option("SIZE", create.size, "as 10GiB")->required();
  add->add_option("--page", create.page, "page size, 64KiB to 64MiB")->capture_default_str();
  add->add_option("--durability", create.durability,
                  "what GOOD means: sync, writeback or memory (default: sync; memory where no member has a store)");
  add->add_option("--placement", create.placement, "striped or contiguous")->capture_default_str();
  add->callback([&] { create_volume(options, create); });
  volume->add_subcommand("list", "all volumes")->callback([&] {
    show(options, call(options, "GET", "/volumes"), view_volumes);
  });
  CLI::App* show_one = volume->add_subcommand("show", "one volume");
  show_one->add_option("NAME", create.name)->required();
  show_one->callback([&] { show(options, call(options, "GET", "/volumes/" + segment(create.name)), view_volume); });
  add_access_commands(*volume, options, create.name, access);
  add_image_commands(*volume, options);
  CLI::App* remove = volume->add_subcommand("delete", "delete a volume and its data; refused while sessions exist");
  remove->add_option("NAME", create.name)->required();
  remove->callback([&] { show(options, call(options, "DELETE", "/volumes/" + segment(create.name)), done_view); });
}

struct NewMember {
  std::uint32_t id = 0;
  std::string address, file;
};

void write_new_member(const Options& options, const NewMember& member) {
  const json like = call(options, "GET", "/config");
  const std::string why = why_no_new_member(like, call(options, "GET", "/members"), member.id, member.address);
  if (!why.empty()) throw std::runtime_error("member add: " + why);
  const json config = new_member_config(like, member.id, member.address);
  if (member.file.empty()) {
    std::cout << config.dump(1) << "\n";
    return;
  }
  if (std::filesystem::exists(member.file)) {
    throw std::runtime_error(fmt::format("member add: {} exists; remove it, or name another file", member.file));
  }
  std::ofstream file(member.file);
  file << config.dump(1) << "\n";
  if (!file.flush()) throw std::runtime_error("member add: cannot write " + member.file);
  std::cout << new_member_steps(config, member.file);
}

void add_new_member_command(CLI::App& members, const Options& options, NewMember& member) {
  CLI::App* add =
      members.add_subcommand("add", "write the configuration of a new member, like that of the one that is asked");
  add->add_option("ID", member.id, "its number, which no other member has")->required();
  add->add_option("ADDRESS", member.address, "of the new machine; ports stay the same")->required();
  add->add_option("--output", member.file, "file for it (default: standard output)");
  add->callback([&] { write_new_member(options, member); });
}

// A session gets another id where it logs in; nothing but its host and its volume says which. Empty: not to be told.
std::string new_session_id(const json& before, const json& after, const std::string& moved) {
  const auto id_of = [](const json& session) { return session.at("id").get<std::string>(); };
  const auto is_new = [&](const json& session) {
    return std::none_of(before.begin(), before.end(), [&](const json& old) { return id_of(old) == id_of(session); });
  };
  const auto old =
      std::find_if(before.begin(), before.end(), [&](const json& session) { return id_of(session) == moved; });
  if (old == before.end()) return "";
  std::vector<std::string> found;
  for (const json& session : after) {
    const bool same = session.at("initiator") == old->at("initiator") && session.at("volume") == old->at("volume");
    if (same && is_new(session)) found.push_back(id_of(session));
  }
  return found.size() == 1 ? found.front() : "";
}

std::string moved_view(const json& answer) {
  const std::string id = answer.value("new_id", "");
  return done_view(answer) + (id.empty() ? "" : "its id is " + id + " now\n");
}

struct MoveOptions {
  std::string id;
  std::uint32_t member = 0;
  std::string how = "close";
  bool polite = false, force = false;
};

void move_session(const Options& options, const MoveOptions& move) {
  json body = {{"how", move.polite ? "polite" : move.how}, {"force", move.force}};
  if (move.member != 0) body["to"] = move.member;
  const json before = call(options, "GET", "/sessions");
  json answer = call(options, "POST", "/sessions/" + segment(move.id) + "/move", body);
  answer["new_id"] = new_session_id(before, call(options, "GET", "/sessions"), move.id);
  show(options, answer, moved_view);
}

void add_move_command(CLI::App& session, const Options& options, MoveOptions& move) {
  CLI::App* command = session.add_subcommand("move", "move it to another member; its host goes on without an error");
  command->add_option("ID", move.id, "from `shoalctl sessions`")->required();
  command->add_option("MEMBER", move.member, "where to; default: where the group would place it");
  command->add_option("--how", move.how, "close, logout or polite: how its host is made to go")->capture_default_str();
  command->add_flag("--polite", move.polite, "ask the host to log out when it sees fit (--how polite)");
  command->add_flag("--force", move.force, "also a session that came to a member portal by itself");
  command->callback([&] { move_session(options, move); });
}

void add_member_commands(CLI::App& app, const Options& options, MoveOptions& move, NewMember& added) {
  CLI::App* member = app.add_subcommand("member", "members of the group")->require_subcommand(1);
  member->add_subcommand("list", "all members")->callback([&] {
    show(options, call(options, "GET", "/members"), view_members);
  });
  add_new_member_command(*member, options, added);
  CLI::App* drain = member->add_subcommand("drain", "have its sessions go, and place no host there until `undrain`");
  drain->add_option("ID", move.member)->required();
  drain->add_flag("--force", move.force, "drop also sessions that came to its member portal by themselves");
  drain->callback([&] {
    const std::string path = fmt::format("/members/{}/drain", move.member);
    show(options, call(options, "POST", path, {{"force", move.force}}), done_view);
  });
  CLI::App* undrain = member->add_subcommand("undrain", "place hosts there again");
  undrain->add_option("ID", move.member)->required();
  undrain->callback(
      [&] { show(options, call(options, "POST", fmt::format("/members/{}/undrain", move.member)), done_view); });
}

void add_commands(CLI::App& app, const Options& options, CreateOptions& create, AccessOptions& access,
                  MoveOptions& move, NewMember& added, std::string& id) {
  app.add_subcommand("status", "health of the group as this member sees it")->callback([&] {
    show(options, call(options, "GET", "/status"), view_status);
  });
  add_load_commands(app, options);
  add_member_commands(app, options, move, added);
  add_volume_commands(app, options, create, access);
  add_store_commands(app, options);
  CLI::App* map = app.add_subcommand("map", "which member has which pages of a volume");
  map->add_option("VOLUME", create.name)->required();
  map->callback([&] {
    const bool colour = isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR");
    show(options, call(options, "GET", "/volumes/" + segment(create.name) + "/map"),
         [&](const json& answer) { return view_map(answer, colour); });
  });
  app.add_subcommand("sessions", "sessions of the whole group")->callback([&] {
    show(options, call(options, "GET", "/sessions"), view_sessions);
  });
  CLI::App* session = app.add_subcommand("session", "one session")->require_subcommand(1);
  CLI::App* drop =
      session->add_subcommand("drop", "finish its commands, then make the host log in anew, where the group places it");
  drop->add_option("ID", id, "from `shoalctl sessions`")->required();
  drop->callback([&] { show(options, call(options, "POST", "/sessions/" + segment(id) + "/drop"), done_view); });
  add_move_command(*session, options, move);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("shoalctl: operate a Shoal group through the control port of any member");
  Options options;
  CreateOptions create;
  AccessOptions access;
  MoveOptions move;
  NewMember added;
  std::string id;
  app.add_option("--control", options.control, "control port of a member")
      ->envname("SHOAL_CONTROL")
      ->capture_default_str();
  app.add_option("--token-file", options.token_file, "file with the control port's token")->envname("SHOAL_TOKEN_FILE");
  app.add_flag("--json", options.as_json, "print the answer as JSON, for programs");
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", "shoalctl " SHOAL_VERSION);
  add_commands(app, options, create, access, move, added, id);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const Interrupted& interrupted) {
    std::cerr << "shoalctl: " << interrupted.what() << "\n";
    return kExitOfSignal + interrupted.signal;
  } catch (const std::exception& error) {
    std::cerr << "shoalctl: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
