// Batches: an initiator that sends a batch of READs or WRITEs in one write and waits for all of its answers, on a
// socket of its own. In one thread with its target (LoneTarget), so that the same things happen each time.
#pragma once

#include <functional>

#include "target/base/endpoint.h"
#include "target/base/random.h"
#include "target/base/slice.h"
#include "test/support/initiator_pdus.h"

namespace shoal::test {

struct Workload {
  bool write = false;
  bool in_order = false;  // else anywhere
  std::uint32_t block_bytes = 4096;
  std::uint32_t depth = 32;
  iscsi::Digests digests;
};

class Batches {
 public:
  // Connects and logs in. `target_works` is called whenever it is the target's turn. Throws what has gone wrong.
  Batches(const Endpoint& portal, const std::string& target_name, std::uint64_t volume_bytes, const Workload& workload,
          const std::function<void()>& target_works);
  ~Batches();
  Batches(const Batches&) = delete;

  void run_one(const std::function<void()>& target_works);

 private:
  void log_in(const std::string& target_name, const std::function<void()>& target_works);
  void take_unit_attention(const std::function<void()>& target_works);
  Slice next_batch();
  std::uint64_t next_block();
  std::vector<Answer> exchange(const Slice& bytes, std::size_t expected, const std::function<void()>& target_works);
  std::size_t send_some(ByteSpan bytes);
  bool receive_some();

  const Workload workload_;
  const std::uint64_t blocks_;
  const std::string data_;
  int socket_ = -1;
  SeededRandom random_{1};
  std::uint64_t latest_block_ = 0;
  InitiatorNumbers numbers_;
  AnswerReader reader_;
};

}  // namespace shoal::test
