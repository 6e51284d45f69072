#include "target/runtime/mixed_file_engine.h"

namespace shoal {

std::unique_ptr<MixedFileEngine> MixedFileEngine::create(boost::asio::io_context& context, RunQueue& queue) {
  auto ring = UringFileEngine::create(context, queue);
  if (!ring) return nullptr;
  return std::unique_ptr<MixedFileEngine>(new MixedFileEngine(std::move(ring), context, queue));
}

void MixedFileEngine::start(std::unique_ptr<FileOperation> operation) {
  const bool into_page_cache =
      operation->verb() == FileVerb::write && operation->write_flags() == 0 && !operation->file().direct;
  if (into_page_cache) {
    writer_.start(std::move(operation));
  } else {
    ring_->start(std::move(operation));
  }
}

bool MixedFileEngine::turn() {
  writer_.turn();  // completes nothing: its answers wake the loop themselves
  return ring_->turn();
}

void MixedFileEngine::abandon(const OpenFile& file) {
  writer_.abandon(file);
  ring_->abandon(file);
}

}  // namespace shoal
