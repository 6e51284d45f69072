#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "test/unit/iscsi/transcript_player.h"

namespace {

std::filesystem::path folder() { return SHOAL_TRANSCRIPTS; }

std::string read_all(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every transcript is what happens", "[transcript]") {
  std::set<std::filesystem::path> transcripts;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".txt") transcripts.insert(entry.path());
  }
  REQUIRE_FALSE(transcripts.empty());
  for (const auto& path : transcripts) {
    DYNAMIC_SECTION(path.filename().string()) {
      const std::string told = read_all(path);
      const std::string played = shoal::test::replay(told);
      if (std::getenv("SHOAL_WRITE_TRANSCRIPTS")) {
        std::ofstream(path) << played;
      } else {
        CHECK(played == told);
      }
    }
  }
}
