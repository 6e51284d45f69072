#include "routing/page_files.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing {

PageFiles::PageFiles(Runtime& runtime, const StoreFolder& folder, std::size_t limit, OnFailure on_failure)
    : runtime_(runtime), folder_(folder), limit_(limit), on_failure_(std::move(on_failure)) {}

// ---- opening and closing ----------------------------------------------------------------------------------------

void PageFiles::open(const PageId& page, bool create, Opened done) {
  if (by_page_.contains(page) || (waiting_.empty() && make_room())) return open_now(page, create, std::move(done));
  waiting_.push_back({page, create, std::move(done)});
  write_back();
}

void PageFiles::open_now(const PageId& page, bool create, Opened done) {
  const auto file = open_file(page, create);
  if (file) ++(*file)->users;
  done(file);
}

Result<PageFile*, FileError> PageFiles::open_file(const PageId& page, bool create) {
  if (const auto known = by_page_.find(page); known != by_page_.end()) {
    files_.splice(files_.end(), files_, known->second);
    return &*known->second;
  }
  if (create && !folders_.contains(page.image)) {
    if (const auto made = runtime_.make_directories(folder_.image_path(page.image)); !made) return made.error();
  }
  auto file = runtime_.open_file(folder_.page_path(page), create);
  if (!file) return file.error();
  if (create) folders_[page.image].add();
  by_page_[page] = files_.insert(files_.end(), PageFile{.page = page, .file = std::move(*file)});
  if (found_.erase(page) > 0) files_.back().debt.add();
  return &files_.back();
}

void PageFiles::release(PageFile& file) {
  CHECK(file.users > 0, file.page.image, file.page.index);
  --file.users;
  if (file.dropped && file.users == 0) files_.remove_if([&file](const PageFile& each) { return &each == &file; });
  serve_waiting();
}

// Room for one more. False: every file is in use or owes something.
bool PageFiles::make_room() {
  if (files_.size() < limit_) return true;
  const auto idle =
      std::ranges::find_if(files_, [](const PageFile& file) { return file.users == 0 && !file.debt.owed(); });
  if (idle == files_.end()) return false;
  by_page_.erase(idle->page);
  files_.erase(idle);
  return true;
}

void PageFiles::serve_waiting() {
  while (!waiting_.empty() && (by_page_.contains(waiting_.front().page) || make_room())) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    open_now(next.page, next.create, std::move(next.done));
  }
  if (!waiting_.empty()) write_back();
}

void PageFiles::write_back() {
  for (PageFile& file : files_) {
    if (writing_back_ >= kWriteBackFiles) return;
    if (file.users > 0 || !file.debt.owed()) continue;
    ++file.users;
    ++writing_back_;
    sync_data(file, [this, &file](Result<void, FileError> result) {
      --writing_back_;
      if (!result) on_failure_(result.error());
      release(file);
    });
  }
}

void PageFiles::fail_waiting(FileError error) {
  for (Waiting& each : std::exchange(waiting_, {})) each.done(error);
}

void PageFiles::drop(ImageId image) {
  const auto end = by_page_.lower_bound({ImageId{image.value + 1}, {}});
  for (auto each = by_page_.lower_bound({image, {}}); each != end; each = by_page_.erase(each)) {
    if (each->second->users == 0) {
      files_.erase(each->second);
    } else {
      each->second->dropped = true;
    }
  }
  folders_.erase(image);
  std::erase_if(found_, [image](const PageId& page) { return page.image == image; });
}

// ---- syncing ----------------------------------------------------------------------------------------------------

void PageFiles::sync_data(PageFile& file, Synced done) {
  file.file->sync([&file, up_to = file.debt.now(), done = std::move(done)](Result<void, FileError> result) mutable {
    if (result) file.debt.covered(up_to);
    done(result);
  });
}

void PageFiles::sync(PageFile& file, Synced done) {
  auto with_name = [this, image = file.page.image, done = std::move(done)](Result<void, FileError> result) mutable {
    if (!result) return done(result);
    sync_folder(image, std::move(done));
  };
  if (!file.debt.owed()) return with_name({});
  sync_data(file, std::move(with_name));
}

void PageFiles::sync_folder(ImageId image, Synced done) {
  const auto folder = folders_.find(image);
  if (folder == folders_.end() || !folder->second.owed()) return done({});  // dropped, or synced meanwhile
  const std::uint64_t up_to = folder->second.now();
  runtime_.sync_directory(folder_.image_path(image), [this, alive = std::weak_ptr<void>(alive_), image, up_to,
                                                      done = std::move(done)](Result<void, FileError> result) mutable {
    if (alive.expired()) return;
    if (const auto known = folders_.find(image); result && known != folders_.end()) known->second.covered(up_to);
    done(result);
  });
}

void PageFiles::sync_page(const PageId& page, Synced done) {
  const auto may_owe = [this, page] {
    const auto file = by_page_.find(page);
    return file == by_page_.end() ? found_.contains(page) : file->second->debt.owed();
  };
  if (!may_owe()) return done({});  // dropped or synced meanwhile
  open(page, false, [this, may_owe, done = std::move(done)](Result<PageFile*, FileError> file) mutable {
    if (!file && !may_owe()) return done({});  // dropped while it waited
    if (!file) return done(file.error());
    sync_data(**file, [this, file = *file, done = std::move(done)](Result<void, FileError> result) mutable {
      done(result);
      release(*file);
    });
  });
}

void PageFiles::found(const PageId& page) {
  found_.insert(page);
  folders_[page.image].add();
}

std::vector<PageId> PageFiles::owing() const {
  std::vector<PageId> owing(found_.begin(), found_.end());
  for (const auto& [page, file] : by_page_) {
    if (file->debt.owed()) owing.push_back(page);
  }
  return owing;
}

std::vector<ImageId> PageFiles::owing_folders() const {
  std::vector<ImageId> owing;
  for (const auto& [image, debt] : folders_) {
    if (debt.owed()) owing.push_back(image);
  }
  return owing;
}

}  // namespace shoal::routing
