#include "target/iscsi/data_in_stream.h"

namespace shoal::iscsi {

void DataInPdus::make(PduWriter& writer, std::span<const Slice> data, std::uint32_t offset) {
  const DataInCutter::Cut cut = cutter.next();
  DataIn pdu{.final = cut.final, .task = task, .data_sn = cut.data_sn, .buffer_offset = cut.offset};
  pdu.numbering = numbering;
  if (cut.last && status) {
    pdu.has_status = true;
    pdu.status = status->status;
    pdu.residual = status->residual;
  }
  writer.add(pdu, data, cut.offset - offset, cut.length);
}

void DataInStream::make_next(PduWriter& writer) {
  while (pdus_.cutter.offset() - offset_ >= data_[first_].size()) {
    offset_ += static_cast<std::uint32_t>(data_[first_].size());
    data_[first_++] = {};
  }
  pdus_.make(writer, std::span<const Slice>(data_).subspan(first_), offset_);
}

}  // namespace shoal::iscsi
