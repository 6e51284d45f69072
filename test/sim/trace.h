// Trace: everything that happens in a World, as one running 64-bit hash and the last few entries as text.
//
// An entry is {virtual time, host, kind, two numbers}: nothing of it depends on addresses, so "the same seed, the same
// hash" holds from one process to the next. Payload goes in as its checksum.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "target/base/time.h"

namespace shoal::sim {

class Trace {
 public:
  using Observer = std::function<void(const std::string& line)>;
  static constexpr std::size_t kKept = 400;  // entries for people

  void add(Time at, std::string_view host, std::string_view kind, std::uint64_t a = 0, std::uint64_t b = 0);
  // That a host's task ran: part of the hash, of no use to people.
  void add_step(Time at, std::string_view host, std::uint64_t number);
  // A line of a host's log, or of the test itself.
  void add_text(Time at, std::string_view host, std::string_view text);

  std::uint64_t hash() const { return hash_; }
  std::uint64_t entries() const { return entries_; }
  std::string tail(std::size_t lines = kKept) const;
  // Called with every line, for a run that is watched while it goes.
  void observe(Observer observer) { observer_ = std::move(observer); }

 private:
  struct Entry {
    Time at;
    std::string host, text;
    std::uint64_t a, b;
    bool is_text;
    std::string to_string() const;
  };

  void mix(std::uint64_t value);
  void mix(std::string_view text);
  void keep(Entry entry);

  std::uint64_t hash_ = 0xcbf29ce484222325u;
  std::uint64_t entries_ = 0;
  std::deque<Entry> kept_;
  Observer observer_;
};

}  // namespace shoal::sim
