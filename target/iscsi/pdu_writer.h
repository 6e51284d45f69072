// PduWriter: PDUs ready to leave, as one gathered run of bytes. Headers, digests, padding and small payload of many
// PDUs lie side by side in one buffer; larger payload is shared where it is. What take() gives goes into one write.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "target/base/slice.h"
#include "target/iscsi/framer.h"
#include "target/iscsi/pdu_codec.h"

namespace shoal::iscsi {

class PduWriter {
 public:
  void set_digests(Digests digests) { digests_ = digests; }  // for PDUs added from now on

  template <class Pdu>
  void add(const Pdu& pdu) {
    append(encode(pdu), {}, 0, 0);
  }
  template <class Pdu>
  void add(const Pdu& pdu, const Slices& data) {
    const std::size_t bytes = total_size(data);
    append(encode(pdu, static_cast<std::uint32_t>(bytes)), data, 0, bytes);
  }
  // With the run [offset, offset + length) of `data`, which must lie inside.
  template <class Pdu>
  void add(const Pdu& pdu, std::span<const Slice> data, std::size_t offset, std::size_t length) {
    append(encode(pdu, static_cast<std::uint32_t>(length)), data, offset, length);
  }
  template <class Pdu>
  void add_bytes(const Pdu& pdu, ByteSpan data) {  // copied
    begin(encode(pdu, static_cast<std::uint32_t>(data.size())));
    append_data(data);
    end_data(data.size());
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }  // bytes ready
  Slices take();

 private:
  void append(const BhsBytes& bhs, std::span<const Slice> data, std::size_t offset, std::size_t length);
  void begin(const BhsBytes& bhs);
  void append_data(ByteSpan bytes);
  void append_data(const Slice& slice, std::size_t offset, std::size_t length);
  void end_data(std::size_t data_bytes);
  void copy(ByteSpan bytes);
  void close_run();

  Digests digests_;
  Slices out_;
  std::shared_ptr<std::byte[]> buffer_;
  std::size_t buffer_size_ = 0;
  std::size_t run_begin_ = 0;  // [run_begin_, run_end_) of buffer_ is written and not yet in out_
  std::size_t run_end_ = 0;
  std::size_t size_ = 0;
  std::uint32_t data_crc_ = 0;
};

}  // namespace shoal::iscsi
