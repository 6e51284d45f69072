// Opens what a store lies on: Runtime::open_device without the engine.
#pragma once

#include <memory>
#include <string>

#include "target/runtime/file_operation.h"
#include "target/runtime/runtime.h"

namespace shoal::posix {

struct LockedDevice {
  std::shared_ptr<OpenFile> file;  // holds the lock
  std::uint64_t bytes = 0;
  DeviceFacts facts;
};

// Opened for writing, a file has no holes after this, as far as its file system knows how to fill them. no_space: it has
// no room for them, and has given none. Refused as well: a block device with sectors of more than kDeviceBlockBytes.
Result<LockedDevice, FileError> open_device(const std::string& path, DeviceOpen how);

}  // namespace shoal::posix
