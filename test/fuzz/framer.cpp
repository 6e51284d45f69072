// Fuzz: the framer, with any bytes cut anywhere. The same bytes must give the same PDUs however they were cut.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <vector>

#include "target/iscsi/framer.h"
#include "target/iscsi/pdu_codec.h"

using namespace shoal;
using namespace shoal::iscsi;

namespace {

// A few words for each PDU, and whether it ended in an error.
struct Read {
  std::vector<std::string> pdus;
  bool failed = false;
  bool operator==(const Read&) const = default;
};

Read drain(Framer& framer, Read read) {
  while (true) {
    Framed framed = framer.next();
    if (std::holds_alternative<NeedMore>(framed)) return read;
    if (std::holds_alternative<FrameError>(framed)) {
      read.failed = true;
      return read;
    }
    const Frame& frame = std::get<Frame>(framed);
    decode_initiator_pdu(frame.bhs, frame.ahs);
    decode_target_pdu(frame.bhs);
    std::string pdu(as_text(frame.bhs));
    pdu += as_text(frame.ahs);
    for (const Slice& slice : frame.data) pdu += as_text(slice.bytes());
    pdu += frame.data_digest_ok ? '+' : '-';
    read.pdus.push_back(std::move(pdu));
  }
}

Framer make(Digests digests) {
  Framer framer;
  framer.set_digests(digests);
  return framer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  const Digests digests{in.ConsumeBool(), in.ConsumeBool()};
  const std::size_t piece = in.ConsumeIntegralInRange<std::size_t>(1, 200);
  const auto bytes = in.ConsumeRemainingBytes<std::uint8_t>();
  const Slice run = Slice::copy_of(std::as_bytes(std::span(bytes)));

  Framer whole = make(digests), cut = make(digests);
  whole.receive(run);
  const Read expected = drain(whole, {});
  Read read;
  for (std::size_t at = 0; at < run.size() && !read.failed; at += piece) {
    cut.receive(run.sub(at, std::min(piece, run.size() - at)));
    read = drain(cut, std::move(read));
    if (!read.failed && cut.missing() == 0) std::abort();
  }
  if (!(read == expected)) std::abort();
  return 0;
}
