// InitiatorSession: one connection of a simulated host, from login to the end, as a pure machine. Bytes of the target
// in, events and bytes for the target out. It obeys what was negotiated, and names the rule where the target breaks
// one. Leaves out: connections, time, and what becomes of commands when the connection is lost (SimInitiator).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "target/base/endpoint.h"
#include "test/support/initiator_pdus.h"

namespace shoal::sim {

struct SessionName {
  std::string initiator, target;
  std::uint64_t isid = 0;
};

struct SessionCommand {
  std::uint64_t id = 0;  // the caller's
  iscsi::Cdb cdb{};
  std::uint32_t read_bytes = 0;
  bool may_be_short = false;  // less may be read
  iscsi::TaskAttribute attribute = iscsi::TaskAttribute::simple;
  std::string data;  // to write
};

struct LoggedIn {};
struct Redirected {
  Endpoint to;
};
struct LoginRefused {
  iscsi::LoginStatus status;
};
struct CommandEnded {
  std::uint64_t id;
  std::uint8_t status;           // SAM; 0: GOOD
  std::string data;              // read, with GOOD
  std::uint8_t sense_key = 0;    // with CHECK CONDITION
  std::uint16_t sense_code = 0;  // the same: ASC and ASCQ
};
struct CommandAborted {  // and nothing of it is under way any more
  std::uint64_t id;
};
struct UnitReset {};      // LOGICAL UNIT RESET is complete
struct DropAnnounced {};  // async event 2 or 3: the target closes, come back at once
struct PingAnswered {};
struct TargetBroke {  // a rule of RFC 7143
  std::string rule;
};
using SessionEvent = std::variant<LoggedIn, Redirected, LoginRefused, CommandEnded, CommandAborted, UnitReset,
                                  DropAnnounced, PingAnswered, TargetBroke>;

class InitiatorSession {
 public:
  explicit InitiatorSession(const SessionName& name);

  std::vector<SessionEvent> receive(const Slice& bytes);
  void submit(SessionCommand command);  // sent when the window allows it
  void ping();
  bool abort(std::uint64_t id);  // false: it has not been sent, or is answered
  void reset_unit();
  Slices take() { return writer_.take(); }  // to send
  bool logged_in() const { return logged_in_; }

 private:
  struct Task {
    SessionCommand command;
    iscsi::ScsiCommand sent;
    std::string data;  // read so far
    std::uint32_t next_data_sn = 0;
  };

  void on_answer(const test::Answer& answer);
  void on_pdu(const iscsi::LoginResponse& login, const test::Answer& answer);
  void on_pdu(const iscsi::R2t& r2t, const test::Answer&);
  void on_pdu(const iscsi::DataIn& data, const test::Answer& answer);
  void on_pdu(const iscsi::ScsiResponse& response, const test::Answer& answer);
  void on_pdu(const iscsi::TaskManagementResponse& response, const test::Answer&);
  void on_pdu(const iscsi::NopIn& nop, const test::Answer&);
  void on_pdu(const iscsi::AsyncMessage& message, const test::Answer&);
  template <class Other>
  void on_pdu(const Other&, const test::Answer&) {
    broke("a PDU that nobody asked for");
  }
  void agree(const iscsi::TextKeys& keys);
  void on_reset(iscsi::TaskResponse response);
  void take_status(iscsi::StatSn stat_sn);
  void end(iscsi::InitiatorTaskTag tag, std::uint8_t status, std::string_view data = {});
  Task* task_of(iscsi::InitiatorTaskTag tag);
  void send_waiting();
  void send(SessionCommand command);
  void broke(std::string rule);

  iscsi::PduWriter writer_;
  test::AnswerReader reader_;
  test::InitiatorNumbers numbers_;
  iscsi::CmdSn max_cmd_sn_;
  bool logged_in_ = false;
  std::map<std::string, std::string, std::less<>> agreed_;
  std::deque<SessionCommand> waiting_;  // for the window
  std::map<std::uint32_t, Task> tasks_;
  std::map<std::uint32_t, std::uint32_t> aborts_;  // the task that each is about
  std::set<std::uint32_t> resets_;
  std::vector<SessionEvent> events_;
};

}  // namespace shoal::sim
