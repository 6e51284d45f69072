#include "target/base/name_pattern.h"

#include <catch2/catch.hpp>

using namespace shoal;

TEST_CASE("a pattern stands for whole names, with any characters at '*' and one at '?'") {
  CHECK(matches("iqn.x:a", "iqn.x:a"));
  CHECK_FALSE(matches("iqn.x:a", "iqn.x:ab"));
  CHECK_FALSE(matches("iqn.x:ab", "iqn.x:a"));
  CHECK(matches("*", "iqn.x:a"));
  CHECK(matches("*", ""));
  CHECK(matches("iqn.x:*", "iqn.x:"));
  CHECK(matches("*:a", "iqn.x:b:a"));
  CHECK(matches("iqn.*:disk?", "iqn.2026.x:disk7"));
  CHECK_FALSE(matches("iqn.*:disk?", "iqn.2026.x:disk"));
  CHECK_FALSE(matches("iqn.*:disk?", "iqn.2026.x:disk77"));
  CHECK(matches("a*b*c", "a-b-b-c-c"));
  CHECK_FALSE(matches("a*b*c", "a-c-b"));
  CHECK(matches("**a**", "a"));
  CHECK_FALSE(matches("?", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("", ""));
}

TEST_CASE("many stars against the longest name take no noticeable time") {
  std::string pattern;
  while (pattern.size() < kMaxNamePatternBytes) pattern += "*a";
  CHECK_FALSE(matches(pattern + "b", std::string(kMaxNamePatternBytes, 'a')));
}

TEST_CASE("what no initiator could be called is no pattern") {
  for (const char* good : {"*", "iqn.2026-11.io.shoal:host?", "eui.02004567a425678d"}) CHECK(is_name_pattern(good));
  for (const char* wrong : {"", "iqn.x a", "iqn.x\ta", "IQN.x", "a,b", "a/b", "a=b", "\"a\"", "b\xc3\xb6se"}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_name_pattern(wrong));
  }
  CHECK(is_name_pattern(std::string(kMaxNamePatternBytes, 'a')));
  CHECK_FALSE(is_name_pattern(std::string(kMaxNamePatternBytes + 1, 'a')));
}
