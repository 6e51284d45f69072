// Group: a picture of a group as a test tells it. Each member has reported just now and carries what is said of it.
#pragma once

#include <cstdint>
#include <numeric>

#include "cluster/load/measure.h"

namespace shoal::load {

inline Time at(double seconds) {
  return Time{} + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

struct Group {
  GroupLoad load;

  // `works`: units of member 1, 2, ...
  static Group of(std::initializer_list<double> works) {
    Group group;
    std::uint32_t id = 0;
    for (double work : works) {
      MemberLoad& member = group.load.members[MemberId{++id}];
      member.work = work;
      member.ready = member.heard = true;
      member.incarnation = member.sequence = 1;
    }
    return group.derived();
  }
  MemberLoad& member(std::uint32_t id) { return load.members.at(MemberId{id}); }
  Group& silent(std::uint32_t id) {
    member(id).ready = member(id).heard = false;
    return derived();
  }
  Group& draining(std::uint32_t id) {
    member(id).ready = false;
    member(id).draining = true;
    return derived();
  }
  Group& weighs(std::uint32_t id, double weight) {
    member(id).weight = weight;
    return derived();
  }
  Group& sessions(std::initializer_list<std::uint32_t> counts) {
    std::uint32_t id = 0;
    for (std::uint32_t count : counts) member(++id).sessions = count;
    return *this;
  }
  Group& pressure(double pressure) {
    for (auto& [id, member] : load.members) member.pressure = pressure;
    return *this;
  }
  // Everybody has reported again.
  Group& reported(double seconds) {
    load.at = at(seconds);
    for (auto& [id, member] : load.members) {
      ++member.sequence;
      member.reported = load.at;
    }
    return *this;
  }
  // The sums, by the formulas of ARCHITECTURE.md.
  Group& derived() {
    double client_load = 0, weight = 0;
    load.work = 0;
    for (auto& [id, member] : load.members) {
      member.client_load = member.work * member.stretch / member.weight;
      if (!member.heard) continue;
      load.work += member.work;
      client_load += member.client_load * member.weight;
      if (member.ready) weight += member.weight;
    }
    for (auto& [id, member] : load.members) {
      member.share = member.heard && client_load > 0 ? member.client_load * member.weight / client_load : 0;
      member.fair = member.ready ? member.weight / weight : 0;
      member.disproportionate = member.ready && load.work >= 100 && member.share >= 1.25 * member.fair;
    }
    return *this;
  }
};

}  // namespace shoal::load
