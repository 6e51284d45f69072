#include "target/runtime/runtime.h"

namespace shoal {

const char* to_string(NetError error) {
  switch (error) {
    case NetError::closed: return "connection closed";
    case NetError::refused: return "connection refused";
    case NetError::unreachable: return "unreachable";
    case NetError::in_use: return "address already in use";
    case NetError::not_available: return "not an address of this machine";
    case NetError::no_resources: return "out of descriptors or memory";
  }
  return "unknown";
}

const char* to_string(FileError error) {
  switch (error) {
    case FileError::not_found: return "not found";
    case FileError::no_space: return "no space left on the device";
    case FileError::io: return "input/output error";
    case FileError::refused: return "not permitted";
    case FileError::in_use: return "in use by another process";
    case FileError::not_supported: return "not supported by the file system";
    case FileError::no_resources: return "out of descriptors or memory";
  }
  return "unknown";
}

}  // namespace shoal
