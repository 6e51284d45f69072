#include "routing/journal_store/refusals.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::routing::journal;

TEST_CASE("a file whose holes have no room is refused in words that say what to do") {
  const std::string words = cannot_open(FileError::no_space, "/data/store");
  CHECK_THAT(words, Catch::StartsWith("/data/store"));
  CHECK_THAT(words, Catch::Contains("holes") && Catch::Contains("make room") && Catch::Contains("copy the file"));
}

TEST_CASE("what is no store's place is refused with all that may be wrong with it") {
  const std::string words = cannot_open(FileError::refused, "/dev/loop7");
  CHECK_THAT(words, Catch::StartsWith("/dev/loop7") && Catch::Contains("sectors are larger than 4096 bytes"));
}
