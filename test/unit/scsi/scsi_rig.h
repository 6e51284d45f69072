// A unit in memory with a device server of one session before it, and CDBs as a test writes them.
#pragma once

#include <initializer_list>

#include "target/scsi/device_server.h"
#include "target/unit/unit_machine.h"
#include "test/support/memory_device.h"

namespace shoal::scsi::test {

using Cdb = std::array<std::byte, 16>;

inline Cdb cdb(std::initializer_list<unsigned> bytes) {
  Cdb cdb{};
  std::size_t at = 0;
  for (const unsigned byte : bytes) cdb[at++] = static_cast<std::byte>(byte);
  return cdb;
}
template <std::unsigned_integral T>
Cdb with(Cdb cdb, std::size_t at, T value) {
  store_be(MutableByteSpan(cdb), at, value);
  return cdb;
}

inline Cdb read_10(std::uint32_t lba, std::uint16_t blocks) { return with(with(cdb({0x28}), 2, lba), 7, blocks); }
inline Cdb read_16(std::uint64_t lba, std::uint32_t blocks) { return with(with(cdb({0x88}), 2, lba), 10, blocks); }
inline Cdb write_10(std::uint32_t lba, std::uint16_t blocks) { return with(with(cdb({0x2a}), 2, lba), 7, blocks); }
inline Cdb write_16(std::uint64_t lba, std::uint32_t blocks) { return with(with(cdb({0x8a}), 2, lba), 10, blocks); }
inline Cdb vital_product_data(unsigned page, std::uint16_t allocation_length = 0xffff) {
  return with(cdb({0x12, 1, page}), 3, allocation_length);
}
inline Cdb test_unit_ready() { return {}; }

inline std::vector<unsigned> numbers(ByteSpan bytes) {
  std::vector<unsigned> result;
  for (const std::byte byte : bytes) result.push_back(std::to_integer<unsigned>(byte));
  return result;
}

// How a command ended, as a test compares it.
struct Ended {
  unsigned status = 0, key = 0, asc = 0, ascq = 0;
  bool operator==(const Ended&) const = default;
};
inline std::ostream& operator<<(std::ostream& to, const Ended& ended) {
  return to << fmt::format("status {:02x}, sense {:x} {:02x}/{:02x}", ended.status, ended.key, ended.asc, ended.ascq);
}
inline constexpr Ended kGood{};
constexpr Ended check(unsigned key, unsigned asc, unsigned ascq) { return {0x02, key, asc, ascq}; }
inline constexpr Ended kInvalidField = check(5, 0x24, 0);
inline constexpr Ended kOutOfRange = check(5, 0x21, 0);
inline constexpr Ended kTaskAborted{0x40};

inline Ended ended(const CommandResult& result) {
  if (!result.sense) return {result.status};
  return {result.status, static_cast<unsigned>(result.sense->key), result.sense->asc, result.sense->ascq};
}

// The rules of target/unit on a picture that a test may paint over.
class PaintedUnitState final : public UnitState {
 public:
  const UnitView& view() const override { return painted; }
  void change(const InitiatorPort& from, UnitChange change, Completion<UnitAnswer> done) override {
    changes.push_back(change);
    if (successor) painted = *std::exchange(successor, std::nullopt);
    if (unavailable > 0) return --unavailable, done(UnitAnswer::unavailable);
    unit::Outcome outcome = unit::apply(painted, from, change);
    painted = std::move(outcome.view);
    consequences.push_back(std::move(outcome.consequences));
    done(outcome.answer);
  }
  UnitMoment moment() const override { return {}; }
  std::vector<UnitAttention> missed(const InitiatorPort&, const UnitMoment&) const override { return {}; }
  void reserve(ReservationType type, const InitiatorPort& holder) { painted.persistent.held = {type, holder}; }

  UnitView painted{.generation = 7};
  std::optional<UnitView> successor;  // what the keeper knows by the next change
  unsigned unavailable = 0;           // of the next changes, so many find no keeper
  std::vector<UnitChange> changes;    // that were asked for
  std::vector<unit::Consequences> consequences;
};

class ScsiRig {
 public:
  explicit ScsiRig(std::uint64_t blocks = 1000)
      : device(std::make_shared<shoal::test::MemoryDevice>(blocks)),
        state(std::make_shared<PaintedUnitState>()),
        unit(std::make_shared<LogicalUnit>(LogicalUnit{.image = {1},
                                                       .volume = "vol",
                                                       .target_name = "iqn.2025-01.test:vol",
                                                       .identity = {0x3123456789abcdef, "serial-0001"},
                                                       .write_cache = true,
                                                       .device = device,
                                                       .state = state})),
        server(std::make_unique<DeviceServer>(unit, Nexus{nexus(), Generation{5}, port()})) {}

  static NexusId nexus() { return {{1, 2, 3}}; }
  static InitiatorPort port() { return {"iqn.2025-01.test:host", 0x400001}; }
  static InitiatorPort other_port() { return {"iqn.2025-01.test:other", 0x400002}; }

  // Executes a command that needs no waiting.
  CommandResult run(const Cdb& cdb, std::uint64_t lun = 0) {
    return take(start({.cdb = cdb, .lun = lun, .read = true, .expected_bytes = 1u << 20}));
  }
  CommandResult give(const Cdb& cdb, const std::string& data) { return give(cdb, Slices{Slice::copy_of(data)}); }
  CommandResult give(const Cdb& cdb, Slices data) {
    const auto bytes = static_cast<std::uint32_t>(total_size(data));
    return take(start({.cdb = cdb, .write = bytes != 0, .expected_bytes = bytes, .data = std::move(data)}));
  }

  // The result arrives in results[id].
  CommandId start(CommandRequest request) {
    request.id = CommandId{++last_id_};
    const CommandId id = request.id;
    server->execute(std::move(request), [this, id](CommandResult result) {
      if (results.contains(id)) throw std::logic_error("a command completed twice");
      results[id] = std::move(result);
    });
    return id;
  }
  CommandResult take(CommandId id) { return results.at(id); }
  bool ended(CommandId id) const { return results.contains(id); }

  std::shared_ptr<shoal::test::MemoryDevice> device;
  std::shared_ptr<PaintedUnitState> state;
  std::shared_ptr<LogicalUnit> unit;
  std::unique_ptr<DeviceServer> server;
  std::map<CommandId, CommandResult> results;

 private:
  std::uint64_t last_id_ = 0;
};

inline std::string text(const CommandResult& result) { return std::string(as_text(flatten(result.data).bytes())); }
inline std::vector<unsigned> bytes(const CommandResult& result) { return numbers(flatten(result.data).bytes()); }
// The field pointer of fixed sense: {byte 15, bytes 16-17}.
inline std::pair<unsigned, unsigned> field_pointer(const CommandResult& result) {
  const auto sense = numbers(encode_fixed(result.sense.value()).bytes());
  return {sense[15], sense[16] << 8 | sense[17]};
}
inline std::string block_of(char letter) { return std::string(kBlockBytes, letter); }

}  // namespace shoal::scsi::test
