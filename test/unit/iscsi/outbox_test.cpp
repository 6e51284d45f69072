#include "target/iscsi/outbox.h"

#include <catch2/catch.hpp>

#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using test::Answer;

namespace {

constexpr std::uint32_t kSegment = 512;

struct OutboxRig {
  OutboxRig() { outbox.set_next_stat_sn(StatSn{1000}); }

  void send_data(std::uint32_t tag, const std::string& data) {
    const DataInCutter cutter(static_cast<std::uint32_t>(data.size()), kSegment, 16 * kSegment);
    const std::size_t cut = std::min<std::size_t>(700, data.size());
    const Slices pieces = {Slice::copy_of(data.substr(0, cut)), Slice{}, Slice::copy_of(data.substr(cut))};
    outbox.send_data(InitiatorTaskTag{tag}, pieces, cutter, DataInPdus::Status{});
  }
  std::vector<Answer> take() {
    reader.receive(outbox.take());
    return reader.all();
  }
  std::vector<Answer> take_all() {
    std::vector<Answer> all;
    while (!outbox.empty()) {
      for (Answer& answer : take()) all.push_back(std::move(answer));
    }
    return all;
  }

  CommandWindow window{CmdSn{100}, 128};
  Outbox outbox{window};
  test::AnswerReader reader;
};

}  // namespace

TEST_CASE("a read of many PDUs leaves in portions, complete and in order") {
  OutboxRig rig;
  const std::string data = test::pattern(1000 * kSegment + 100);
  rig.send_data(1, data);
  CHECK(rig.outbox.size() == data.size());
  std::string received;
  for (std::uint32_t portion = 0; !rig.outbox.empty(); ++portion) {
    const std::vector<Answer> taken = rig.take();
    REQUIRE(taken.size() <= kDataInAtOnce);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const auto& pdu = std::get<DataIn>(taken[i].pdu);
      REQUIRE(pdu.data_sn == DataSn{static_cast<std::uint32_t>(portion * kDataInAtOnce + i)});
      REQUIRE(pdu.buffer_offset == received.size());
      received += taken[i].data;
      REQUIRE(pdu.has_status == (received.size() == data.size()));
    }
  }
  CHECK(received == data);
  CHECK(rig.outbox.size() == 0);
}

TEST_CASE("what is sent after a read of many PDUs comes after it, with the numbers that follow") {
  OutboxRig rig;
  rig.send_data(1, test::pattern(300 * kSegment));
  rig.outbox.state(ScsiResponse{.task = {2}});
  rig.send_data(3, test::pattern(200 * kSegment));
  rig.send_data(4, test::pattern(kSegment));
  std::vector<std::uint32_t> tags, numbers;
  for (const Answer& answer : rig.take_all()) {
    if (const auto* response = answer.as<ScsiResponse>()) {
      tags.push_back(response->task.value);
      numbers.push_back(response->numbering.stat_sn.value);
    } else if (const auto& data = std::get<DataIn>(answer.pdu); data.has_status) {
      tags.push_back(data.task.value);
      numbers.push_back(data.numbering.stat_sn.value);
    }
  }
  CHECK(tags == std::vector<std::uint32_t>{1, 2, 3, 4});
  CHECK(numbers == std::vector<std::uint32_t>{1000, 1001, 1002, 1003});
}

TEST_CASE("a read of many PDUs costs no more than its payload before it leaves") {
  OutboxRig rig;
  rig.send_data(1, test::pattern(10'000 * kSegment));
  CHECK(total_size(rig.outbox.take()) <= kDataInAtOnce * (kBhsSize + kSegment));
}

TEST_CASE("data digests are those of the session, also behind a read of many PDUs") {
  OutboxRig rig;
  rig.outbox.set_digests({.header = true, .data = true});
  rig.reader.set_digests({.header = true, .data = true});
  rig.send_data(1, test::pattern(200 * kSegment));
  rig.send_data(2, test::pattern(100));
  const std::vector<Answer> all = rig.take_all();
  REQUIRE(all.size() == 201);
  CHECK(std::all_of(all.begin(), all.end(), [](const Answer& answer) { return answer.data_digest_ok; }));
}

TEST_CASE("answers that wait behind a read count until they leave") {
  OutboxRig rig;
  rig.outbox.answer(NopIn{.task = {9}});
  CHECK(rig.outbox.answer_bytes() == kBhsSize);
  rig.send_data(1, test::pattern(200 * kSegment));
  rig.outbox.answer(NopIn{.task = {9}});
  CHECK(rig.outbox.answer_bytes() == 2 * kBhsSize);
  rig.take();
  CHECK(rig.outbox.answer_bytes() == kBhsSize);
  rig.take();
  CHECK(rig.outbox.answer_bytes() == 0);
}
