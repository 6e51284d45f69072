// Host: a machine of a World with one process. The process has a Runtime and, usually, an application that dies with
// it; the machine has a kernel (which goes on while the process is stopped), addresses, a clock of its own, and a disk.
//
//   kill()   SIGKILL: the process is gone, the kernel closes its connections and keeps what was written to files
//   crash()  power loss: connections vanish without a word, and what was not synced may be lost or torn
//   start()  a new process after either; its application is the caller's to give (run_application)
//   pause()  SIGSTOP; resume() SIGCONT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/log.h"
#include "target/runtime/runtime.h"
#include "test/sim/disk.h"
#include "test/sim/event_queue.h"

namespace shoal::sim {

class World;

class Host {
 public:
  Host(World& world, std::string name, std::vector<std::string> addresses);
  ~Host();
  Host(const Host&) = delete;

  const std::string& name() const { return name_; }
  const std::vector<std::string>& addresses() const { return addresses_; }
  bool has(std::string_view address) const;
  World& world() { return world_; }
  Disk& disk() { return disk_; }
  Log log(LogLevel level);  // into the trace

  Runtime& runtime();                                       // of the process that runs
  void run_application(std::shared_ptr<void> application);  // destroyed with the process
  bool running() const { return runtime_ != nullptr; }
  bool powered() const { return powered_; }
  std::uint64_t process() const { return process_; }  // counts the starts

  void kill();
  void crash();
  void start();
  void pause();
  void resume();
  bool paused() const { return paused_; }

  // The host's clock runs `rate` times as fast as the world's. Its zero is the host's own from the beginning.
  void set_clock_rate(double rate);
  Time clock() const;

  // For the Runtime and the kernel's parts: tasks of the process that runs now.
  EventKey post(Completion<> task);
  EventKey post_after(Duration delay, Completion<> task);  // on the host's clock
  void cancel(std::uint64_t process, const EventKey& key);
  EventQueue& queue() { return queue_; }
  void run(Completion<>& task);
  std::uint64_t wall_clock_ms() const;

 private:
  void end_process(bool power_lost);

  World& world_;
  std::string name_;
  std::vector<std::string> addresses_;
  Disk disk_;
  EventQueue queue_;
  std::uint64_t process_ = 0;
  bool powered_ = true, paused_ = false, in_task_ = false;
  double clock_rate_ = 1;
  Time clock_base_{}, world_base_{};
  std::unique_ptr<Runtime> runtime_;
  std::shared_ptr<void> application_;
};

}  // namespace shoal::sim
