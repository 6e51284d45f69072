// io_cost: what one I/O costs the target, apart from the kernel, in figures that do not depend on the machine's speed:
// a line of JSON with allocations, copied payload, calls of the network and calls of the device an I/O. Under callgrind
// with
// --toggle-collect='shoal::test::LoneTarget::work_counted()' the instructions, too (test/guard/run).
#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "test/guard/batches.h"
#include "test/guard/counters.h"
#include "test/guard/lone_target.h"

namespace {

using namespace shoal;
using namespace shoal::test;

constexpr std::uint64_t kVolumeBytes = 8u << 20;
constexpr unsigned kBatchesBefore = 32;  // buffers, pools and the kernel's windows have grown by then

// Every block is there when it is counted what reading it takes.
void fill(LoneTarget& target) {
  constexpr Workload kWhole{.write = true, .in_order = true, .block_bytes = 65536, .depth = 16};
  const auto works = [&] { target.work(); };
  Batches writes(target.portal(), target.target_name(), kVolumeBytes, kWhole, works);
  for (unsigned i = 0; i < kVolumeBytes / kWhole.block_bytes / kWhole.depth; ++i) writes.run_one(works);
}

nlohmann::json measure(const Workload& workload, Medium medium, unsigned batches) {
  LoneTarget target(kVolumeBytes, medium);
  fill(target);
  const auto works = [&] { target.work(); };
  const auto works_counted = [&] { target.work_counted(); };
  Batches load(target.portal(), target.target_name(), kVolumeBytes, workload, works);
  for (unsigned i = 0; i < kBatchesBefore; ++i) load.run_one(works);
  for (unsigned i = 0; i < batches; ++i) load.run_one(works_counted);
  const double ios = double{1} * batches * workload.depth;
  return {{"ios", ios},
          {"allocations", static_cast<double>(counters().allocations) / ios},
          {"copied_bytes", static_cast<double>(counters().copied_bytes) / ios},
          {"system_calls", static_cast<double>(counters().system_calls) / ios},
          {"device_calls", static_cast<double>(counters().device_calls) / ios}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("io_cost: what one I/O costs the target");
  Workload workload;
  unsigned batches = 128;
  bool digests = false, store = false;
  app.add_flag("--write", workload.write, "else READ");
  app.add_option("--block", workload.block_bytes, "bytes a command")->capture_default_str();
  app.add_option("--depth", workload.depth, "commands in a batch")->capture_default_str();
  app.add_flag("--digests", digests, "header and data digests");
  app.add_flag("--store", store, "in a journal store, each write durable; else in memory");
  app.add_option("--batches", batches, "that are counted")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  workload.digests = {digests, digests};
  try {
    std::cout << measure(workload, store ? Medium::store : Medium::memory, batches) << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "io_cost: " << error.what() << std::endl;
    return 1;
  }
}
