#include "target/iscsi/command_window.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace shoal::iscsi;
using Verdict = CommandWindow::Verdict;

namespace {

std::vector<std::uint32_t> taken(CommandWindow& window) {
  std::vector<std::uint32_t> numbers;
  for (CmdSn cmd_sn; window.take_held(cmd_sn);) numbers.push_back(cmd_sn.value);
  return numbers;
}

}  // namespace

TEST_CASE("commands in order are delivered, and the window moves with them") {
  CommandWindow window(CmdSn{10}, 4);
  CHECK(window.exp_cmd_sn() == CmdSn{10});
  CHECK(window.max_cmd_sn() == CmdSn{13});
  CHECK(window.admit(CmdSn{10}) == Verdict::deliver);
  CHECK(window.exp_cmd_sn() == CmdSn{11});
  CHECK(window.max_cmd_sn() == CmdSn{14});
}

TEST_CASE("numbers outside the window are ignored, and nothing changes") {
  CommandWindow window(CmdSn{10}, 4);
  for (const std::uint32_t outside : {9u, 0u, 14u, 1000u, 0x80000000u, 0xffffffffu}) {
    CHECK(window.admit(CmdSn{outside}) == Verdict::ignore);
  }
  CHECK(window.exp_cmd_sn() == CmdSn{10});
  CHECK(window.admit(CmdSn{13}) == Verdict::hold);
}

TEST_CASE("a duplicate is ignored, delivered or held") {
  CommandWindow window(CmdSn{10}, 4);
  CHECK(window.admit(CmdSn{10}) == Verdict::deliver);
  CHECK(window.admit(CmdSn{10}) == Verdict::ignore);
  CHECK(window.admit(CmdSn{12}) == Verdict::hold);
  CHECK(window.admit(CmdSn{12}) == Verdict::ignore);
}

TEST_CASE("a hole blocks delivery until it is filled") {
  CommandWindow window(CmdSn{10}, 8);
  CHECK(window.admit(CmdSn{12}) == Verdict::hold);
  CHECK(window.admit(CmdSn{11}) == Verdict::hold);
  CHECK(window.admit(CmdSn{14}) == Verdict::hold);
  CHECK(taken(window).empty());
  CHECK(window.exp_cmd_sn() == CmdSn{10});
  CHECK(window.admit(CmdSn{10}) == Verdict::deliver);
  CHECK(taken(window) == std::vector<std::uint32_t>{11, 12});
  CHECK(window.exp_cmd_sn() == CmdSn{13});
  CHECK(window.admit(CmdSn{13}) == Verdict::deliver);
  CHECK(taken(window) == std::vector<std::uint32_t>{14});
}

TEST_CASE("the window works across the wrap of numbers") {
  CommandWindow window(CmdSn{0xfffffffe}, 5);  // not a power of two: held numbers still wrap onto their places
  CHECK(window.max_cmd_sn() == CmdSn{2});
  CHECK(window.admit(CmdSn{1}) == Verdict::hold);
  CHECK(window.admit(CmdSn{3}) == Verdict::ignore);
  CHECK(window.admit(CmdSn{0xffffffff}) == Verdict::hold);
  CHECK(window.admit(CmdSn{0xfffffffe}) == Verdict::deliver);
  CHECK(taken(window) == std::vector<std::uint32_t>{0xffffffff});
  CHECK(window.admit(CmdSn{0}) == Verdict::deliver);
  CHECK(taken(window) == std::vector<std::uint32_t>{1});
}

TEST_CASE("commands in progress close the window, and it never goes backward") {
  CommandWindow window(CmdSn{0}, 2);
  CHECK(window.max_cmd_sn() == CmdSn{1});
  for (std::uint32_t i = 0; i < 2; ++i) {
    CHECK(window.admit(CmdSn{i}) == Verdict::deliver);
    window.started();
    CHECK(window.max_cmd_sn() == CmdSn{1});
  }
  CHECK(window.exp_cmd_sn() == CmdSn{2});  // max = exp - 1: closed
  CHECK(window.admit(CmdSn{2}) == Verdict::ignore);
  window.finished();
  CHECK(window.max_cmd_sn() == CmdSn{2});
  CHECK(window.admit(CmdSn{2}) == Verdict::deliver);
}

TEST_CASE("a command that never came and was aborted counts as received") {
  CommandWindow window(CmdSn{10}, 4);
  CHECK(window.admit(CmdSn{11}) == Verdict::hold);
  CHECK(window.count_as_received(CmdSn{10}));
  CHECK(taken(window) == std::vector<std::uint32_t>{10, 11});
  CHECK(window.admit(CmdSn{10}) == Verdict::ignore);
  CHECK_FALSE(window.count_as_received(CmdSn{11}));  // has come
  CHECK_FALSE(window.count_as_received(CmdSn{20}));  // outside
}

TEST_CASE("a closed window admits nothing and stays where it is") {
  CommandWindow window(CmdSn{10}, 4);
  CHECK(window.admit(CmdSn{10}) == Verdict::deliver);
  window.started();
  CHECK(window.admit(CmdSn{12}) == Verdict::hold);
  const CmdSn max = window.max_cmd_sn();
  window.close();
  window.finished();
  CHECK(window.max_cmd_sn() == max);
  CHECK(window.admit(CmdSn{11}) == Verdict::ignore);
  CHECK(taken(window).empty());
  CHECK(window.exp_cmd_sn() == CmdSn{11});
}
