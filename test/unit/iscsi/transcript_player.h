// TranscriptPlayer: conversations with a Connection as text (test/transcripts/README.md has the grammar). Lines that
// act are played, lines that tell what came of it are compared: a transcript is a test and the documentation of the
// protocol.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "target/iscsi/connection.h"
#include "test/support/initiator_pdus.h"

namespace shoal::test {

// The words of one line: "name field=value flag field=value".
class Words {
 public:
  explicit Words(const std::string& line);
  const std::string& name() const { return name_; }
  bool flag(const std::string& word) const;
  std::optional<std::string> find(const std::string& field) const;
  std::vector<std::string> all(const std::string& field) const;
  std::uint64_t number(const std::string& field, std::uint64_t otherwise = 0) const;  // decimal or 0x...
  std::uint64_t hex(const std::string& field) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<std::string> flags_;
};

class TranscriptPlayer {
 public:
  TranscriptPlayer();

  // Plays one line that acts; yields the lines that come of it. Throws std::runtime_error for what it does not
  // understand.
  std::vector<std::string> play(const std::string& line);

 private:
  void login(const std::string& keys);
  void send(const Words& words);
  void act(const Words& words);
  void pass(const std::string& duration);
  template <class Pdu>
  void send_pdu(Pdu pdu, const Words& words);
  template <class Pdu>
  void number(Pdu& pdu, const Words& words);

  std::vector<std::string> results();
  std::string tell(const iscsi::Event& event);
  iscsi::TaskId task_of(const Words& words) const;

  Time now_{};
  iscsi::Connection connection_;
  iscsi::Digests digests_;
  AnswerReader reader_;
  iscsi::CmdSn cmd_sn_{1};
  iscsi::StatSn exp_stat_sn_{0};
  iscsi::Closing told_closing_ = iscsi::Closing::open;
  std::map<std::uint32_t, iscsi::TaskId> tasks_;   // by initiator task tag, the latest
  std::optional<iscsi::ManagementId> management_;  // the latest
};

// The whole transcript as it is when it is played now: equal to `text` where that is right.
std::string replay(const std::string& text);

}  // namespace shoal::test
