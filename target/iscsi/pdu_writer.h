// PduWriter: PDUs ready to leave, as one gathered run of bytes. Headers, digests, padding and small payload of many
// PDUs lie side by side in one buffer; larger payload is shared where it is. What take() gives goes into one write.
//
// The digest of shared payload is computed when it is taken, not when its PDU is added: then the cache still has the
// payload when it is sent, which take_some() makes sure of.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

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
  void add(const Pdu& pdu, const Slices& data, std::size_t offset, std::size_t length) {
    append(encode(pdu, static_cast<std::uint32_t>(length)), data, offset, length);
  }
  template <class Pdu>
  void add_bytes(const Pdu& pdu, ByteSpan data) {  // copied
    append_bytes(encode(pdu, static_cast<std::uint32_t>(data.size())), data);
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }  // bytes ready
  Slices take();                              // all
  Slices take_some();                         // all, or the first of it where much is to be summed

 private:
  struct Digest {             // not computed yet
    std::size_t first, last;  // slices of the payload, as numbered() counts
    ByteSpan padding;
    std::byte* at;
  };

  void append(const BhsBytes& bhs, const Slices& data, std::size_t offset, std::size_t length);
  void append_bytes(const BhsBytes& bhs, ByteSpan data);
  void share(Slice piece);
  std::size_t numbered() const { return taken_ + out_.size(); }  // slices that were ever ready
  std::byte* copy(ByteSpan bytes);                               // where they are now
  void close_run();
  std::size_t sum_some(std::size_t enough_bytes);
  Slices take_first(std::size_t count);

  Digests digests_;
  Slices out_;
  std::size_t taken_ = 0;           // slices
  std::vector<Digest> uncomputed_;  // in order
  std::shared_ptr<std::byte[]> buffer_;
  std::size_t buffer_size_ = 0;
  std::size_t run_begin_ = 0;  // [run_begin_, run_end_) of buffer_ is written and not yet in out_
  std::size_t run_end_ = 0;
  std::size_t size_ = 0;
};

}  // namespace shoal::iscsi
