#include "routing/journal_store/array_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

constexpr std::size_t kReadsAtOnce = 64;

class ArrayReading : public std::enable_shared_from_this<ArrayReading> {
 public:
  using Done = Completion<Result<ReadArray, std::string>>;

  ArrayReading(Device& device, TreeId::Kind kind, const StoreId& store, std::uint64_t bytes, Done done)
      : device_(device), kind_(kind), store_(store), bytes_(bytes), done_(std::move(done)) {}

  void start(const NodeRef& root) {
    level_ = root_level(std::max<std::uint64_t>(bytes_, 1), kBytesPerLeaf);
    array_.levels.resize(level_ + std::size_t{1});
    array_.levels[level_] = {root};
    array_.bytes.resize(bytes_);
    read_level();
  }

 private:
  const std::vector<NodeRef>& refs() const { return array_.levels[level_]; }

  void read_level() {
    next_ = 0;
    if (level_ > 0) array_.levels[level_ - 1u].resize(nodes_of(static_cast<std::uint8_t>(level_ - 1)));
    pump();
  }

  std::uint64_t nodes_of(std::uint8_t level) const {
    const std::uint64_t span = span_of(level, kBytesPerLeaf);
    return (std::max<std::uint64_t>(bytes_, 1) + span - 1) / span;
  }

  void pump() {
    while (error_.empty() && next_ < refs().size() && reading_ < kReadsAtOnce) {
      ++reading_;
      read(next_++);
    }
    if (reading_ > 0 || (error_.empty() && next_ < refs().size())) return;
    if (!error_.empty()) return done_(std::move(error_));
    if (level_ == 0) return done_(std::move(array_));
    --level_;
    read_level();
  }

  void read(std::uint64_t index) {
    SharedBytes bytes = aligned_bytes(kBlock);
    const MutableByteSpan into{bytes.get(), kBlock};
    const NodeRef ref = refs()[index];
    device_.read(ref.at, into,
                 [self = shared_from_this(), index, ref, bytes = std::move(bytes)](Result<void, StoreError> result) {
                   --self->reading_;
                   self->on_read(index, ref, {bytes.get(), kBlock}, result);
                   self->pump();
                 });
  }

  void on_read(std::uint64_t index, const NodeRef& ref, ByteSpan node, Result<void, StoreError> result) {
    const auto header = result ? node_header(node) : std::nullopt;
    const NodeKey key{{kind_, {}}, level_, index};
    if (!header || crc32c(node) != ref.crc || header->key != key || header->store != store_) {
      error_ = fmt::format("the {} is damaged: node {} of level {} at byte {}",
                           kind_ == TreeId::Kind::space ? "space map" : "catalog", index, level_, byte_of(ref.at));
      return;
    }
    level_ == 0 ? take_leaf(index, node) : take_children(index, node);
  }

  void take_leaf(std::uint64_t index, ByteSpan node) {
    const std::uint64_t begin = index * kBytesPerLeaf;
    const std::size_t length = std::min<std::uint64_t>(kBytesPerLeaf, bytes_ - std::min(bytes_, begin));
    std::memcpy(array_.bytes.data() + begin, body(node).data(), length);
  }

  void take_children(std::uint64_t index, ByteSpan node) {
    auto& children = array_.levels[level_ - 1u];
    const std::uint64_t begin = index * kChildren;
    for (std::uint32_t slot = 0; slot < kChildren && begin + slot < children.size(); ++slot) {
      children[begin + slot] = child(node, slot);
    }
  }

  Device& device_;
  TreeId::Kind kind_;
  StoreId store_;
  std::uint64_t bytes_;
  Done done_;
  ReadArray array_;
  std::uint8_t level_ = 0;
  std::size_t next_ = 0, reading_ = 0;
  std::string error_;
};

}  // namespace

void read_array(Device& device, TreeId::Kind kind, const StoreId& store, const NodeRef& root, std::uint64_t bytes,
                Completion<Result<ReadArray, std::string>> done) {
  std::make_shared<ArrayReading>(device, kind, store, bytes, std::move(done))->start(root);
}

}  // namespace shoal::routing::journal
