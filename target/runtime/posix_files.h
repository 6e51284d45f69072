// Small, synchronous operations on files and folders; the Runtime's functions of the same names.
#pragma once

#include <string>
#include <vector>

#include "target/runtime/file_operation.h"
#include "target/runtime/runtime.h"

namespace shoal::posix {

inline constexpr std::size_t kMaxWholeFileBytes = 16 * 1024 * 1024;

Result<std::shared_ptr<OpenFile>, FileError> open_file(const std::string& path, bool create);
Result<std::shared_ptr<OpenFile>, FileError> open_directory(const std::string& path);
Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path);
Result<std::uint64_t, FileError> file_size(const std::string& path);
Result<void, FileError> make_directories(const std::string& path);
Result<std::vector<std::string>, FileError> list_directory(const std::string& path);
Result<void, FileError> remove_tree(const std::string& path);
Result<std::string, FileError> read_whole(const std::string& path);  // refused: longer than kMaxWholeFileBytes
Result<void, FileError> replace_whole(const std::string& path, std::string_view text);

}  // namespace shoal::posix
