#include "routing/journal_store/returning_room.h"

#include <catch2/catch.hpp>

using shoal::routing::journal::ReturningRoom;

namespace {

void checkpoint(ReturningRoom& room) {
  room.begin_checkpoint();
  room.end_checkpoint();
}

}  // namespace

TEST_CASE("what was given back is there when a checkpoint has ended that began after that") {
  ReturningRoom room;
  const std::uint64_t since = room.newest_checkpoint();
  room.give_back();
  CHECK_FALSE(room.is_all_there(since));
  room.begin_checkpoint();
  CHECK_FALSE(room.is_all_there(since));
  room.end_checkpoint();
  CHECK(room.is_all_there(since));
}

TEST_CASE("a checkpoint that was under way has nothing of what is given back") {
  ReturningRoom room;
  room.begin_checkpoint();
  const std::uint64_t since = room.newest_checkpoint();
  room.give_back();
  room.end_checkpoint();
  CHECK_FALSE(room.is_all_there(since));
  checkpoint(room);
  CHECK(room.is_all_there(since));
}

TEST_CASE("who begins to wait sees a checkpoint of its own, though nothing was given back") {
  ReturningRoom room;
  checkpoint(room);
  const std::uint64_t since = room.newest_checkpoint();
  CHECK_FALSE(room.is_all_there(since));
  checkpoint(room);
  CHECK(room.is_all_there(since));
}

TEST_CASE("what is given back while somebody waits is waited for, too") {
  ReturningRoom room;
  const std::uint64_t since = room.newest_checkpoint();
  room.begin_checkpoint();
  room.give_back();
  room.end_checkpoint();
  CHECK_FALSE(room.is_all_there(since));
}

TEST_CASE("something is under way until a checkpoint that began after it has ended") {
  ReturningRoom room;
  CHECK_FALSE(room.is_any_under_way());
  room.begin_checkpoint();
  room.give_back();
  room.end_checkpoint();
  CHECK(room.is_any_under_way());
  checkpoint(room);
  CHECK_FALSE(room.is_any_under_way());
}

TEST_CASE("checkpoints are counted from where somebody began to wait") {
  ReturningRoom room;
  checkpoint(room);
  const std::uint64_t since = room.newest_checkpoint();
  CHECK(room.checkpoints_since(since) == 0);
  room.begin_checkpoint();
  CHECK(room.checkpoints_since(since) == 0);
  CHECK(room.checkpoints_since(room.newest_checkpoint()) == 0);
  room.end_checkpoint();
  CHECK(room.checkpoints_since(since) == 1);
}
