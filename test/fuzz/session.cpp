// Fuzz: whole sessions, a Connection and the device server behind it. The initiator knows the grammar and where it is
// in it: it sends good commands, and among them what is wrong in one way each: lengths that lie, digests that do not
// fit, Data-Out with another tag, number, offset or length or that nobody asked for, additional headers of every size,
// numbers with holes and repeated, management and text of all kinds, logins in full feature phase.
//
// What must hold: no block reaches the disk but by a command that is whole (stamped_disk.h); a command is answered once
// at most; what is held is bounded; and where nothing was done that may cost an answer, every command is answered in
// the end.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "target/base/crc32c.h"
#include "target/iscsi/connection.h"
#include "target/scsi/answer.h"
#include "target/scsi/device_server.h"
#include "target/scsi/sense.h"
#include "target/unit/local_unit_state.h"
#include "test/fuzz/stamped_disk.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace shoal::test;

namespace {

constexpr int kSteps = 300;
constexpr std::uint32_t kMostBlocks = 64;  // of a command
constexpr std::size_t kMostHeld = 128 * kMostBlocks * kBlockBytes + (4u << 20);
constexpr std::size_t kDataPdu = 8192;

// How a PDU differs from what its header says, or from what it should be.
struct Bend {
  std::string ahs;
  std::int32_t lie = 0;  // added to DataSegmentLength
  bool bad_header_digest = false, bad_data_digest = false;
};

void append_crc(std::string& bytes, std::uint32_t crc, bool bad) {
  char text[4];
  store_le<std::uint32_t>(std::as_writable_bytes(std::span(text)), 0, bad ? ~crc : crc);
  bytes.append(text, sizeof text);
}

Slice bent(BhsBytes bhs, std::string_view data, const Bend& bend, Digests digests) {
  const auto said = static_cast<std::uint32_t>(static_cast<std::int32_t>(data.size()) + bend.lie) & 0xffffff;
  bhs[4] = static_cast<std::byte>(bend.ahs.size() / 4);
  for (int i = 0; i < 3; ++i) bhs[5 + i] = static_cast<std::byte>(said >> 8 * (2 - i));
  std::string bytes(as_text(bhs));
  bytes += bend.ahs;
  if (digests.header) append_crc(bytes, crc32c(as_bytes(bytes)), bend.bad_header_digest);
  if (data.empty()) return Slice::copy_of(bytes);
  std::string padded(data);
  padded.resize((data.size() + 3) / 4 * 4);
  bytes += padded;
  if (digests.data) append_crc(bytes, crc32c(as_bytes(padded)), bend.bad_data_digest);
  return Slice::copy_of(bytes);
}

enum class Flaw { none, data_digest, offset, number, too_long, cut_short, withheld };

class Initiator {
 public:
  explicit Initiator(FuzzedDataProvider& in) : in_(in), connection_(LoginConfig{}, ConnectionLimits{}, Time{}) {
    auto unit = std::make_shared<LogicalUnit>();
    unit->image = {1};
    unit->target_name = std::string(kTargetName);
    unit->device = disk_;
    unit->state = std::make_shared<unit::LocalUnitState>();
    server_.emplace(std::move(unit), scsi::Nexus{NexusId{}, Generation{1}, {}});
  }

  void run() {
    log_in();
    for (int i = 0; i < kSteps && in_.remaining_bytes() > 0 && !over(); ++i) {
      step();
      settle();
    }
    do_our_part();
    if (!over()) connection_.close(EndReason::ended_here, "over", now_);
    server_.reset();
    settle();
  }

 private:
  // ---- the beginning

  void log_in() {
    digests_ = {in_.ConsumeBool(), in_.ConsumeBool()};
    immediate_data_ = in_.ConsumeBool();
    unsolicited_data_ = in_.ConsumeBool();
    const std::uint32_t max_burst = in_.ConsumeBool() ? 8192 : 262144;
    first_burst_ = in_.ConsumeBool() ? 4096 : std::min<std::uint32_t>(65536, max_burst);
    TextKeys offer = operational_keys();
    if (digests_.header) offer = with(offer, "HeaderDigest", "CRC32C");
    if (digests_.data) offer = with(offer, "DataDigest", "CRC32C");
    offer = with(offer, "ImmediateData", immediate_data_ ? "Yes" : "No");
    offer = with(offer, "InitialR2T", unsolicited_data_ ? "No" : "Yes");
    offer = with(offer, "MaxBurstLength", std::to_string(max_burst));
    offer = with(offer, "FirstBurstLength", std::to_string(first_burst_));
    give(wire(operational_request(), joined(without(security_keys(), "AuthMethod"), offer)));
    for (int i = in_.ConsumeIntegralInRange(0, 5); i > 0; --i) read();  // behind the login, before it is answered
    settle();
  }

  // ---- steps

  void step() {
    switch (in_.ConsumeIntegralInRange(0, 23)) {
      case 0:
      case 1: return read();
      case 2:
      case 3: return write(Flaw::none);
      case 4: return write(static_cast<Flaw>(in_.ConsumeIntegralInRange(1, 6)));
      case 5:
      case 6: return answer_r2t();
      case 7: return stray_data();
      case 8: return manage();
      case 9: return text();
      case 10: return ping();
      case 11: return give(wire(operational_request(), operational_keys(), digests_));
      case 12: return additional_header();
      case 13: return holes_.push_back(numbers_.ping().cmd_sn);  // a number that is kept back
      case 14: return fill_hole();
      case 15: return repeat();
      case 16:
      case 17: return complete();
      case 18: return pass_time();
      case 19:
        return numbers_.set_exp_stat_sn(in_.ConsumeBool() ? seen_ : StatSn{in_.ConsumeIntegral<std::uint32_t>()});
      case 20: return out_of_step();
      case 21: return bad_header();
      case 22: return void(taking_ = in_.ConsumeIntegralInRange(0, 3) != 0);
      default: return leave();
    }
  }

  void read() {
    if (!in_window()) return;
    const auto blocks = in_.ConsumeIntegralInRange<std::uint32_t>(0, kMostBlocks);
    ScsiCommand command = numbers_.read(read16(in_.ConsumeIntegralInRange(0, 1 << 15), blocks), blocks * kBlockBytes);
    command.attribute = attribute();
    expect(command);
    send(command);
  }

  void write(Flaw flaw) {
    if (!in_window()) return;
    const auto blocks = in_.ConsumeIntegralInRange<std::uint32_t>(1, kMostBlocks);
    const auto lba = in_.ConsumeIntegralInRange<std::uint32_t>(0, 1 << 15);
    const std::uint32_t bytes = blocks * kBlockBytes;
    const std::uint32_t burst = std::min(first_burst_, bytes);
    ScsiCommand command = numbers_.write(write16(lba, blocks), bytes);
    command.attribute = attribute();
    const std::uint32_t tag = command.task.value;
    const std::uint32_t immediate = immediate_data_ && in_.ConsumeBool() ? std::min<std::uint32_t>(burst, kDataPdu) : 0;
    command.final = !unsolicited_data_ || immediate == burst || in_.ConsumeBool();
    disk_->announce(tag, {Lba{lba}, blocks});
    if (flaw != Flaw::data_digest || digests_.data) flaws_[tag] = flaw;
    if (flaw == Flaw::withheld) clean_ = false;
    const bool damaged = flaws_[tag] == Flaw::data_digest && immediate != 0;
    damaged ? holes_.push_back(command.cmd_sn) : expect(command);  // what was damaged has not come
    if (damaged) has_flaw(tag);
    send(command, data_of(tag, 0, immediate), {.bad_data_digest = damaged});
    if (!command.final) data_out(numbers_.unsolicited(command, immediate, DataSn{0}, false), immediate, burst);
  }
  // The flaw is in the stream, where data are still awaited.
  void has_flaw(std::uint32_t tag) {
    disk_->must_fail(tag);
    flaws_.erase(tag);
  }

  void answer_r2t() {
    if (r2ts_.empty()) return;
    const R2t r2t = r2ts_.front();
    r2ts_.pop_front();
    DataOut first = numbers_.solicited(r2t, r2t.buffer_offset, DataSn{0}, false);
    data_out(first, r2t.buffer_offset, r2t.buffer_offset + r2t.desired_length);
  }

  // The data [from, to) of a write, in one sequence, with the flaw of the write in its first PDU.
  void data_out(DataOut pdu, std::uint32_t from, std::uint32_t to) {
    const std::uint32_t tag = pdu.task.value;
    Flaw flaw = flaws_.contains(tag) ? flaws_[tag] : Flaw::none;
    if (flaw == Flaw::withheld) return;
    // An unsolicited sequence may end anywhere.
    if (flaw != Flaw::none && (flaw != Flaw::cut_short || pdu.transfer != kNoTransfer)) has_flaw(tag);
    while (!pdu.final) {
      const auto piece = std::min<std::uint32_t>(to - from, in_.ConsumeBool() ? kDataPdu : 512);
      std::string data = data_of(tag, from, piece);
      pdu.buffer_offset = flaw == Flaw::offset ? from ^ 512 : from;
      pdu.final = from + piece == to || flaw == Flaw::cut_short;
      if (flaw == Flaw::number) ++pdu.data_sn;
      if (flaw == Flaw::too_long) data.resize(to - from + 512, 'x');
      if (flaw == Flaw::cut_short) data.resize(data.size() / 2);
      send(pdu, data, {.bad_data_digest = flaw == Flaw::data_digest});
      flaw = Flaw::none;
      from += piece;
      ++pdu.data_sn;
    }
  }

  void stray_data() {
    DataOut pdu;
    const bool aimed = !expected_.empty() && in_.ConsumeBool();
    pdu.task = {aimed ? *expected_.begin() : in_.ConsumeIntegral<std::uint32_t>()};
    pdu.transfer = {in_.ConsumeBool() ? kNoTransfer.value : in_.ConsumeIntegralInRange<std::uint32_t>(0, 40)};
    pdu.final = in_.ConsumeBool();
    pdu.data_sn = {in_.ConsumeIntegralInRange<std::uint32_t>(0, 3)};
    pdu.buffer_offset = in_.ConsumeIntegralInRange<std::uint32_t>(0, 80) * kBlockBytes;
    const std::string data(in_.ConsumeIntegralInRange<std::size_t>(0, kDataPdu), '\xee');
    clean_ = false;  // it may end a task that was right, or leave one without its data
    disk_->may_be_anything(pdu.task.value);
    send(pdu, data);
  }

  void manage() {
    clean_ = false;
    auto request = numbers_.manage(static_cast<TaskFunction>(in_.ConsumeIntegralInRange(0, 15)));
    request.lun = {in_.ConsumeIntegralInRange(0, 7) == 0 ? 1u : 0u};
    if (!expected_.empty()) request.referenced_task = {*expected_.rbegin()};
    request.ref_cmd_sn = numbers_.cmd_sn() - in_.ConsumeIntegralInRange<std::uint32_t>(0, 4);
    request.immediate = in_.ConsumeBool();
    if (!request.immediate) request.cmd_sn = numbers_.ping().cmd_sn;
    ++sent_[request.task.value];
    send(request);
  }

  void text() {
    TextRequest request = numbers_.text(TargetTransferTag{in_.ConsumeBool() ? kNoTransfer.value : text_tag_.value});
    request.final = in_.ConsumeBool();
    request.continued = in_.ConsumeBool();
    const char* const lines[] = {"SendTargets=All",
                                 "SendTargets=",
                                 "MaxRecvDataSegmentLength=8192",
                                 "X-a=b",
                                 "=",
                                 "A",
                                 "MaxRecvDataSegmentLength=8192",
                                 "HeaderDigest=None"};
    std::string data;
    for (int i = in_.ConsumeIntegralInRange(0, 4); i > 0; --i) {
      data += lines[in_.ConsumeIntegralInRange<std::size_t>(0, std::size(lines) - 1)];
      data += '\0';
    }
    data += in_.ConsumeRandomLengthString(40);
    send(request, data, {.bad_data_digest = in_.ConsumeIntegralInRange(0, 7) == 0});
    holes_.push_back(request.cmd_sn);
  }

  void ping() {
    const NopOut request = numbers_.ping();
    const bool bad = in_.ConsumeIntegralInRange(0, 3) == 0;
    send(request, "ping", {.bad_data_digest = bad});
    holes_.push_back(request.cmd_sn);  // what was damaged has not come
  }

  void additional_header() {
    ScsiCommand command = numbers_.read(inquiry(), 96);
    clean_ = false;
    ++sent_[command.task.value];
    std::string ahs = in_.ConsumeRandomLengthString(400);
    ahs.resize(ahs.size() / 4 * 4);
    if (ahs.size() > 1020) ahs.resize(1020);
    if (in_.ConsumeBool() && ahs.size() >= 4) {
      store_be<std::uint16_t>(std::as_writable_bytes(std::span(ahs)), 0, static_cast<std::uint16_t>(ahs.size() - 3));
      ahs[2] = static_cast<char>(in_.ConsumeIntegralInRange(1, 2));
    }
    send(command, {}, {.ahs = ahs});
  }

  void fill_hole() {
    if (holes_.empty()) return;
    send(NopOut{.task = {0x70000000}, .cmd_sn = holes_.front()});
    holes_.pop_front();
  }

  void repeat() {
    if (latest_.empty()) return;
    ++sent_[latest_tag_];
    give(latest_);
  }

  void complete() {
    for (int i = in_.ConsumeIntegralInRange(1, 20); i > 0 && disk_->waiting() != 0; --i) disk_->complete_one();
  }

  void pass_time() {
    now_ += Duration(std::chrono::milliseconds(in_.ConsumeIntegralInRange(0, 12000)));
    if (const auto deadline = connection_.deadline(); deadline && *deadline <= now_) connection_.on_deadline(now_);
  }

  void out_of_step() {
    disk_->believe_all();
    in_step_ = clean_ = false;
    if (in_.ConsumeBool()) return give(Slice::copy_of(in_.ConsumeRandomLengthString(200)));
    ScsiCommand command = numbers_.write(write16(0, 8), 4096);
    send(command, std::string(in_.ConsumeIntegralInRange<std::size_t>(0, 4096), '\xee'),
         {.lie = in_.ConsumeIntegralInRange(-4096, 300'000)});
  }

  void bad_header() {
    if (!digests_.header) return;
    ScsiCommand command = numbers_.write(write16(0, 1), kBlockBytes);
    send(command, data_of(command.task.value, 0, kBlockBytes), {.bad_header_digest = true});
    if (in_step_ && connection_.closing() == Closing::open) std::abort();  // the stream cannot be trusted any more
  }

  void leave() {
    clean_ = false;
    switch (in_.ConsumeIntegralInRange(0, 4)) {
      case 0: return send(numbers_.logout(static_cast<LogoutRequestReason>(in_.ConsumeIntegralInRange(0, 3))));
      case 1: return connection_.begin_drop(now_);
      case 2: return connection_.quiet() ? connection_.send_drop_event(now_) : void();
      case 3: return connection_.request_logout(5s, now_);
      default: return in_.ConsumeBool() ? connection_.peer_closed(now_) : send(SnackRequest{});
    }
  }

  // ---- what is sent

  TaskAttribute attribute() {
    const int kind = in_.ConsumeIntegralInRange(0, 15);
    return kind < 5 ? static_cast<TaskAttribute>(kind) : TaskAttribute::simple;
  }
  std::string data_of(std::uint32_t tag, std::uint32_t from, std::uint32_t bytes) {
    return StampedDisk::stamps(tag, 0, (from + bytes + kBlockBytes - 1) / kBlockBytes).substr(from, bytes);
  }
  bool in_window() const { return precedes_or_equals(numbers_.cmd_sn(), max_cmd_sn_); }
  void expect(const ScsiCommand& command) {
    ++sent_[command.task.value];
    expected_.insert(command.task.value);
  }

  template <class Pdu>
  void send(const Pdu& pdu, std::string_view data = {}, const Bend& bend = {}) {
    const Slice bytes = bent(encode(pdu), data, bend, digests_);
    if constexpr (std::is_same_v<Pdu, ScsiCommand>) {
      latest_ = bytes;
      latest_tag_ = pdu.task.value;
    }
    give(bytes);
  }
  void give(const Slice& bytes) {
    if (bytes.empty() || over()) return;
    const std::size_t half = in_.ConsumeIntegralInRange<std::size_t>(0, bytes.size());
    if (half != 0) connection_.receive(bytes.sub(0, half), now_);
    if (half != bytes.size()) connection_.receive(bytes.sub(half, bytes.size() - half), now_);
  }

  // ---- what comes back

  void settle() {
    while (auto event = connection_.next_event()) {
      std::visit([this](auto& one) { on(one); }, *event);
    }
    if (connection_.output_bytes() > kMostHeld) std::abort();
    if (connection_.open_tasks() > 128 + 16) std::abort();
    if (!taking_) return;
    do {  // a large read comes in portions
      reader_.receive(connection_.transmit());
      while (auto answer = reader_.next()) on_answer(*answer);
    } while (connection_.has_output());
    if (reader_.broken()) std::abort();
  }

  void on_answer(const Answer& answer) {
    if (!answer.data_digest_ok) std::abort();
    std::visit(
        [this](const auto& pdu) {
          seen_ = pdu.numbering.stat_sn;
          max_cmd_sn_ = pdu.numbering.max_cmd_sn;
        },
        answer.pdu);
    if (answer.as<LoginResponse>()) reader_.set_digests(digests_);
    if (const auto* r2t = answer.as<R2t>()) r2ts_.push_back(*r2t);
    if (const auto* more = answer.as<TextResponse>()) text_tag_ = more->transfer;
    if (const auto* response = answer.as<ScsiResponse>()) on_end(response->task);
    if (const auto* data = answer.as<DataIn>(); data && data->has_status) on_end(data->task);
    if (const auto* managed = answer.as<TaskManagementResponse>()) on_end(managed->task);
  }
  void on_end(InitiatorTaskTag task) {
    expected_.erase(task.value);
    if (in_step_ && ++ended_[task.value] > sent_[task.value]) std::abort();
  }

  // ---- the target's driver

  void on(LoginAsked&) { connection_.answer_login(Serve{1}, now_); }
  void on(NexusClaimAsked&) { connection_.answer_claim(Claimed{7}, now_); }
  void on(LoggedIn&) {}
  void on(TargetsAsked&) { connection_.answer_targets({{std::string(kTargetName), {"127.0.0.1:3260,1"}}}, now_); }
  void on(LogoutAsked&) { connection_.finish_logout(now_); }
  void on(Quiet&) {}
  void on(Ended&) { ended_here_ = true; }
  void on(CommandReady& ready) {
    Command& command = ready.command;
    if (!server_) return;
    server_->execute({.id = scsi::CommandId{command.task.value},
                      .cdb = command.cdb,
                      .lun = command.lun.value,
                      .read = command.read,
                      .write = command.write,
                      .expected_bytes = command.expected_bytes,
                      .data = std::move(command.data)},
                     [this, task = command.task](scsi::CommandResult result) {
                       connection_.complete(task,
                                            {.status = result.status,
                                             .sense = result.sense ? scsi::encode_fixed(*result.sense) : Slice{},
                                             .data = std::move(result.data),
                                             .transfer_bytes = result.transfer_bytes},
                                            now_);
                     });
  }
  void on(CommandFailed& failed) {
    connection_.complete(failed.command.task, {.status = scsi::status::kCheckCondition}, now_);
  }
  void on(ManagementAsked& asked) {
    const auto done = [this, id = asked.id] { connection_.complete_management(id, TaskResponse::complete, now_); };
    if (!server_) return;
    if (asked.function != TaskFunction::abort_task) return server_->abort_all(done);
    for (const TaskId task : asked.tasks) server_->abort(scsi::CommandId{task.value}, [] {});
    done();
  }

  bool over() const { return ended_here_ || connection_.closing() != Closing::open; }

  // ---- the end: an initiator that does its part is answered

  void do_our_part() {
    taking_ = true;
    settle();
    while (!over() && in_step_ && !holes_.empty()) {
      fill_hole();
      settle();
    }
    for (int rounds = 0; rounds < 10 * kSteps && !over() && (!r2ts_.empty() || disk_->waiting() != 0); ++rounds) {
      answer_r2t();
      if (disk_->waiting() != 0) disk_->complete_one();
      settle();
    }
    if (clean_ && !over() && !expected_.empty()) std::abort();
  }

  FuzzedDataProvider& in_;
  Connection connection_;
  std::shared_ptr<StampedDisk> disk_ = std::make_shared<StampedDisk>();
  std::optional<scsi::DeviceServer> server_;
  Time now_{};
  bool ended_here_ = false;

  Digests digests_;
  bool immediate_data_ = false, unsolicited_data_ = false;
  std::uint32_t first_burst_ = 0;
  InitiatorNumbers numbers_;
  AnswerReader reader_;
  bool taking_ = true;   // output
  bool in_step_ = true;  // the target sees the PDUs that we mean
  bool clean_ = true;    // nothing was sent that may cost a good command its answer
  StatSn seen_;
  CmdSn max_cmd_sn_{128};
  TargetTransferTag text_tag_;
  std::deque<R2t> r2ts_;
  std::deque<CmdSn> holes_;
  std::map<std::uint32_t, Flaw> flaws_;        // of writes, still to come
  std::map<std::uint32_t, int> sent_, ended_;  // by task tag
  std::set<std::uint32_t> expected_;
  Slice latest_;
  std::uint32_t latest_tag_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  Initiator(in).run();
  return 0;
}
