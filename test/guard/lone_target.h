// LoneTarget: what `shoald --ephemeral` runs, with one volume in memory or in a journal store on a device in memory, in
// this thread: it works only while it is let, and then until nothing is left to do.
#pragma once

#include <memory>
#include <string>

#include "cluster/meta_store.h"
#include "routing/page.h"
#include "target/runtime/asio_runtime.h"
#include "test/guard/memory_device.h"
#include "tools/node/node.h"

namespace shoal::test {

enum class Medium : std::uint8_t { memory, store };  // store: durability sync

class LoneTarget {
 public:
  LoneTarget(std::uint64_t volume_bytes, Medium medium);  // throws when it cannot begin
  ~LoneTarget();

  const std::string& target_name() const { return target_name_; }
  const Endpoint& portal() const { return portal_; }

  void work();
  void work_counted();  // by counters.h, and by callgrind, whose --toggle-collect names this function

 private:
  void start();
  void make_volume(std::uint64_t bytes, routing::DurabilityPolicy durability);

  AsioRuntime runtime_{FileEngine::threads};  // io_uring is nothing that valgrind knows
  MemoryDeviceRuntime device_runtime_{runtime_};
  std::unique_ptr<cluster::MetaStore> meta_;
  std::unique_ptr<Node> node_;
  std::string target_name_;
  Endpoint portal_;
};

}  // namespace shoal::test
