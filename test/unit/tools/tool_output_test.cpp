#include "tools/shoalctl/tool_output.h"

#include <catch2/catch.hpp>

using namespace shoal;

namespace {

const ToolStep kCopy{"copying", "qemu-img", {}};

}  // namespace

TEST_CASE("progress is told from all else that a program prints") {
  ToolText text;
  CHECK(text.take("    (0.00/100%)\r    (12.50/100%)\r") == 12.5);
  CHECK(text.take("    (33.33/10") == std::nullopt);
  CHECK(text.take("0%)\r") == 33.33);
  CHECK(text.take("Images are identical.\n    (100.00/100%)\r\n") == 100);
  CHECK(text.text() == "Images are identical.\n\n");
}

TEST_CASE("what only looks like progress is text") {
  for (const std::string line :
       {"(/100%)", "(x/100%)", "(101/100%)", "(-1/100%)", "(nan/100%)", "(1 /100%)", "(1/99%)"}) {
    ToolText text;
    CHECK(text.take(line + "\n") == std::nullopt);
    CHECK(text.text() == line + "\n");
  }
}

TEST_CASE("of a program that does not stop talking only the beginning is kept") {
  ToolText text;
  for (int i = 0; i < 300; ++i) text.take(std::string(8192, 'x'));
  CHECK(text.text().size() == kMaxToolTextBytes);
}

TEST_CASE("on a terminal progress is one line, elsewhere a line for every ten percent") {
  ProgressText line(true), lines(false);
  CHECK(line.begin("copying") == "\r\x1b[Kcopying");
  CHECK(line.percent(0.9).empty());
  CHECK(line.percent(1.2) == "\r\x1b[Kcopying 1 %");
  CHECK(line.percent(1.9).empty());
  CHECK(line.end() == "\r\x1b[K");

  CHECK(lines.begin("copying") == "copying\n");
  CHECK(lines.percent(9.9).empty());
  CHECK(lines.percent(25) == "copying 25 %\n");
  CHECK(lines.percent(29).empty());
  CHECK(lines.percent(100) == "copying 100 %\n");
  CHECK(lines.end().empty());
}

TEST_CASE("a program that fails is told in one line, with its own words where it has some") {
  CHECK(tool_failure(kCopy, 1, "", "qemu-img: no\nspace\n") == "copying: qemu-img: no space");
  CHECK(tool_failure(kCopy, 1, "Content mismatch at offset 0!\n", "") == "copying: Content mismatch at offset 0!");
  CHECK(tool_failure(kCopy, 7, "", "") == "copying: qemu-img ended with 7");
}

TEST_CASE("a qemu without iSCSI is told by the package that it lacks") {
  CHECK(tool_failure(kCopy, 1, "", "Could not open 'json:{}': Unknown driver 'iscsi'") ==
        "qemu-img of this machine cannot reach iSCSI: apt-get install qemu-block-extra");
}
