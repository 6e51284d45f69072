#include "test/model/trace_run.h"

#include <fmt/format.h>

#include <map>

#include "test/model/disk_limits.h"
#include "test/model/reservation_commands.h"

namespace model {

namespace {

constexpr std::uint16_t kReservationsPreempted = 0x2a03, kReservationsReleased = 0x2a04,
                        kRegistrationsPreempted = 0x2a05, kDeviceReset = 0x2903;

// The hosts of a trace. Every step names its host, says what it is, and how it must end.
class Hosts {
 public:
  Hosts(const std::vector<std::string>& urls, int first_number, Journal& journal) : journal_(journal) {
    int number = 0;
    for (const auto& url : urls) {
      ++number;
      begin(number, first_number + number, url);
    }
  }

  Bytes good(int host, const std::string& what, const Command& command) {
    const Answer answer = ask(host, what, command);
    if (!answer.good()) fail(host, what, answer, "GOOD");
    return answer.data;
  }
  void conflict(int host, const std::string& what, const Command& command) {
    const Answer answer = ask(host, what, command);
    if (!answer.conflict()) fail(host, what, answer, "RESERVATION CONFLICT");
  }
  void sense(int host, const std::string& what, const Command& command, Sense expected) {
    const Answer answer = ask(host, what, command);
    if (!answer.is(expected)) fail(host, what, answer, fmt::format("sense {:x}/{:04x}", expected.key, expected.code));
  }
  void attention(int host, std::uint16_t code) { sense(host, "TEST UNIT READY", test_unit_ready(), {6, code}); }
  void same(const Bytes& a, const Bytes& b, const std::string& what) {
    if (a != b) throw Difference(what);
  }
  void reset(int host) { sessions_.at(host).reset_unit(); }
  void end(int host) {
    sessions_.at(host).log_out();
    sessions_.erase(host);
  }
  void begin(int host, int number, const std::string& url) {
    Initiator& session = sessions_.try_emplace(host, number, url).first->second;
    while (session.execute(test_unit_ready()).attention()) continue;
  }
  Initiator& session(int host) { return sessions_.at(host); }

 private:
  Answer ask(int host, const std::string& what, const Command& command) {
    const Answer answer = sessions_.at(host).execute(command);
    journal_.note(fmt::format("host {}: {}: {}", host, what, answer.text()));
    return answer;
  }
  [[noreturn]] static void fail(int host, const std::string& what, const Answer& answer, const std::string& expected) {
    throw Difference(fmt::format("host {}, {}: {}, expected {}", host, what, answer.text(), expected));
  }

  Journal& journal_;
  std::map<int, Initiator> sessions_;
};

Bytes block_of(std::uint8_t value) { return Bytes(kBlock, value); }

// ---- the hypervisor

void identify(Hosts& hosts) {
  const Command inquiry{.cdb = {0x12, 0, 0, 0, 96, 0}, .in = 96};
  hosts.same(hosts.good(1, "INQUIRY", inquiry), hosts.good(2, "INQUIRY", inquiry), "INQUIRY differs between members");
  for (const std::uint8_t page : {0x00, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2}) {
    const std::string what = fmt::format("VPD {:02x}", page);
    hosts.same(hosts.good(1, what, vital_product_data(page)), hosts.good(2, what, vital_product_data(page)),
               what + " differs between members");
  }
  for (const std::uint8_t page : {0x08, 0x1c, 0x3f}) {
    hosts.good(1, fmt::format("MODE SENSE {:02x}", page), {.cdb = {0x1a, 0, page, 0, 252, 0}, .in = 252});
  }
  hosts.good(2, "READ CAPACITY(16)", read_capacity16());
}

// Without COMPARE AND WRITE, while a file system is made: the whole disk is reserved for a moment.
void lock_by_reserve(Hosts& hosts) {
  hosts.good(1, "RESERVE(6)", reserve_unit());
  hosts.good(1, "WRITE of the file system's head", write16(0, block_of(0x11)));
  hosts.conflict(2, "RESERVE(6)", reserve_unit());
  hosts.conflict(2, "WRITE", write16(0, block_of(0x22)));
  hosts.conflict(2, "COMPARE AND WRITE", compare_and_write(0, block_of(0x11), block_of(0x22)));
  hosts.good(1, "RELEASE(6)", release_unit());
  hosts.good(2, "COMPARE AND WRITE", compare_and_write(0, block_of(0x11), block_of(0x22)));
}

// A host that has gone leaves its RESERVE behind: the other one resets the unit.
void break_a_lock(Hosts& hosts) {
  hosts.good(1, "RESERVE(6)", reserve_unit());
  hosts.conflict(2, "RESERVE(6)", reserve_unit());
  hosts.reset(2);
  for (const int host : {1, 2}) hosts.attention(host, kDeviceReset);
  hosts.good(2, "RESERVE(6)", reserve_unit());
  hosts.good(2, "RELEASE(6)", release_unit());
}

// Each host's heartbeat is a block that it alone replaces; a host that has lost the disk finds another content there.
void beat(Hosts& hosts) {
  for (const int host : {1, 2})
    hosts.good(host, "WRITE of its slot", write16(16 + static_cast<unsigned>(host), block_of(0)));
  for (std::uint8_t beat = 0; beat < 20; ++beat) {
    for (const int host : {1, 2}) {
      const auto lba = 16 + static_cast<unsigned>(host);
      hosts.good(host, "heartbeat",
                 compare_and_write(lba, block_of(beat), block_of(static_cast<std::uint8_t>(beat + 1))));
    }
  }
  hosts.sense(2, "heartbeat in a slot that has gone on", compare_and_write(17, block_of(7), block_of(8)), kMiscompare);
  hosts.same(hosts.good(2, "READ of the slot", read16(17, 1)), block_of(20), "a refused COMPARE AND WRITE has written");
}

// A file across a border of pages: zeroed, written, cloned, reclaimed.
void live(Hosts& hosts, std::uint64_t page_blocks) {
  constexpr std::uint64_t kFile = 64;
  const std::uint64_t file = page_blocks - kFile / 2, clone = 3 * page_blocks - kFile / 2;
  const Bytes designator = read_limits(hosts.session(1)).designator;
  hosts.good(1, "WRITE SAME of zeros", write_same16(file, kFile, block_of(0)));
  Bytes content;
  for (std::uint8_t i = 0; i < kFile; ++i) append(content, block_of(static_cast<std::uint8_t>(i + 1)));
  hosts.good(1, "WRITE", write16(file, content));
  hosts.good(2, "EXTENDED COPY", extended_copy(designator, file, clone, kFile));
  hosts.same(hosts.good(1, "READ of the clone", read16(clone, kFile)), content, "the clone differs");
  hosts.good(1, "UNMAP of the file", unmap({{file, kFile}}));
  hosts.same(hosts.good(2, "READ of the file", read16(file, kFile)), Bytes(kFile * kBlock), "UNMAP left something");
  hosts.same(hosts.good(2, "READ of the clone", read16(clone, kFile)), content, "UNMAP of the file hit its clone");
}

// ---- the cluster

constexpr Key kKey[] = {0, 0x1111, 0x2222, 0x3333};
constexpr int kWriteExclusiveRegistrantsOnly = 5;

Command out(Action action, Key key, Key action_key = 0) {
  return persistent_reserve_out(
      {.action = action, .type = kWriteExclusiveRegistrantsOnly, .key = key, .action_key = action_key});
}

void expect_held(Hosts& hosts, int host, std::optional<Key> key) {
  std::optional<std::pair<Key, int>> held;
  if (key) held.emplace(*key, kWriteExclusiveRegistrantsOnly);
  if (held_of(hosts.good(host, "READ RESERVATION", persistent_reserve_in(1))) != held) {
    throw Difference(fmt::format("host {} sees another holder than {:x}", host, key.value_or(0)));
  }
}

void own(Hosts& hosts) {
  hosts.good(1, "READ KEYS", persistent_reserve_in(0));
  for (const int host : {1, 2}) {
    hosts.good(host, "REGISTER AND IGNORE EXISTING KEY", out(Action::register_and_ignore, 0, kKey[host]));
  }
  hosts.good(1, "RESERVE", out(Action::reserve, kKey[1]));
  for (const int host : {1, 2, 3}) expect_held(hosts, host, kKey[1]);
  hosts.good(2, "WRITE by a registered host", write16(0, block_of(2)));
  hosts.good(3, "READ by a stranger", read16(0, 1));
  hosts.conflict(3, "WRITE by a stranger", write16(0, block_of(3)));
  hosts.conflict(2, "RESERVE while another holds it", out(Action::reserve, kKey[2]));
}

// The challenger waits, finds that the owner has not registered anew, and takes the disk.
void take_over(Hosts& hosts) {
  hosts.good(2, "READ KEYS", persistent_reserve_in(0));
  hosts.good(2, "PREEMPT", out(Action::preempt, kKey[2], kKey[1]));
  hosts.attention(1, kRegistrationsPreempted);
  hosts.conflict(1, "WRITE by the former owner", write16(0, block_of(1)));
  hosts.conflict(1, "RELEASE by the former owner", out(Action::release, kKey[1]));
  for (const int host : {1, 2, 3}) expect_held(hosts, host, kKey[2]);
  hosts.good(2, "WRITE by the owner", write16(0, block_of(2)));
}

// The owner's path fails, it comes back at another member, and still owns the disk.
void come_back(Hosts& hosts, int number, const std::string& url) {
  hosts.end(2);
  expect_held(hosts, 3, kKey[2]);
  hosts.begin(2, number, url);
  hosts.good(2, "WRITE by the owner at another member", write16(0, block_of(2)));
}

void give_back(Hosts& hosts) {
  hosts.good(1, "REGISTER anew", out(Action::register_key, 0, kKey[1]));
  hosts.good(3, "REGISTER", out(Action::register_key, 0, kKey[3]));
  hosts.good(3, "PREEMPT AND ABORT of another than the owner", out(Action::preempt_and_abort, kKey[3], kKey[1]));
  hosts.attention(1, kRegistrationsPreempted);
  expect_held(hosts, 1, kKey[2]);
  hosts.good(2, "RELEASE", out(Action::release, kKey[2]));
  hosts.attention(3, kReservationsReleased);
  hosts.good(1, "WRITE while nobody owns it", write16(0, block_of(1)));
  hosts.good(2, "CLEAR", out(Action::clear, kKey[2]));
  hosts.attention(3, kReservationsPreempted);
  expect_held(hosts, 1, std::nullopt);
}

}  // namespace

void play_hypervisor(const std::vector<std::string>& urls, std::uint64_t page_blocks, Journal& journal) {
  if (urls.size() < 2) throw Broken("the hypervisor's trace needs two URLs");
  Hosts hosts({urls[0], urls[1]}, 300, journal);
  identify(hosts);
  lock_by_reserve(hosts);
  break_a_lock(hosts);
  beat(hosts);
  live(hosts, page_blocks);
}

void play_failover_cluster(const std::vector<std::string>& urls, Journal& journal) {
  if (urls.size() < 3) throw Broken("the cluster's trace needs three URLs");
  constexpr int kFirstNumber = 400;
  Hosts hosts({urls[0], urls[1], urls[2]}, kFirstNumber, journal);
  own(hosts);
  take_over(hosts);
  come_back(hosts, kFirstNumber + 2, urls[0]);
  give_back(hosts);
}

}  // namespace model
