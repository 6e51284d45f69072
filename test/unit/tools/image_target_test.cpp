#include "tools/shoalctl/image_target.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "tools/shoald/temporary_folder.h"

using namespace shoal;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Fixture {
  void write(const std::string& path, const std::string& content) { std::ofstream(path) << content; }
  std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder;
  std::string file = folder.path() + "/disk.raw";
};

}  // namespace

TEST_CASE_METHOD(Fixture, "an image has its name only when it is whole") {
  ImageTarget target(file, false);
  write(target.partial(), "whole");
  CHECK(!fs::exists(file));
  target.finish();
  CHECK(content(file) == "whole");
  CHECK(!fs::exists(target.partial()));
}

TEST_CASE_METHOD(Fixture, "an export that ends early leaves nothing, and what was there stays") {
  write(file, "old");
  {
    ImageTarget target(file, true);
    write(target.partial(), "half");
  }
  CHECK(content(file) == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE_METHOD(Fixture, "a file is replaced only by force, and so is one that an export left or writes") {
  write(file, "old");
  CHECK_THROWS_WITH(ImageTarget(file, false), Contains("disk.raw exists: name another file, or --force"));
  fs::rename(file, file + ".partial");
  CHECK_THROWS_WITH(ImageTarget(file, false), Contains("disk.raw.partial exists"));
  CHECK(content(file + ".partial") == "old");
  ImageTarget target(file, true);
  write(target.partial(), "new");
  target.finish();
  CHECK(content(file) == "new");
}

TEST_CASE_METHOD(Fixture, "what is no regular file is never replaced") {
  fs::create_directory(file);
  CHECK_THROWS_WITH(ImageTarget(file, true), Contains("no regular file"));
  fs::remove(file);
  fs::create_symlink("/dev/null", file);
  CHECK_THROWS_WITH(ImageTarget(file, true), Contains("no regular file"));
}

TEST_CASE_METHOD(Fixture, "a folder that is not there is told before anything is copied") {
  CHECK_THROWS_WITH(ImageTarget(folder.path() + "/none/disk.raw", false), Contains("/none is no folder"));
}
