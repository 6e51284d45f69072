#include "tools/shoalctl/trace_file.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "cluster/load/trace.h"
#include "test/unit/load/group.h"
#include "tools/shoalctl/views.h"

using namespace shoal;
using Catch::Contains;
using nlohmann::json;

namespace {

// Gone with the test.
struct TraceFile {
  std::string path = (std::filesystem::temp_directory_path() / ("shoal-trace-" + std::to_string(::getpid()))).string();
  TraceFile() { std::filesystem::remove(path); }
  ~TraceFile() { std::filesystem::remove(path); }
};

json sample() {
  const load::TraceStep step{load::Group::of({900, 100, 100}).load, {}};
  return json::parse(load::encode(step));
}

}  // namespace

TEST_CASE("a trace is recorded to a new file, and replayed from it") {
  TraceFile file;
  const json recorded = record_trace(file.path, 1, sample);
  CHECK(recorded.at("seconds") == 1);
  CHECK_THAT(view_recording(recorded), Contains("1 s in ") && !Contains("too long"));
  CHECK_THROWS_WITH(record_trace(file.path, 1, sample), Contains("exists"));
  const json replayed = replay_trace(file.path, {"least-loaded", "act"});
  CHECK(replayed.at("seconds") == 1);
  CHECK(replayed.at("moves") == 0);
  CHECK_THAT(view_replay(replayed), Contains("1 s, policy least-loaded, balance act"));
}

TEST_CASE("what is no trace is neither written nor replayed") {
  TraceFile file;
  CHECK_THROWS_WITH(record_trace(file.path, 1, [] { return json{{"group", 1}}; }), Contains("not a line"));
  std::ofstream(file.path) << "{}\n";
  CHECK_THROWS_WITH(replay_trace(file.path, {"weighted", "act"}), Contains("line 1: not a line"));
  CHECK_THROWS_WITH(replay_trace(file.path + "-none", {"weighted", "act"}), Contains("cannot be read"));
  CHECK_THROWS_WITH(replay_trace(file.path, {"best", "act"}), Contains("--policy"));
  CHECK_THROWS_WITH(replay_trace(file.path, {"weighted", "perhaps"}), Contains("--balance"));
}
