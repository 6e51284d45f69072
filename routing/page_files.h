// PageFiles: the open files of pages, bounded. A file is closed when another is wanted, the least recently used first,
// but only when nobody uses it and everything written to it is synced: after a close nobody would tell of a failed
// write-back. Where no file can be closed, the oldest are synced and who wants one waits.
//
// Also keeps what each file and each image's folder owes to the device. What an earlier process wrote may still be only
// in the kernel's memory: its files owe a sync until they had one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "routing/page.h"
#include "routing/store_folder.h"
#include "target/base/completion.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

inline constexpr std::size_t kMaxOpenPageFiles = 512;
inline constexpr std::size_t kWriteBackFiles = 16;  // synced at once, to make room

// Changes counted against those that a sync has covered: it covers what was there when it began.
class SyncDebt {
 public:
  void add() { ++changes_; }
  bool owed() const { return changes_ > synced_; }
  std::uint64_t now() const { return changes_; }
  void covered(std::uint64_t up_to) { synced_ = std::max(synced_, up_to); }

 private:
  std::uint64_t changes_ = 0, synced_ = 0;
};

struct PageFile {
  PageId page;
  std::unique_ptr<File> file;
  SyncDebt debt;
  unsigned users = 0;
  bool dropped = false;  // its image is gone: closed with its last user
};

class PageFiles {
 public:
  using Opened = Completion<Result<PageFile*, FileError>>;
  using Synced = Completion<Result<void, FileError>>;
  using OnFailure = std::function<void(FileError)>;

  // on_failure: a write-back that nobody asked for has failed.
  PageFiles(Runtime& runtime, const StoreFolder& folder, std::size_t limit, OnFailure on_failure);
  PageFiles(const PageFiles&) = delete;

  // The file, kept open until release(). Perhaps before the call returns.
  void open(const PageId& page, bool create, Opened done);
  void release(PageFile& file);
  void sync(PageFile& file, Synced done);  // of a file in use, and with its name
  void drop(ImageId image);
  void fail_waiting(FileError error);

  void found(const PageId& page);  // of an earlier process
  std::vector<PageId> owing() const;
  std::vector<ImageId> owing_folders() const;
  void sync_page(const PageId& page, Synced done);  // if it owes that
  void sync_folder(ImageId image, Synced done);
  std::size_t open_count() const { return files_.size(); }

 private:
  using Files = std::list<PageFile>;  // least recently used first
  struct Waiting {
    PageId page;
    bool create;
    Opened done;
  };

  void open_now(const PageId& page, bool create, Opened done);
  Result<PageFile*, FileError> open_file(const PageId& page, bool create);
  void sync_data(PageFile& file, Synced done);
  bool make_room();
  void write_back();
  void serve_waiting();

  Runtime& runtime_;
  const StoreFolder& folder_;
  std::size_t limit_;
  OnFailure on_failure_;
  Files files_;
  std::map<PageId, Files::iterator> by_page_;
  std::map<ImageId, SyncDebt> folders_;
  std::set<PageId> found_;  // and not opened since
  std::deque<Waiting> waiting_;
  std::size_t writing_back_ = 0;
  std::shared_ptr<void> alive_ = std::make_shared<char>();  // a folder's sync does not end with an object of ours
};

}  // namespace shoal::routing
