#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "target/runtime/posix_files.h"
#include "test/unit/runtime/runtime_rig.h"

using namespace shoal;
using shoal::test::NoDescriptorsLeft;
using shoal::test::TemporaryFolder;

TEST_CASE("folders are made with all their parents, and making them again is no error") {
  TemporaryFolder folder;
  REQUIRE(posix::make_directories(folder / "a/b/c").has_value());
  CHECK(posix::make_directories(folder / "a/b/c").has_value());
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  std::ofstream(folder / "plain") << "x";
  CHECK(posix::make_directories(folder / "plain").error() == FileError::refused);
  CHECK(posix::make_directories(folder / "plain/below").error() == FileError::refused);
}

TEST_CASE("a folder's names come sorted") {
  TemporaryFolder folder;
  for (const char* name : {"b", "c", "a"}) std::ofstream(folder / name) << name;
  CHECK(*posix::list_directory(folder.path()) == std::vector<std::string>{"a", "b", "c"});
  CHECK(posix::list_directory(folder / "none").error() == FileError::not_found);
  CHECK(posix::list_directory(folder / "a").error() == FileError::refused);
}

TEST_CASE("a tree is removed with all that is in it, one that is not there as well") {
  TemporaryFolder folder;
  REQUIRE(posix::make_directories(folder / "a/b").has_value());
  std::ofstream(folder / "a/b/file") << "x";
  CHECK(posix::remove_tree(folder / "a").has_value());
  CHECK_FALSE(std::filesystem::exists(folder / "a"));
  CHECK(posix::remove_tree(folder / "a").has_value());
}

TEST_CASE("a file is replaced whole, over what an earlier attempt has left") {
  TemporaryFolder folder;
  const std::string path = folder / "config";
  std::ofstream(path + ".new") << "half of an attempt that a crash has ended, longer than what comes";
  REQUIRE(posix::replace_whole(path, "one").has_value());
  REQUIRE(posix::replace_whole(path, "two").has_value());
  CHECK(*posix::read_whole(path) == "two");
  CHECK(*posix::list_directory(folder.path()) == std::vector<std::string>{"config"});
  CHECK(posix::replace_whole(folder / "none/config", "x").error() == FileError::not_found);
}

TEST_CASE("where descriptors are short nothing is made and nothing is replaced") {
  TemporaryFolder folder;
  std::ofstream(folder / "file") << "old";
  {
    const NoDescriptorsLeft shortage;
    CHECK(posix::open_file(folder / "new", true).error() == FileError::no_resources);
    CHECK(posix::make_directories(folder / "made").error() == FileError::no_resources);
    CHECK(posix::replace_whole(folder / "file", "new").error() == FileError::no_resources);
    CHECK(posix::list_directory(folder.path()).error() == FileError::no_resources);
  }
  CHECK(*posix::list_directory(folder.path()) == std::vector<std::string>{"file"});
  CHECK(*posix::read_whole(folder / "file") == "old");
}

TEST_CASE("whole files are read up to their limit") {
  TemporaryFolder folder;
  const std::string limit(posix::kMaxWholeFileBytes, 'x');
  REQUIRE(posix::replace_whole(folder / "largest", limit).has_value());
  REQUIRE(posix::replace_whole(folder / "larger", limit + "x").has_value());
  REQUIRE(posix::replace_whole(folder / "empty", "").has_value());
  CHECK(*posix::read_whole(folder / "largest") == limit);
  CHECK(posix::read_whole(folder / "larger").error() == FileError::refused);
  CHECK(posix::read_whole(folder / "empty")->empty());
  CHECK(posix::read_whole(folder / "none").error() == FileError::not_found);
}

TEST_CASE("a directory is locked once at a time, and free when its lock is destroyed") {
  TemporaryFolder folder;
  auto lock = posix::lock_directory(folder.path());
  REQUIRE(lock.has_value());
  CHECK(posix::lock_directory(folder.path()).error() == FileError::in_use);
  lock->reset();
  CHECK(posix::lock_directory(folder.path()).has_value());
  CHECK(posix::list_directory(folder.path())->empty());
  CHECK(posix::lock_directory(folder / "none").error() == FileError::not_found);
}
