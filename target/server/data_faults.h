// What iSCSI finds wrong with a command before SCSI sees it, as sense (RFC 7143 11.4.7.2).
#pragma once

#include "target/iscsi/transfer.h"
#include "target/scsi/sense.h"

namespace shoal::server {

scsi::Sense sense_of(iscsi::DataFault fault);  // not for `none`

}  // namespace shoal::server
