// HotPages: which pages carry the most load, in bounded memory, with a bound on the error. A sketch of frequent items
// (Space-Saving in its equivalent form by Misra and Gries): a table of twice kHotPageCounters pages; when it is full,
// the middle value is taken off all of them, and those that have nothing left make room. Each such step takes its value
// off at least kHotPageCounters pages, so of N units in all
//
//   no page misses more than missed() <= N / kHotPageCounters,
//
// whether it is in the table or not: its true figure lies in [count, count + missed()]. To add is one probe of a small
// hash table; making room costs a few dozen instructions for each page that is new. Once a period all figures decay
// alike, the bound with them.
//
// Of each page the sketch also keeps who is behind it: the initiator that wins a majority vote by units. Who has more
// than half of the units since the page is in the table is named for certain.
//
// The state follows from what was added alone: no address, no seed, no clock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cluster/load/load.h"
#include "target/base/ids.h"

namespace shoal::load {

inline constexpr std::size_t kHotPageCounters = 256;

// Initiators by number: the names are kept once, elsewhere. 0 is nobody.
using InitiatorNumber = std::uint32_t;

// Pages in order: hottest first, then by image and page. No page that is not listed has more than `unlisted` units.
struct HotPageList {
  std::vector<PageHeat> pages;
  double unlisted = 0;
  bool operator==(const HotPageList&) const = default;
};

class HotPages {
 public:
  HotPages();

  void add(ImageId image, PageIndex page, double units, InitiatorNumber initiator) {
    Counter* counter = find(image, page);
    if (!counter) counter = add_counter(image, page);
    counter->units += units;
    total_ += units;
    vote(*counter, units, initiator);
  }

  void decay(double kept);
  void forget(InitiatorNumber initiator);

  // The `most` hottest pages, every figure times `scale`.
  HotPageList list(std::size_t most, double scale, const std::function<std::string(InitiatorNumber)>& name_of) const;
  double total() const { return total_; }    // N
  double missed() const { return missed_; }  // the error of every figure
  std::size_t size() const { return counters_.size(); }

 private:
  static constexpr std::size_t kMostPages = 2 * kHotPageCounters;
  static constexpr std::size_t kPlaces = 2 * kMostPages;  // a power of two; half of them stay free
  static constexpr std::uint16_t kFree = 0xffff;
  static_assert(kMostPages < kFree);

  struct Counter {
    ImageId image;
    PageIndex page;
    double units = 0;
    double votes = 0;
    InitiatorNumber initiator = 0;
  };

  static std::size_t home(ImageId image, PageIndex page) {
    const std::uint64_t mixed = (image.value * 0x9e3779b97f4a7c15u ^ page.value) * 0xd6e8feb86659fd93u;
    return static_cast<std::size_t>(mixed >> 32) % kPlaces;
  }
  Counter* find(ImageId image, PageIndex page) {  // null: it has none
    for (std::size_t at = home(image, page); places_[at] != kFree; at = (at + 1) % kPlaces) {
      Counter& counter = counters_[places_[at]];
      if (counter.page == page && counter.image == image) return &counter;
    }
    return nullptr;
  }
  static void vote(Counter& counter, double units, InitiatorNumber initiator) {
    if (counter.initiator == initiator) {
      counter.votes += units;
    } else if (counter.votes >= units) {
      counter.votes -= units;
    } else {
      counter.votes = units - counter.votes;
      counter.initiator = initiator;
    }
  }
  Counter* add_counter(ImageId image, PageIndex page);
  void make_room();
  void place(std::size_t index);
  void drop_below(double least);

  std::array<std::uint16_t, kPlaces> places_;  // by hash: indices of counters_, in open addressing
  std::vector<Counter> counters_;
  double total_ = 0, missed_ = 0;
};

// The pages of the group, from those of its members: what was counted apart is added, and so are the errors; of a page
// that a member does not list, it may have up to its `unlisted`. The initiator is that of the member where it is
// hottest.
HotPageList merge(const std::vector<HotPageList>& lists, std::size_t most);

}  // namespace shoal::load
