// Runtime: everything that waits. Clock, random, timers, streams, listeners, files, spawn; under target/server, routing, the
// transports and the stores. Two implementations: AsioRuntime (epoll, io_uring or a thread pool for files) and the
// simulated one in test/sim, where time is virtual and the same seed gives the same run.
//
// One Runtime is one thread: everything is called on it and calls back on it. No call blocks. A completion is never called
// from inside the call that was given it (except close, which calls nothing), so callers need not guard against re-entry.
// Destroying a Stream, Listener, Timer or File cancels what is pending on it: its completions are not called any more.
#pragma once

#include <memory>
#include <string>

#include "target/base/bytes.h"
#include "target/base/completion.h"
#include "target/base/endpoint.h"
#include "target/base/random.h"
#include "target/base/result.h"
#include "target/base/slice.h"
#include "target/base/time.h"
#include "target/runtime/device_facts.h"
#include "target/runtime/device_memory.h"

namespace shoal {

enum class NetError {
  closed,        // the peer closed its side (read), or the connection is gone
  refused,       // nobody listens there
  unreachable,   // no route, timed out
  in_use,        // listen: the address is taken
  not_available, // listen: not an address of this machine
  no_resources,  // descriptors or memory: try later
};
const char* to_string(NetError error);

enum class FileError {
  not_found,
  no_space,
  io,             // EIO and whatever else: the device is not to be trusted any more; never retried
  refused,        // permission, read-only, not a directory
  in_use,         // lock_directory, open_device: another holder has it
  not_supported,  // punch: this file system knows no holes
  no_resources,   // descriptors or memory: nothing was done, try later. Never of a change of unknown outcome
};
const char* to_string(FileError error);

class Stream {
 public:
  virtual ~Stream() = default;
  // One read at a time; completes with 1..into.size() bytes. `into` must live until then.
  virtual void read_some(MutableByteSpan into, Completion<Result<std::size_t, NetError>> done) = 0;
  // One write at a time; completes when all is handed to the transport. Gathered into as few system calls as possible.
  virtual void write(Slices data, Completion<Result<void, NetError>> done) = 0;
  virtual std::size_t unsent_bytes() const = 0;  // of the write under way: not yet handed to the transport
  virtual void shutdown_send() = 0;  // half-close, after what was written
  virtual void close() = 0;          // both ways, at once; pending completions are not called
  virtual Endpoint local() const = 0;
  virtual Endpoint peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;     // stops listening
  virtual Endpoint local() const = 0;  // with the port that port 0 became
};

// Runs its function once, unless it is destroyed first.
class Timer {
 public:
  virtual ~Timer() = default;
};

enum class SyncMode { none, data };  // data: durable on the device before completion (RWF_DSYNC)

class File {
 public:
  virtual ~File() = default;
  virtual void read(std::uint64_t offset, MutableByteSpan into, Completion<Result<std::size_t, FileError>> done) = 0;  // short at the end
  virtual void write(std::uint64_t offset, Slices data, SyncMode mode, Completion<Result<void, FileError>> done) = 0;   // all or error
  virtual void sync(Completion<Result<void, FileError>> done) = 0;                                                    // fdatasync
  virtual void punch(std::uint64_t offset, std::uint64_t length, Completion<Result<void, FileError>> done) = 0;         // reads as zeros after
};

// The right to a directory, held until it is destroyed or its process ends.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

// What a store lies on.
enum class DeviceOpen {
  existing,   // to read and write, for nobody else
  create,     // the same; where there is nothing of that name, an empty file is made
  read_only,  // with other readers, while nobody writes
};

struct OpenDevice {
  std::unique_ptr<File> file;  // the right to the device goes with it
  std::uint64_t bytes = 0;     // its size
  DeviceFacts facts;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Time now() const = 0;                   // monotonic
  virtual std::uint64_t wall_clock_ms() const = 0;  // since 1970, for people only: never compared to decide anything
  virtual Random& random() = 0;

  virtual void post(Completion<> task) = 0;       // runs soon, after what is running now; in order
  virtual std::unique_ptr<Timer> after(Duration delay, Completion<> task) = 0;

  virtual void connect(const Endpoint& to, Duration timeout, Completion<Result<std::unique_ptr<Stream>, NetError>> done) = 0;
  virtual Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint& at,
                                                             UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) = 0;

  // Small metadata operations on files are synchronous (start-up, creation of a page's file); data never is.
  virtual Result<std::unique_ptr<File>, FileError> open_file(const std::string& path, bool create) = 0;
  // A file or a block device, without the page cache where that is possible (facts.direct): offsets, lengths and memory
  // are whole blocks of kDeviceBlockBytes. A file grows where it is written past its end. Links are followed; refused:
  // anything else than a file or a block device. in_use: another holder has it, or it is mounted.
  virtual Result<OpenDevice, FileError> open_device(const std::string& path, DeviceOpen how) = 0;
  // Memory for what is written to such a device, not initialised, which may make a write of it cheaper. For data that
  // are written soon and let go of in the order of their writing, more or less.
  virtual SharedBytes device_memory(std::size_t bytes) { return aligned_bytes(bytes); }
  // Names of files created in that directory are durable when it completes (opening them alone does not promise it).
  virtual void sync_directory(const std::string& path, Completion<Result<void, FileError>> done) = 0;
  // Exclusive, against other processes and against this one; the directory exists. Nothing is created in it.
  virtual Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path) = 0;
  virtual Result<std::uint64_t, FileError> file_size(const std::string& path) = 0;
  virtual Result<void, FileError> make_directories(const std::string& path) = 0;  // durable
  virtual Result<std::vector<std::string>, FileError> list_directory(const std::string& path) = 0;  // names, sorted
  virtual Result<void, FileError> remove_tree(const std::string& path) = 0;
  virtual Result<std::string, FileError> read_whole(const std::string& path) = 0;   // small files, at most 16 MiB
  virtual Result<void, FileError> replace_whole(const std::string& path, std::string_view text) = 0;  // atomic and durable
};

}  // namespace shoal
