#include "target/runtime/file_executor.h"

#include <algorithm>
#include <iterator>

namespace shoal {

FileOperations take_of(const OpenFile& file, FileOperations& operations) {
  const auto rest = std::stable_partition(operations.begin(), operations.end(),
                                          [&](const auto& operation) { return &operation->file() != &file; });
  FileOperations taken(std::make_move_iterator(rest), std::make_move_iterator(operations.end()));
  operations.erase(rest, operations.end());
  return taken;
}

}  // namespace shoal
