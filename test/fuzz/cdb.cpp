// Fuzz: any CDBs and data against a device server with a small disk of its own. What comes back must be one result,
// bounded.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>

#include "target/scsi/device_server.h"
#include "target/unit/local_unit_state.h"

using namespace shoal;

namespace {

constexpr std::uint64_t kBlocks = 2048;

// Takes all; whatever lies outside the unit is the device server's mistake.
class Disk final : public BlockDevice {
 public:
  std::uint64_t size_blocks() const override { return kBlocks; }
  void submit(Operation operation, Completion<IoResult> done) override {
    const BlockRange& range = operation.range;
    if (range.count > kBlocks || range.first.value > kBlocks - range.count) std::abort();
    const std::uint64_t bytes = range.count * kBlockBytes;
    if (total_size(operation.data) != bytes * blocks_given(operation.kind)) std::abort();
    IoResult result;
    if (operation.kind == OperationKind::lba_status) result.lba_status.push_back({range, true});
    if (operation.kind == OperationKind::read) {
      MutableByteSpan fill;
      result.data.push_back(Slice::fresh(bytes, fill));
      std::fill(fill.begin(), fill.end(), std::byte{0});
    }
    done(std::move(result));
  }
  void abort(const AbortSelection&, Completion<> done) override { done(); }

 private:
  // Blocks of data for each block of the range.
  static std::uint64_t blocks_given(OperationKind kind) {
    if (kind == OperationKind::write) return 1;
    return kind == OperationKind::compare_and_write ? 2 : 0;
  }
};

std::shared_ptr<LogicalUnit> small_unit() {
  auto unit = std::make_shared<LogicalUnit>();
  unit->image = {1};
  unit->volume = "demo";
  unit->target_name = "iqn.2026-01.shoal:demo";
  unit->identity = {0x3123456789abcdef, "0123456789"};
  unit->device = std::make_shared<Disk>();
  unit->state = std::make_shared<unit::LocalUnitState>();
  return unit;
}

scsi::CommandRequest request(FuzzedDataProvider& in) {
  scsi::CommandRequest request;
  for (std::byte& byte : request.cdb) byte = static_cast<std::byte>(in.ConsumeIntegral<std::uint8_t>());
  if (in.ConsumeIntegralInRange(0, 3) == 0) request.lun = in.ConsumeIntegral<std::uint64_t>();
  request.read = in.ConsumeBool();
  request.write = !request.read && in.ConsumeBool();
  if (request.write) {
    const std::string data = in.ConsumeRandomLengthString(4096);
    request.data.push_back(Slice::copy_of(data));
    request.expected_bytes = static_cast<std::uint32_t>(data.size());
  } else if (request.read) {
    request.expected_bytes = in.ConsumeIntegral<std::uint32_t>();
  }
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  scsi::DeviceServer server(small_unit(), {NexusId{}, Generation{1}, {}});
  for (std::uint64_t id = 1; in.remaining_bytes() > 0 && id < 32; ++id) {
    if (in.ConsumeIntegralInRange(0, 7) == 0) {
      server.raise({in.ConsumeIntegral<std::uint8_t>(), in.ConsumeIntegral<std::uint8_t>()});
    }
    scsi::CommandRequest next = request(in);
    next.id = {id};
    int results = 0;
    server.execute(std::move(next), [&](scsi::CommandResult result) {
      ++results;
      if (result.sense && encode_descriptor(*result.sense).size() > 252) std::abort();
      if (total_size(result.data) > 32u << 20) std::abort();
    });
    if (results != 1) std::abort();
  }
  return 0;
}
