#include "target/server/data_faults.h"

#include "target/base/check.h"

namespace shoal::server {

using iscsi::DataFault;

scsi::Sense sense_of(DataFault fault) {
  switch (fault) {
    case DataFault::unexpected_unsolicited: return scsi::sense::kUnexpectedUnsolicitedData;
    case DataFault::wrong_amount: return scsi::sense::kWrongAmountOfData;
    case DataFault::damaged: return scsi::sense::kDataDigestError;
    case DataFault::not_supported: return scsi::sense::kInvalidFieldInCommandInformationUnit;
    case DataFault::too_long: return scsi::sense::kInvalidFieldInCdb;
    case DataFault::no_aca: return scsi::sense::kInvalidMessage;
    case DataFault::no_room:  // ended by the session, without sense data
    case DataFault::none: break;
  }
  CHECK(false, static_cast<int>(fault));
  return {};
}

}  // namespace shoal::server
