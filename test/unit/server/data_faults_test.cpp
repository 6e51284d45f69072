#include "target/server/data_faults.h"

#include <catch2/catch.hpp>
#include <map>

namespace shoal::server {
namespace {

using iscsi::DataFault;
using scsi::Sense;
using scsi::SenseKey;

TEST_CASE("each fault of a command's data has the sense that RFC 7143 gives it") {
  const std::map<DataFault, Sense> wanted{
      {DataFault::unexpected_unsolicited, {SenseKey::aborted_command, 0x0c, 0x0c}},
      {DataFault::wrong_amount, {SenseKey::aborted_command, 0x0c, 0x0d}},
      {DataFault::damaged, {SenseKey::aborted_command, 0x47, 0x05}},
      {DataFault::not_supported, {SenseKey::illegal_request, 0x0e, 0x03}},
      {DataFault::too_long, {SenseKey::illegal_request, 0x24, 0x00}},
      {DataFault::no_aca, {SenseKey::illegal_request, 0x49, 0x00}},
  };
  for (const auto& [fault, sense] : wanted) CHECK(sense_of(fault) == sense);
}

}  // namespace
}  // namespace shoal::server
