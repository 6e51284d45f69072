#include "test/model/block_commands.h"

#include <algorithm>

namespace model {

namespace {

Bytes cdb10(std::uint8_t code, std::uint64_t lba, std::uint64_t blocks) {
  Bytes cdb(10);
  cdb[0] = code;
  put(cdb, 2, 4, lba);
  put(cdb, 7, 2, blocks);
  return cdb;
}

Bytes cdb16(std::uint8_t code, std::uint64_t lba, std::uint64_t blocks, std::uint8_t flags = 0) {
  Bytes cdb(16);
  cdb[0] = code;
  cdb[1] = flags;
  put(cdb, 2, 8, lba);
  put(cdb, 10, 4, blocks);
  return cdb;
}

Command writing16(std::uint8_t code, std::uint64_t lba, Bytes data, std::uint8_t flags = 0) {
  return {.cdb = cdb16(code, lba, data.size() / kBlock, flags), .out = std::move(data)};
}

}  // namespace

Command read10(std::uint64_t lba, std::uint64_t blocks) {
  return {.cdb = cdb10(0x28, lba, blocks), .in = blocks * kBlock};
}
Command read16(std::uint64_t lba, std::uint64_t blocks) {
  return {.cdb = cdb16(0x88, lba, blocks), .in = blocks * kBlock};
}
Command write10(std::uint64_t lba, Bytes data) {
  return {.cdb = cdb10(0x2a, lba, data.size() / kBlock), .out = std::move(data)};
}
Command write16(std::uint64_t lba, Bytes data) { return writing16(0x8a, lba, std::move(data)); }
Command write_and_verify16(std::uint64_t lba, Bytes data) { return writing16(0x8e, lba, std::move(data)); }
Command orwrite16(std::uint64_t lba, Bytes data) { return writing16(0x8b, lba, std::move(data)); }

Command write_atomic16(std::uint64_t lba, Bytes data) {
  Command command{.cdb = Bytes(16), .out = std::move(data)};
  command.cdb[0] = 0x9c;
  put(command.cdb, 2, 8, lba);
  put(command.cdb, 12, 2, command.out.size() / kBlock);
  return command;
}

Command compare_and_write(std::uint64_t lba, const Bytes& expected, const Bytes& replacement) {
  Command command{.cdb = Bytes(16), .out = expected};
  command.cdb[0] = 0x89;
  put(command.cdb, 2, 8, lba);
  put(command.cdb, 13, 1, expected.size() / kBlock);
  append(command.out, replacement);
  return command;
}

Command verify16(std::uint64_t lba, std::uint64_t blocks) { return {.cdb = cdb16(0x8f, lba, blocks)}; }
Command verify_data16(std::uint64_t lba, Bytes data) { return writing16(0x8f, lba, std::move(data), 0x02); }

Command write_same16(std::uint64_t lba, std::uint64_t blocks, Bytes block) {
  return {.cdb = cdb16(0x93, lba, blocks), .out = std::move(block)};
}
Command zero_same16(std::uint64_t lba, std::uint64_t blocks) { return {.cdb = cdb16(0x93, lba, blocks, 0x01)}; }

Command unmap(const std::vector<Extent>& extents) {
  Command command{.cdb = Bytes(10), .out = Bytes(8 + 16 * extents.size())};
  command.cdb[0] = 0x42;
  put(command.cdb, 7, 2, command.out.size());
  put(command.out, 0, 2, command.out.size() - 2);
  put(command.out, 2, 2, 16 * extents.size());
  std::size_t at = 8;
  for (const Extent& extent : extents) {
    put(command.out, at, 8, extent.lba);
    put(command.out, at + 8, 4, extent.blocks);
    at += 16;
  }
  return command;
}

Command synchronize_cache() { return {.cdb = cdb10(0x35, 0, 0)}; }

Command vital_product_data(std::uint8_t page) { return {.cdb = {0x12, 1, page, 0, 252, 0}, .in = 252}; }

Command read_capacity16() {
  Command command{.cdb = Bytes(16), .in = 32};
  command.cdb[0] = 0x9e;
  command.cdb[1] = 0x10;
  put(command.cdb, 10, 4, command.in);
  return command;
}

Command extended_copy(const Bytes& designator, std::uint64_t from, std::uint64_t to, std::uint64_t blocks) {
  constexpr std::size_t kList = 16, kTarget = 32, kSegment = 28;
  Command command{.cdb = Bytes(16), .out = Bytes(kList + kTarget + kSegment)};
  Bytes& list = command.out;
  command.cdb[0] = 0x83;
  put(command.cdb, 10, 4, list.size());
  put(list, 2, 2, kTarget);   // CSCD descriptors
  put(list, 8, 4, kSegment);  // segment descriptors
  list[kList] = 0xe4;         // identification descriptor
  std::copy_n(designator.begin(), std::min<std::size_t>(designator.size(), 24), list.begin() + kList + 4);
  put(list, kList + 29, 3, kBlock);
  const std::size_t segment = kList + kTarget;
  list[segment] = 0x02;  // block to block
  put(list, segment + 2, 2, kSegment - 4);
  put(list, segment + 10, 2, blocks);
  put(list, segment + 12, 8, from);
  put(list, segment + 20, 8, to);
  return command;
}

}  // namespace model
