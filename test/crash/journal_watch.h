// JournalWatch: what can be told of a journal store from what it asks of its device.
#pragma once

#include <optional>

#include "routing/journal_store/superblock.h"
#include "test/crash/breach.h"

namespace shoal::crash {

class JournalWatch : public Breach {
 public:
  bool on_write(DeviceWrite& write, DeviceWrites& others) final;
  bool on_sync(DeviceWrites& others) final;
  void on_read(std::uint64_t offset, MutableByteSpan read) final;

 protected:
  using Superblock = routing::journal::Superblock;

  virtual bool on_superblock(DeviceWrite& /*write*/) { return true; }
  virtual void on_frame(DeviceWrite& /*write*/, DeviceWrites& /*others*/) {}
  virtual void on_space(DeviceWrite& /*write*/) {}  // data, nodes, growth
  virtual bool on_sync_at_opening() { return true; }
  virtual bool on_sync_of_frames() { return true; }
  virtual bool on_sync_of_growth() { return true; }
  virtual bool on_sync_of_checkpoint(DeviceWrites& /*others*/) { return true; }
  virtual void on_read_of_journal(std::uint32_t /*block*/, MutableByteSpan /*read*/) {}

  // The newest that was read or written; nullopt: none yet.
  const std::optional<Superblock>& superblock() const { return superblock_; }

 private:
  enum class Region { superblocks, journal, space };
  Region region_of(std::uint64_t offset) const;
  void learn(ByteSpan block);

  std::optional<Superblock> superblock_;
  std::uint64_t device_bytes_ = 0;  // as far as anything was read or written
  bool anything_written_ = false;
  bool frames_unsynced_ = false, growth_unsynced_ = false;
  bool nodes_unsynced_ = false;  // or data that went home
};

}  // namespace shoal::crash
