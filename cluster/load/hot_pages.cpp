#include "cluster/load/hot_pages.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace shoal::load {
namespace {

constexpr double kNothing = 1e-6;  // units: what a past long ago has left over

// One page, over the lists that have it.
struct Sum {
  double units = 0, error = 0, unlisted = 0;
  double hottest = 0;
  std::string hottest_initiator;

  void add(const PageHeat& page, double unlisted_there) {
    units += page.units;
    error += page.error;
    unlisted += unlisted_there;
    if (page.units <= hottest) return;
    hottest = page.units;
    hottest_initiator = page.hottest_initiator;
  }
};

}  // namespace

HotPages::HotPages() {
  places_.fill(kFree);
  counters_.reserve(kMostPages);
}

HotPages::Counter* HotPages::add_counter(ImageId image, PageIndex page) {
  if (counters_.size() == kMostPages) make_room();
  counters_.push_back({image, page});
  place(counters_.size() - 1);
  return &counters_.back();
}

void HotPages::place(std::size_t index) {
  std::size_t at = home(counters_[index].image, counters_[index].page);
  while (places_[at] != kFree) at = (at + 1) % kPlaces;
  places_[at] = static_cast<std::uint16_t>(index);
}

void HotPages::make_room() {
  std::array<double, kMostPages> units;
  std::ranges::transform(counters_, units.begin(), &Counter::units);
  const auto middle = units.begin() + kHotPageCounters;
  std::ranges::nth_element(units, middle);
  for (Counter& counter : counters_) counter.units -= *middle;
  missed_ += *middle;
  drop_below(kNothing);
}

void HotPages::decay(double kept) {
  for (Counter& counter : counters_) {
    counter.units *= kept;
    counter.votes *= kept;
  }
  total_ *= kept;
  missed_ *= kept;
  drop_below(kNothing);
  if (total_ < kNothing) total_ = missed_ = 0;
}

void HotPages::drop_below(double least) {
  std::erase_if(counters_, [least](const Counter& counter) { return counter.units < least; });
  places_.fill(kFree);
  for (std::size_t i = 0; i < counters_.size(); ++i) place(i);
}

void HotPages::forget(InitiatorNumber initiator) {
  for (Counter& counter : counters_) {
    if (counter.initiator == initiator) counter.initiator = 0, counter.votes = 0;
  }
}

HotPageList HotPages::list(std::size_t most, double scale,
                           const std::function<std::string(InitiatorNumber)>& name_of) const {
  std::vector<const Counter*> order;
  for (const Counter& counter : counters_) order.push_back(&counter);
  std::ranges::sort(order, [](const Counter* a, const Counter* b) {
    return std::tie(b->units, a->image, a->page) < std::tie(a->units, b->image, b->page);
  });
  const auto units_of = [&](const Counter& counter) { return (counter.units + missed_) * scale; };
  HotPageList list{{}, missed_ * scale};
  for (std::size_t i = 0; i < std::min(most, order.size()); ++i) {
    const Counter& counter = *order[i];
    list.pages.push_back({counter.image, counter.page, units_of(counter), missed_ * scale, name_of(counter.initiator)});
  }
  if (order.size() > most) list.unlisted = units_of(*order[most]);
  return list;
}

HotPageList merge(const std::vector<HotPageList>& lists, std::size_t most) {
  std::map<std::pair<ImageId, PageIndex>, Sum> sums;
  HotPageList merged;
  for (const HotPageList& list : lists) {
    merged.unlisted += list.unlisted;
    for (const PageHeat& page : list.pages) sums[{page.image, page.page}].add(page, list.unlisted);
  }
  for (auto& [page, sum] : sums) {
    const double elsewhere = std::max(merged.unlisted - sum.unlisted, 0.0);
    merged.pages.push_back(
        {page.first, page.second, sum.units + elsewhere, sum.error + elsewhere, std::move(sum.hottest_initiator)});
  }
  std::ranges::sort(merged.pages, [](const PageHeat& a, const PageHeat& b) {
    return std::tie(b.units, a.image, a.page) < std::tie(a.units, b.image, b.page);
  });
  if (merged.pages.size() <= most) return merged;
  merged.unlisted = std::max(merged.unlisted, merged.pages[most].units);
  merged.pages.resize(most);
  return merged;
}

}  // namespace shoal::load
