// SecretFiles: the secrets behind CHAP settings, from files of this member.
//
// A file is read when a login needs it, and again when it has changed (its identity, size or times): in between a login
// costs a stat. A file is a regular one of at most kMaxSecretFileBytes, so reading it does not hold up the loop; keep
// it on a local disk. One line end at its end is not part of the secret. Secrets stay in memory while the file is as it
// was, and go nowhere else: what is said of a file is its path and what is wrong with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/volume_access.h"
#include "target/base/chap_credentials.h"
#include "target/base/log.h"
#include "target/base/result.h"

namespace shoal {

inline constexpr std::size_t kMaxSecretFileBytes = 4096;
inline constexpr std::size_t kMaxSecretFiles = 4096;  // kept in memory; when there are more, they are read anew

// What a person should know of the files of one setting.
struct SecretCheck {
  std::string problem;                // logins are answered 0301; empty: none
  std::vector<std::string> warnings;  // logins are served
};

// What the file's content is as a secret; the error says what is wrong with it, without its path.
Result<Secret, std::string> secret_in(std::string_view content);

class SecretFiles {
 public:
  explicit SecretFiles(Log log) : log_(std::move(log)) {}

  // The error is one line for people.
  Result<ChapCredentials, std::string> credentials(const cluster::ChapSettings& settings);
  SecretCheck check(const cluster::ChapSettings& settings);

 private:
  // A file that has changed differs in one of these.
  struct Stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified_ns = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct File {
    Stamp stamp;
    Secret secret;
    std::string problem;
    std::vector<std::string> warnings;
  };

  const File& look_at(const std::string& path);
  static File read(const std::string& path);
  static Result<Stamp, std::string> stamp_of(const std::string& path);

  Log log_;
  std::map<std::string, File> files_;  // by path
};

}  // namespace shoal
