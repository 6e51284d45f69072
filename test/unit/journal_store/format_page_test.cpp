// The examples of routing/journal_store/format.md, read from the page itself.
#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::journal::test;

namespace {

// Bytes of one line: hexadecimal, "55 x 12" for 12 of a kind, up to '|'.
void append_line(Buffer& to, const std::string& line) {
  std::istringstream words(line.substr(0, line.find('|')));
  for (std::string word; words >> word;) {
    if (word == "x") {
      std::size_t times = 0;
      words >> times;
      to.resize(to.size() + times - 1, to.back());
    } else {
      to.push_back(static_cast<std::byte>(std::stoul(word, nullptr, 16)));
    }
  }
}

// The indented lines under the heading.
Buffer example(const std::string& heading) {
  std::ifstream page(SHOAL_FORMAT_PAGE);
  Buffer bytes;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("#")) inside = line == "### " + heading;
    if (inside && line.starts_with("    ")) append_line(bytes, line);
  }
  return bytes;
}

}  // namespace

TEST_CASE("the superblock of format.md has its bytes") {
  Buffer block(kBlock);
  encode(a_superblock(), block);
  CHECK(example("A superblock") == block);
}

TEST_CASE("the frame of format.md has its bytes") { CHECK(example("A frame") == frame_of({a_write(), a_promise()})); }

TEST_CASE("the leaf of format.md has its bytes") { CHECK(example("A leaf of chunks") == a_leaf()); }

TEST_CASE("the inner node of format.md has its bytes") { CHECK(example("An inner node of chunks") == an_inner_node()); }

TEST_CASE("the catalog of format.md has its bytes") { CHECK(as_text(example("A catalog")) == encode(a_catalog())); }
