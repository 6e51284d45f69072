// SessionRig: a Session with everything around it, spoken to in PDUs. CmdSN starts at 100, StatSN at 1000.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "target/iscsi/session.h"
#include "test/support/initiator_pdus.h"

namespace shoal::test {

using namespace shoal::iscsi;

inline std::string text_of(const Slices& slices) { return std::string(as_text(flatten(slices).bytes())); }

class SessionRig {
 public:
  SessionRig() { parameters.max_outstanding_r2t = 2; }

  ConnectionLimits limits;
  SessionParameters parameters;
  CommandWindow window{CmdSn{100}, 128};
  Outbox outbox{window};
  EventQueue events;
  WriteBudget writes;
  CmdSn next_cmd_sn{100};
  Time now{};

  Session& session() {
    if (!session_) {
      outbox.set_next_stat_sn(StatSn{1000});
      session_.emplace(parameters, limits, window, outbox, events, writes);
    }
    return *session_;
  }

  template <class Pdu>
  void send(const Pdu& pdu, std::string_view data = {}, bool digest_ok = true) {
    Frame frame{encode(pdu, static_cast<std::uint32_t>(data.size())), {}, {}, digest_ok};
    if (!data.empty()) frame.data.push_back(Slice::copy_of(data));
    session().on_frame(std::move(frame), now);
  }

  // Commands numbered in order.
  ScsiCommand read(std::uint32_t tag, std::uint32_t bytes, TaskAttribute attribute = TaskAttribute::simple) {
    return {.read = true,
            .attribute = attribute,
            .lun = {0},
            .task = {tag},
            .expected_data_transfer_length = bytes,
            .cmd_sn = next_cmd_sn++};
  }
  ScsiCommand write(std::uint32_t tag, std::uint32_t bytes, bool final = true) {
    return {.final = final,
            .write = true,
            .lun = {0},
            .task = {tag},
            .expected_data_transfer_length = bytes,
            .cmd_sn = next_cmd_sn++};
  }
  DataOut data_for(const R2t& r2t) {
    return {.final = true, .task = r2t.task, .transfer = r2t.transfer, .buffer_offset = r2t.buffer_offset};
  }

  std::vector<Answer> answers() {
    reader_.receive(outbox.take());
    return reader_.all();
  }
  // The only answer there is, of this kind.
  template <class Pdu>
  Pdu answer() {
    const std::vector<Answer> all = answers();
    REQUIRE(all.size() == 1);
    data = all.front().data;
    return std::get<Pdu>(all.front().pdu);
  }
  bool silent() { return answers().empty(); }
  std::string data;  // of the latest answer()

  std::optional<Event> next_event() { return events.pop(); }
  template <class E>
  E event() {
    std::optional<Event> next = events.pop();
    REQUIRE(next.has_value());
    REQUIRE(std::holds_alternative<E>(*next));
    return std::get<E>(std::move(*next));
  }
  Command command() { return event<CommandReady>().command; }
  // Tags of all commands that are ready now.
  std::vector<std::uint32_t> ready() {
    std::vector<std::uint32_t> tags;
    while (std::optional<Event> next = events.pop()) tags.push_back(std::get<CommandReady>(*next).command.tag.value);
    return tags;
  }

  static Outcome good(std::string_view data = {}) {
    Outcome outcome;
    if (!data.empty()) outcome.data.push_back(Slice::copy_of(data));
    outcome.transfer_bytes = data.size();
    return outcome;
  }
  static Outcome wrote(std::uint64_t bytes) { return {.transfer_bytes = bytes}; }

 private:
  std::optional<Session> session_;
  AnswerReader reader_;
};

}  // namespace shoal::test
