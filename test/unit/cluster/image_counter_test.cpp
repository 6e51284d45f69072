#include "cluster/image_counter.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::cluster;

TEST_CASE("a counter survives its text, and rubbish is none") {
  for (const char* text : {"1", "7", "9 2-2 7-8"}) CHECK(encode(*decode_image_counter(text)) == text);
  for (const char* text : {"", "0", "-1", "x", "7 ", "7  1-2", "7 2", "7 3-2", "7 2-7", "9 5-6 5-7", "9 0-1", "9 1-2-3",
                           "18446744073709551615"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_image_counter(text));
  }
}

TEST_CASE("what is passed over is remembered, and what was given out is not") {
  ImageCounter counter{3, {}};
  counter.rise_above(ImageId{2});
  CHECK(counter == ImageCounter{3, {}});
  counter.rise_above(ImageId{3});
  counter.next = 6;
  counter.rise_above(ImageId{9});
  CHECK(encode(counter) == "10 3-3 6-9");
  for (const std::uint64_t image : {3, 6, 9}) CHECK(counter.was_passed_over(ImageId{image}));
  for (const std::uint64_t image : {2, 4, 5, 10}) CHECK_FALSE(counter.was_passed_over(ImageId{image}));
}

TEST_CASE("beyond the limit ranges are made one: too much is kept and never too little") {
  ImageCounter counter;
  for (std::size_t i = 0; i < kMaxPassedOver + 5; ++i) {
    counter.rise_above(ImageId{counter.next});
    ++counter.next;
  }
  CHECK(counter.passed_over.size() == kMaxPassedOver);
  CHECK(counter.was_passed_over(ImageId{counter.next - 2}));
  CHECK(decode_image_counter(encode(counter)) == counter);
}
