// A File on an executor.
#pragma once

#include <memory>

#include "target/runtime/file_executor.h"

namespace shoal {

std::unique_ptr<File> make_engine_file(std::shared_ptr<OpenFile> file, const std::shared_ptr<FileExecutor>& executor);

}  // namespace shoal
