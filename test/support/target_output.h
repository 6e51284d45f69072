// What a target sent, as PDUs: bytes of one or more transmit()s go in, PDUs with their data come out.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "target/base/slice.h"
#include "target/iscsi/framer.h"
#include "target/iscsi/pdu_codec.h"

namespace shoal::test {

struct Answer {
  iscsi::TargetPdu pdu;
  std::string data;
};

inline std::string text_of(const Slices& slices) {
  std::string text;
  for (const Slice& slice : slices) text += as_text(slice.bytes());
  return text;
}

class TargetOutput {
 public:
  void set_digests(iscsi::Digests digests) { framer_.set_digests(digests); }

  std::vector<Answer> read(const Slices& bytes) {
    for (const Slice& slice : bytes) framer_.receive(slice);
    std::vector<Answer> answers;
    for (;;) {
      iscsi::Framed framed = framer_.next();
      if (std::holds_alternative<iscsi::NeedMore>(framed)) return answers;
      const auto& frame = std::get<iscsi::Frame>(framed);  // throws on a broken header
      if (!frame.data_digest_ok) throw std::runtime_error("data digest of the target is wrong");
      answers.push_back({std::get<iscsi::TargetPdu>(iscsi::decode_target_pdu(frame.bhs)), text_of(frame.data)});
    }
  }

 private:
  iscsi::Framer framer_{{.data_bytes = 1u << 24}};
};

}  // namespace shoal::test
