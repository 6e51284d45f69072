// One line of text for a PDU, for trace logs and failing tests: "data_in lun=0 task=7 sn=3 offset=0 final status=00 ...".
#pragma once

#include <string>

#include "target/iscsi/pdu.h"

namespace shoal::iscsi {

std::string dump(const InitiatorPdu& pdu, std::uint32_t data_bytes = 0);
std::string dump(const TargetPdu& pdu, std::uint32_t data_bytes = 0);

}  // namespace shoal::iscsi
