#include "routing/journal_store/node_census.h"

#include <utility>

#include "routing/journal_store/aligned.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

constexpr std::size_t kReadsAtOnce = 64;

}  // namespace

void NodeCensus::run(Completion<> done) {
  done_ = std::move(done);
  for (const ArrayTree* tree : {&core_.space, &core_.catalog}) {
    for (const auto& level : tree->levels()) {
      for (const NodeRef& ref : level) core_.ledger.space.learn_node(ref.at);
    }
  }
  for (const auto& [id, image] : core_.ledger.catalog.images) {
    take({{TreeId::Kind::chunks, id}, image.root_level, 0}, image.root);
  }
  pump();
}

void NodeCensus::take(const NodeKey& key, const NodeRef& ref) {
  if (ref.at.value == 0) return;
  core_.ledger.space.learn_node(ref.at);
  if (key.level > 0) pending_.push_back({key, ref});
}

void NodeCensus::pump() {
  while (!pending_.empty() && reading_ < kReadsAtOnce) {
    const Inner node = pending_.back();
    pending_.pop_back();
    read(node);
  }
  if (reading_ > 0 || !done_) return;
  core_.ledger.space.all_nodes_are_learnt();
  std::exchange(done_, nullptr)();
}

void NodeCensus::read(const Inner& node) {
  ++reading_;
  SharedBytes bytes = aligned_bytes(kBlock);
  const MutableByteSpan into{bytes.get(), kBlock};
  core_.device->read(node.ref.at, into,
                     [self = shared_from_this(), node, bytes = std::move(bytes)](Result<void, StoreError> result) {
                       --self->reading_;
                       if (!result && result.error() == StoreError::no_resources) return self->read_again(node);
                       if (result) self->on_read(node, {bytes.get(), kBlock});
                       self->pump();
                     });
}

// What is not known now would stay unknown as long as the store lives.
void NodeCensus::read_again(const Inner& node) {
  ++reading_;
  core_.device->ask_again([self = shared_from_this(), node] {
    --self->reading_;
    self->read(node);
  });
}

void NodeCensus::on_read(const Inner& node, ByteSpan bytes) {
  const auto header = node_header(bytes);
  if (crc32c(bytes) != node.ref.crc || !header || header->key != node.key) return;
  if (header->store != core_.ledger.store) return;
  for (std::uint32_t slot = 0; slot < kChildren; ++slot) {
    const auto level = static_cast<std::uint8_t>(node.key.level - 1);
    take({node.key.tree, level, node.key.index * kChildren + slot}, child(bytes, slot));
  }
}

}  // namespace shoal::routing::journal
