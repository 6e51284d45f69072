// StoreFolder: the folder of a FileStore: its layout, its identity, and the right to it (file_store_format.md).
//
//   store.json                   identity, made once; the group that it serves is added when it first does
//   promises.log                 promise_log.h
//   images/<image>/<page>        16 hexadecimal digits each; the bytes of a page from offset 0 on
//   notes/<image>                what describes the image; the folder is made with the first one
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "routing/page_store.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

inline constexpr unsigned kStoreFormatVersion = 1;

struct StoreIdentity {
  StoreId id;
  std::optional<GroupId> group;  // whose images the pages are of; nullopt: it has served none yet
  bool operator==(const StoreIdentity&) const = default;
};
std::string encode(const StoreIdentity& identity);
Result<StoreIdentity, std::string> decode_store_identity(std::string_view text);

// Image ids mean something within one group only: in another one, or in a group that has lost its metadata, old pages
// would show up in new volumes. So the first group that a store serves is kept, and any other is refused, in one line
// for people. The caller has the store open.
Result<void, std::string> bind_store_to_group(Runtime& runtime, const std::string& path, const GroupId& group);

class StoreFolder {
 public:
  struct PageFileSize {
    PageId page;
    std::uint32_t bytes = 0;
  };

  // Opens it, or makes a new one with a new id where the folder is empty or absent. The error is one line for people.
  static Result<StoreFolder, std::string> open(Runtime& runtime, const std::string& path);

  const std::string& path() const { return path_; }
  const StoreId& id() const { return id_; }
  bool is_new() const { return is_new_; }
  std::string images_path() const { return path_ + "/images"; }
  std::string image_path(ImageId image) const;
  std::string page_path(const PageId& page) const;
  std::string notes_path() const { return path_ + "/notes"; }
  std::string note_path(ImageId image) const;
  std::string promises_path() const { return path_ + "/promises.log"; }

  // Pages that have a file, with its length. Other names are told to the log and left alone.
  Result<std::vector<PageFileSize>, std::string> pages(Runtime& runtime, const Log& log) const;
  Result<std::map<ImageId, ImageNote>, std::string> notes(Runtime& runtime, const Log& log) const;
  Result<void, FileError> write_note(Runtime& runtime, ImageId image, const ImageNote& note) const;  // durable
  std::string error(const std::string& what) const;  // one line that names the folder

 private:
  explicit StoreFolder(std::string path) : path_(std::move(path)) {}
  Result<void, std::string> lock(Runtime& runtime);
  Result<void, std::string> create(Runtime& runtime);
  Result<void, std::string> add_pages(Runtime& runtime, const Log& log, ImageId image,
                                      std::vector<PageFileSize>& pages) const;
  Result<void, std::string> load(Runtime& runtime, const std::vector<std::string>& names);

  std::string path_;
  std::unique_ptr<DirectoryLock> lock_;
  StoreId id_;
  bool is_new_ = false;
};

}  // namespace shoal::routing
