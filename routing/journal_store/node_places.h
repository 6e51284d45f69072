// NodePlaces: which blocks of the chunks of nodes have a node. So a place that an old node has left is used again, and
// metadata never need more chunks because they are scattered. The space map only counts the nodes of a chunk: what is
// known here is learnt from the trees when a store is opened. Pure.
//
// A place that a node has left stays empty until frees_are_durable(): the newest checkpoint still speaks of it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "routing/journal_store/geometry.h"

namespace shoal::routing::journal {

class NodePlaces {
 public:
  // As a tree says, when a store is opened; then, for each chunk of nodes, how many the space map counts there. Nodes
  // that no tree tells of may lie anywhere in their chunk, so no other is placed in it.
  void learn(BlockNumber node);
  void complete(ChunkNumber chunk, std::uint32_t counted);

  // The first place of a chunk that has no node yet.
  BlockNumber begin(ChunkNumber chunk);
  // A place in the chunk that was used last, or else in one with few nodes, or with `anywhere` in any.
  std::optional<BlockNumber> take(bool anywhere);
  // When there is no other: a place in a chunk that all nodes have left, which is not nobody's any more then.
  std::optional<BlockNumber> take_in_emptied();
  void free(BlockNumber node);
  // The chunks in which no node lives any more: they are nobody's.
  std::vector<ChunkNumber> frees_are_durable();

  std::uint32_t live(ChunkNumber chunk) const;        // nodes in it
  std::uint64_t holes() const { return holes_; }      // that take(true) and then take_in_emptied() would give
  std::uint64_t leaving() const { return leaving_; }  // that frees_are_durable() would add, here or as chunks

 private:
  struct Chunk {
    std::uint16_t live = 0, leaving = 0;  // a bit for each block
    std::uint32_t unknown = 0;            // nodes that no tree tells of
    std::uint32_t room = 0;               // as it is counted in holes_
  };
  BlockNumber take_in(std::uint32_t number);
  void file(std::uint32_t number, Chunk& chunk);

  std::unordered_map<std::uint32_t, Chunk> chunks_;  // never iterated
  std::set<std::uint32_t> sparse_, partial_;         // with few nodes; with more, and with room
  std::set<std::uint32_t> emptied_;                  // that all nodes are leaving, with room
  std::optional<std::uint32_t> current_;
  std::vector<std::uint32_t> left_;  // chunks with places that are leaving
  std::uint64_t holes_ = 0, leaving_ = 0;
};

}  // namespace shoal::routing::journal
