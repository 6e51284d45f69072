// LoneTarget: what `shoald --ephemeral` runs, with one volume in memory, in this thread: it works only while it is let,
// and then until nothing is left to do.
#pragma once

#include <memory>
#include <string>

#include "cluster/meta_store.h"
#include "target/runtime/asio_runtime.h"
#include "tools/node/node.h"

namespace shoal::test {

class LoneTarget {
 public:
  explicit LoneTarget(std::uint64_t volume_bytes);  // throws when it cannot begin
  ~LoneTarget();

  const std::string& target_name() const { return target_name_; }
  const Endpoint& portal() const { return portal_; }

  void work();
  void work_counted();  // by counters.h, and by callgrind, whose --toggle-collect names this function

 private:
  void start();
  void make_volume(std::uint64_t bytes);

  AsioRuntime runtime_{FileEngine::threads};  // io_uring is nothing that valgrind knows
  std::unique_ptr<cluster::MetaStore> meta_;
  std::unique_ptr<Node> node_;
  std::string target_name_;
  Endpoint portal_;
};

}  // namespace shoal::test
