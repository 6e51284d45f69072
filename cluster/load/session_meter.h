// SessionMeter: what one session asks for and where it goes, counted by the request handler. The calls are for the hot
// path: integer additions, one probe of a hash table for a page, no allocation (but once for each member that owns
// pages of the session, and when the table of pages makes room).
//
// A request is told once by started(), once by placed() for each part of it as that is given to its page's owner (a
// repeat of a part is not told), and once by ended(), in any order with those of others. It counts as one at the
// owner of its first part, so that what is placed everywhere adds up to what was asked for.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/load/hot_pages.h"
#include "cluster/load/thinning.h"
#include "cluster/load/volume_meter.h"
#include "cluster/load/wait_meter.h"

namespace shoal::load {

struct PlacedPart {
  PageIndex page;
  MemberId owner;
  std::uint32_t blocks = 0;  // of data
  bool first = true;         // of its request
};

// What is placed at each member: a sorted vector, and by the last bits of an owner's id where it was found before, so
// that in a group of up to kShortcuts members it is not searched.
class OwnerRates {
 public:
  TrafficRate& of(MemberId owner) {
    const Shortcut& shortcut = shortcuts_[owner.value % kShortcuts];
    return shortcut.rate && shortcut.owner == owner ? *shortcut.rate : search(owner);
  }
  void roll(const DecayStep& step);

  const std::vector<std::pair<MemberId, TrafficRate>>& all() const { return rates_; }
  Rate sum() const;
  std::map<MemberId, double> fractions() const;

 private:
  static constexpr std::size_t kShortcuts = 16;
  struct Shortcut {
    MemberId owner;
    TrafficRate* rate = nullptr;  // in rates_
  };
  TrafficRate& search(MemberId owner);
  std::size_t position(MemberId owner);

  std::vector<std::pair<MemberId, TrafficRate>> rates_;
  std::array<Shortcut, kShortcuts> shortcuts_;
};

class SessionMeter {
 public:
  SessionMeter(SessionName session, ImageId image, std::string initiator_name, InitiatorNumber initiator,
               VolumeMeter& volume, HotPages& pages)
      : session_(session),
        image_(image),
        initiator_name_(std::move(initiator_name)),
        initiator_(initiator),
        volume_(volume),
        pages_(pages) {}
  SessionMeter(const SessionMeter&) = delete;

  // `arrived`: the latency of a request is from there to ended().
  void started(const Access& access, Time arrived) {
    volume_.add(access);
    wait_.started(arrived);
  }
  void placed(const PlacedPart& part) {
    owners_.of(part.owner).add(part.first ? 1 : 0, part.blocks);
    // To a page every access is a request.
    const std::uint32_t times = thinning_.next();
    if (times > 0) pages_.add(image_, part.page, times * (1 + part.blocks * (kBlockBytes / kBytesPerUnit)), initiator_);
  }
  void ended(Time now) { wait_.ended(now); }

  // What the period had, before roll() closes it.
  WaitMeter::Period take_wait(Time now);
  const OwnerRates& owners() const { return owners_; }
  void roll(const DecayStep& step);

  double units() const { return rate_.units(); }
  const SessionName& session() const { return session_; }
  ImageId image() const { return image_; }
  const std::string& initiator_name() const { return initiator_name_; }
  SessionLoad load() const;  // may_not_move is for others to say

 private:
  const SessionName session_;
  const ImageId image_;
  const std::string initiator_name_;
  const InitiatorNumber initiator_;
  VolumeMeter& volume_;
  HotPages& pages_;
  Thinning thinning_;  // of parts, for pages_
  OwnerRates owners_;
  WaitMeter wait_;
  MeanWait latency_;
  Rate rate_;
};

}  // namespace shoal::load
