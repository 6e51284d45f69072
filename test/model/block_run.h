// Random block commands through random sessions, one after another, against an image in memory. Areas: the start of the
// disk, a few borders of pages, its end; so that ranges of different commands meet, and cross from member to member.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "test/model/disk_limits.h"
#include "test/model/journal.h"
#include "test/model/random.h"

namespace model {

class BlockRun {
 public:
  BlockRun(const std::vector<std::string>& urls, std::uint64_t page_blocks, std::uint64_t seed, Journal& journal);

  void run(std::uint64_t operations);  // throws Difference, Broken
  std::string summary() const;

 private:
  // A part of the disk that the model knows; nothing outside is touched.
  struct Area {
    std::uint64_t first = 0;
    Bytes image;
    std::uint64_t blocks() const { return image.size() / kBlock; }
  };
  struct Range {
    Area* area = nullptr;
    std::uint64_t at = 0, blocks = 0;  // `at` blocks into the area
    std::uint64_t lba() const { return area->first + at; }
  };

  void read();
  void write();
  void write_atomically();
  void write_one_block_many_times();
  void deallocate();
  void verify();
  void or_write();
  void compare_and_write();
  void copy();

  Range any_range(std::uint64_t most);
  Range aligned(Range range) const;
  Bytes content(const Range& range) const;
  void set(const Range& range, const Bytes& data);
  Bytes spoiled(Bytes data);
  Answer ask(const Command& command, const std::string& what, const Range& range);
  void expect_good(const Answer& answer);
  void expect_refused(const Answer& answer);
  void expect_miscompare(const Answer& answer);
  void compare_all();

  std::vector<Initiator> sessions_;
  Random random_;
  Journal& journal_;
  DiskLimits limits_;
  std::vector<Area> areas_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace model
