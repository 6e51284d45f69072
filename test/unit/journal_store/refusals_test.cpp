#include "routing/journal_store/refusals.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::routing::journal;

TEST_CASE("a file whose holes have no room is refused in words that say what to do") {
  const std::string words = cannot_open(FileError::no_space, "/data/store");
  CHECK_THAT(words, Catch::StartsWith("/data/store"));
  CHECK_THAT(words, Catch::Contains("holes") && Catch::Contains("make room") && Catch::Contains("copy the file"));
}
