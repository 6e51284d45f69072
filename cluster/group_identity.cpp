#include "cluster/group_identity.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "cluster/meta_calls.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr Duration kSayStillWaiting = 10s;

}  // namespace

std::string encode(const GroupIdentity& identity) {
  return json{{"format", kFormat}, {"name", identity.name}, {"id", identity.id.to_string()}}.dump();
}

std::optional<GroupIdentity> decode_group(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  try {
    const auto id = GroupId::parse(value.at("id").get<std::string>());
    if (value.at("format") != kFormat || !id || id->is_zero()) return std::nullopt;
    return GroupIdentity{value.at("name").get<std::string>(), *id};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

struct GroupFinder::Impl {
  Impl(Runtime& runtime_, MetaStore& meta_, std::string name_, Log log_)
      : runtime(runtime_), meta(meta_), name(std::move(name_)), log(std::move(log_)), calls(runtime_, meta_) {}

  void find(Completion<Result<GroupId, std::string>> done_) {
    done = std::move(done_);
    say_later();
    read();
  }

  void say_later() {
    waiting = runtime.after(kSayStillWaiting, [this] {
      log.warn("group_waits_for_metadata group={} reachable={}", name, meta.reachable());
      say_later();
    });
  }

  void read() {
    calls.read(kGroupKey, [this](const std::optional<Entry>& found) {
      if (found) return judge(*found);
      write();
    });
  }

  void write() {
    GroupIdentity identity{name, {}};
    runtime.random().fill(std::as_writable_bytes(std::span(identity.id.bytes)));
    calls.pursue({{{kGroupKey, 0}}, {{kGroupKey, encode(identity)}}}, [this, identity](const Settled& settled) {
      if (settled.done) return on_founded(identity);
      if (settled.found) return judge(*settled.found);
      calls.pause(back_off, [this] { read(); });
    });
  }

  void on_founded(const GroupIdentity& identity) {
    log.info("group_founded group={} id={}", name, identity.id);
    finish(identity.id);
  }

  void judge(const Entry& found) {
    const auto identity = decode_group(found.value);
    if (!identity)
      return finish(fmt::format("the metadata are of a version that this build does not know ({})", kGroupKey));
    if (identity->name != name) {
      return finish(
          fmt::format("the metadata are of group {}, and this member is of group {}; correct the name (key \"group\") "
                      "or give this group metadata of its own (key \"metadata\")",
                      shoal::quoted(identity->name), name));
    }
    finish(identity->id);
  }

  void finish(Result<GroupId, std::string> result) {
    waiting.reset();
    std::exchange(done, {})(std::move(result));
  }

  Runtime& runtime;
  MetaStore& meta;
  std::string name;
  Log log;
  Completion<Result<GroupId, std::string>> done;
  std::unique_ptr<Timer> waiting;
  BackOff back_off;
  MetaCalls calls;
};

GroupFinder::GroupFinder(Runtime& runtime, MetaStore& meta, std::string name, Log log)
    : impl_(std::make_shared<Impl>(runtime, meta, std::move(name), std::move(log))) {}
GroupFinder::~GroupFinder() = default;

void GroupFinder::find(Completion<Result<GroupId, std::string>> done) { impl_->find(std::move(done)); }

}  // namespace shoal::cluster
