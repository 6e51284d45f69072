#include <catch2/catch.hpp>

#include "target/iscsi/keys.h"
#include "target/iscsi/text.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace std::string_literals;

namespace {

TextError error_of(const std::string& text, const TextLimits& limits = {}) {
  const auto parsed = parse_text(text, limits);
  REQUIRE(std::holds_alternative<TextError>(parsed));
  return std::get<TextError>(parsed);
}
TextKeys keys_of(const std::string& text) { return std::get<TextKeys>(parse_text(text)); }

}  // namespace

TEST_CASE("pairs are read in order and written back as they were") {
  const std::string text = "InitiatorName=iqn.x:y\0AuthMethod=CHAP,None\0X-com.example.k=\0"s;
  const TextKeys keys = keys_of(text);
  CHECK(keys == TextKeys{{"InitiatorName", "iqn.x:y"}, {"AuthMethod", "CHAP,None"}, {"X-com.example.k", ""}});
  CHECK(to_text(keys) == text);
  CHECK(*keys.find("AuthMethod") == "CHAP,None");
  CHECK(keys.find("authmethod") == nullptr);
}

TEST_CASE("a value may contain '=' and several NULs may part two pairs") {
  CHECK(keys_of("A=b=c\0\0\0B=d\0\0"s) == TextKeys{{"A", "b=c"}, {"B", "d"}});
  CHECK(keys_of("").empty());
  CHECK(keys_of("\0\0\0\0"s).empty());
}

TEST_CASE("malformed text is told apart") {
  CHECK(error_of("A\0"s) == TextError::no_separator);
  CHECK(error_of("=b\0"s) == TextError::bad_key);
  CHECK(error_of("1A=b\0"s) == TextError::bad_key);
  CHECK(error_of("A B=c\0"s) == TextError::bad_key);
  CHECK(error_of("A=b\nc\0"s) == TextError::bad_value);
  CHECK(error_of("A=b\0A=c\0"s) == TextError::duplicate_key);
  CHECK(error_of("A=b") == TextError::unterminated);
  CHECK(error_of("A=b\0B"s) == TextError::unterminated);
}

TEST_CASE("keys and values meet their limits") {
  CHECK(keys_of(std::string(63, 'K') + "=v\0"s).size() == 1);
  CHECK(error_of(std::string(64, 'K') + "=v\0"s) == TextError::key_too_long);
  CHECK(keys_of("K=" + std::string(255, 'v') + "\0"s).size() == 1);
  CHECK(error_of("K=" + std::string(256, 'v') + "\0"s) == TextError::value_too_long);
  CHECK(keys_of("CHAP_C=0x" + std::string(2048, 'a') + "\0"s).size() == 1);
  CHECK(error_of("CHAP_C=0x" + std::string(4096, 'a') + "\0"s) == TextError::value_too_long);

  std::string many;
  for (int i = 0; i < 64; ++i) many += "K" + std::to_string(i) + "=\0"s;
  CHECK(keys_of(many).size() == 64);
  CHECK(error_of(many + "More=\0"s) == TextError::too_many_keys);
}

TEST_CASE("an assembly joins parts and keeps its limit") {
  TextAssembly assembly(10);
  CHECK(assembly.add("Initi"));
  CHECK(assembly.add("ator"));
  CHECK_FALSE(assembly.add("xx"));
  CHECK(assembly.add("N"));
  CHECK_FALSE(assembly.add("x"));
  CHECK(assembly.take() == "InitiatorN");
  CHECK(assembly.empty());
  CHECK(assembly.add("0123456789"));
}

TEST_CASE("numbers are decimal or hexadecimal, and nothing else") {
  CHECK(parse_number("0") == 0);
  CHECK(parse_number("262144") == 262144);
  CHECK(parse_number("0x40000") == 262144);
  CHECK(parse_number("0XfF") == 255);
  CHECK(parse_number("18446744073709551615") == 0xffffffffffffffff);
  for (const char* bad : {"", "0x", "-1", "+1", " 1", "1 ", "1a", "0xg", "18446744073709551616", "0x10000000000000000",
                          "99999999999999999999999", "Yes"}) {
    INFO(bad);
    CHECK_FALSE(parse_number(bad));
  }
}

TEST_CASE("a list is split at commas, empty elements included") {
  CHECK(split_list("CRC32C,None") == std::vector<std::string_view>{"CRC32C", "None"});
  CHECK(split_list("") == std::vector<std::string_view>{""});
  CHECK(split_list(",a,") == std::vector<std::string_view>{"", "a", ""});
}

TEST_CASE("the table of keys gives what RFC 7143 gives") {
  struct Expected {
    const char* name;
    KeyRule rule;
    std::uint32_t low, high, initial;
  };
  const Expected expected[] = {
      {"MaxConnections", KeyRule::minimum, 1, 65535, 1},
      {"InitialR2T", KeyRule::or_rule, 0, 1, 1},
      {"ImmediateData", KeyRule::and_rule, 0, 1, 1},
      {"MaxRecvDataSegmentLength", KeyRule::declared, 512, 16777215, 8192},
      {"MaxBurstLength", KeyRule::minimum, 512, 16777215, 262144},
      {"FirstBurstLength", KeyRule::minimum, 512, 16777215, 65536},
      {"DefaultTime2Wait", KeyRule::maximum, 0, 3600, 2},
      {"DefaultTime2Retain", KeyRule::minimum, 0, 3600, 20},
      {"MaxOutstandingR2T", KeyRule::minimum, 1, 65535, 1},
      {"DataPDUInOrder", KeyRule::or_rule, 0, 1, 1},
      {"DataSequenceInOrder", KeyRule::or_rule, 0, 1, 1},
      {"ErrorRecoveryLevel", KeyRule::minimum, 0, 2, 0},
  };
  for (const Expected& each : expected) {
    INFO(each.name);
    const KeyRow* row = find_key(each.name);
    REQUIRE(row);
    CHECK(row->rule == each.rule);
    CHECK(row->low == each.low);
    CHECK(row->high == each.high);
    CHECK(row->initial == each.initial);
  }
  CHECK(find_key("maxconnections") == nullptr);
  CHECK(find_key("X-com.example") == nullptr);
}

TEST_CASE("numbers and booleans are negotiated by their rule") {
  const KeyRow& burst = key_row(KeyId::max_burst_length);
  CHECK(negotiate_number(burst, "262144", 1048576) == 262144);
  CHECK(negotiate_number(burst, "16776192", 1048576) == 1048576);
  CHECK_FALSE(negotiate_number(burst, "511", 1048576));
  CHECK_FALSE(negotiate_number(burst, "16777216", 1048576));
  CHECK_FALSE(negotiate_number(burst, "4294967808", 1048576));  // 512 modulo 2^32
  const KeyRow& wait = key_row(KeyId::default_time2wait);
  CHECK(negotiate_number(wait, "2", 0) == 2);
  CHECK(negotiate_number(wait, "0", 0) == 0);

  const KeyRow& r2t = key_row(KeyId::initial_r2t);
  const KeyRow& immediate = key_row(KeyId::immediate_data);
  CHECK(negotiate_boolean(r2t, "No", false) == false);
  CHECK(negotiate_boolean(r2t, "Yes", false) == true);
  CHECK(negotiate_boolean(r2t, "No", true) == true);
  CHECK(negotiate_boolean(immediate, "Yes", true) == true);
  CHECK(negotiate_boolean(immediate, "No", true) == false);
  CHECK_FALSE(negotiate_boolean(immediate, "yes", true));
}
