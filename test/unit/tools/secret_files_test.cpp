#include "tools/node/secret_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace shoal;
using Catch::Contains;

namespace {

// A folder with files of secrets.
struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("shoal-secrets-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    const std::string file = (path / name).string();
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
    ::chmod(file.c_str(), mode);
    return file;
  }

  std::filesystem::path path;
};

cluster::ChapSettings one_way(const std::string& file) { return {{"host", file}, std::nullopt}; }

std::string secret_of(SecretFiles& files, const cluster::ChapSettings& settings) {
  const auto found = files.credentials(settings);
  return found ? std::string(as_text(found->initiator.secret.bytes())) : "refused: " + found.error();
}

std::string content_of(const std::string& text) {
  const auto secret = secret_in(text);
  return secret ? std::string(as_text(secret->bytes())) : "refused: " + secret.error();
}

}  // namespace

TEST_CASE("one line end at the end is not part of the secret; all else is") {
  CHECK(content_of("secret") == "secret");
  CHECK(content_of("secret\n") == "secret");
  CHECK(content_of("secret\r\n") == "secret");
  CHECK(content_of("secret\n\n") == "secret\n");
  CHECK(content_of(" se cret ") == " se cret ");
  CHECK(content_of(std::string("a\0b", 3)) == std::string("a\0b", 3));
}

TEST_CASE("a file that holds nothing or too much holds no secret") {
  CHECK_THAT(content_of(""), Contains("empty"));
  CHECK_THAT(content_of("\n"), Contains("empty"));
  CHECK(content_of(std::string(kMaxSecretFileBytes, 'a')).size() == kMaxSecretFileBytes);
  CHECK_THAT(content_of(std::string(kMaxSecretFileBytes + 1, 'a')), Contains("4096"));
}

TEST_CASE("a secret is read from its file, and again when the file has changed or was replaced") {
  const Folder folder;
  SecretFiles files{Log()};
  const std::string file = folder.write("a", "first-secret\n");
  CHECK(secret_of(files, one_way(file)) == "first-secret");
  folder.write("a", "another-secret\n");
  CHECK(secret_of(files, one_way(file)) == "another-secret");
  std::filesystem::rename(folder.write("b", "replaced-secre\n"), file);  // of the same size
  CHECK(secret_of(files, one_way(file)) == "replaced-secre");
}

TEST_CASE("a file that is as it was is not read again") {
  const Folder folder;
  SecretFiles files{Log()};
  const std::string file = folder.write("a", "first-secret\n");
  timespec long_ago[2] = {{1, 0}, {1, 0}};
  ::utimensat(AT_FDCWD, file.c_str(), long_ago, 0);
  CHECK(secret_of(files, one_way(file)) == "first-secret");
  struct stat after_first {
  }, after_second{};
  ::stat(file.c_str(), &after_first);
  CHECK(secret_of(files, one_way(file)) == "first-secret");
  ::stat(file.c_str(), &after_second);
  CHECK(after_first.st_atim.tv_sec == after_second.st_atim.tv_sec);
}

TEST_CASE("a file that is missing, not for this process, or none says so by its path, and is found when it comes") {
  const Folder folder;
  SecretFiles files{Log()};
  const std::string file = (folder.path / "late").string();
  CHECK_THAT(secret_of(files, one_way(file)), Contains("refused: cannot read " + file + ": No such file"));
  CHECK_THAT(secret_of(files, one_way(folder.path.string())), Contains("not a regular file"));
  const std::string pipe = (folder.path / "pipe").string();
  ::mkfifo(pipe.c_str(), 0600);
  CHECK_THAT(secret_of(files, one_way(pipe)), Contains("not a regular file"));
  CHECK_THAT(secret_of(files, one_way("/dev/zero")), Contains("not a regular file"));
  CHECK_THAT(secret_of(files, one_way(folder.write("empty", "\n"))), Contains("it is empty"));
  CHECK_THAT(secret_of(files, one_way(folder.write("long", std::string(5000, 'a')))), Contains("4096"));
  folder.write("late", "it-is-here-now\n");
  CHECK(secret_of(files, one_way(file)) == "it-is-here-now");
  std::filesystem::remove(file);
  CHECK_THAT(secret_of(files, one_way(file)), Contains("No such file"));
}

TEST_CASE("mutual CHAP needs both files, and two secrets") {
  const Folder folder;
  SecretFiles files{Log()};
  cluster::ChapSettings settings = one_way(folder.write("a", "of-the-host-123\n"));
  settings.target = cluster::ChapUser{"shoal", folder.write("b", "of-the-target-1\n")};
  const auto found = files.credentials(settings);
  REQUIRE(found.has_value());
  CHECK(found->initiator.user == "host");
  REQUIRE(found->target);
  CHECK(found->target->user == "shoal");
  CHECK(as_text(found->target->secret.bytes()) == "of-the-target-1");
  folder.write("b", "of-the-host-123");
  CHECK_THAT(secret_of(files, settings), Contains("hold the same secret") && !Contains("of-the-host"));
  std::filesystem::remove(folder.path / "b");
  CHECK_THAT(secret_of(files, settings), Contains("No such file"));
}

TEST_CASE("a short secret and one that everybody can read work, with a warning each") {
  const Folder folder;
  SecretFiles files{Log()};
  const auto fine = one_way(folder.write("fine", "twelve-bytes"));
  CHECK(files.check(fine).problem.empty());
  CHECK(files.check(fine).warnings.empty());
  const auto weak = one_way(folder.write("weak", "eleven-byte", 0644));
  const SecretCheck check = files.check(weak);
  CHECK(check.problem.empty());
  REQUIRE(check.warnings.size() == 2);
  CHECK_THAT(check.warnings[0], Contains("fewer than 12 bytes") && !Contains("eleven"));
  CHECK_THAT(check.warnings[1], Contains("chmod o-r"));
  ::chmod(weak.initiator.secret_file.c_str(), 0600);
  CHECK(files.check(weak).warnings.size() == 1);
  CHECK_THAT(files.check(one_way("/nonexistent/secret")).problem, Contains("/nonexistent/secret"));
}
