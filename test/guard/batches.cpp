#include "test/guard/batches.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "target/base/ids.h"

namespace shoal::test {
namespace {

int connect_to(const Endpoint& portal) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(portal.port)};
  ::inet_pton(AF_INET, portal.host.c_str(), &address.sin_addr);
  if (socket < 0 || ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no connection to " + portal.to_string());
  }
  return socket;
}

bool is_final(const Answer& answer) {
  const auto* data = answer.as<iscsi::DataIn>();
  return !data || data->has_status;
}

std::uint8_t status_of(const Answer& answer) {
  if (const auto* data = answer.as<iscsi::DataIn>()) return data->status;
  if (const auto* response = answer.as<iscsi::ScsiResponse>()) return response->status;
  throw std::runtime_error("an answer that is none to a command");
}

}  // namespace

Batches::Batches(const Endpoint& portal, const std::string& target_name, std::uint64_t volume_bytes,
                 const Workload& workload, const std::function<void()>& target_works)
    : workload_(workload),
      blocks_(volume_bytes / workload.block_bytes),
      data_(pattern(workload.block_bytes)),
      socket_(connect_to(portal)) {
  log_in(target_name, target_works);
  take_unit_attention(target_works);
}

Batches::~Batches() { ::close(socket_); }

void Batches::log_in(const std::string& target_name, const std::function<void()>& target_works) {
  iscsi::TextKeys keys = joined(without(security_keys(kInitiatorName, target_name), "AuthMethod"), operational_keys());
  if (workload_.digests.header) keys = with(keys, "HeaderDigest", "CRC32C");
  if (workload_.digests.data) keys = with(keys, "DataDigest", "CRC32C");
  const auto answers = exchange(wire(operational_request(), keys), 1, target_works);
  const auto* response = answers.front().as<iscsi::LoginResponse>();
  if (!response || response->status != iscsi::LoginStatus::success) throw std::runtime_error("the login was refused");
  reader_.set_digests(workload_.digests);
}

void Batches::take_unit_attention(const std::function<void()>& target_works) {
  constexpr unsigned kMost = 8;  // there are fewer
  for (unsigned i = 0; i < kMost; ++i) {
    const auto command = numbers_.read(test_unit_ready(), 0);
    const auto answers = exchange(wire(command, std::string_view(), workload_.digests), 1, target_works);
    if (status_of(answers.front()) == 0) return;
  }
  throw std::runtime_error("the unit does not become ready");
}

void Batches::run_one(const std::function<void()>& target_works) {
  for (const Answer& answer : exchange(next_batch(), workload_.depth, target_works)) {
    if (status_of(answer) != 0) throw std::runtime_error("a command has failed");
  }
}

Slice Batches::next_batch() {
  iscsi::PduWriter writer;
  writer.set_digests(workload_.digests);
  const std::uint32_t sectors = workload_.block_bytes / kBlockBytes;
  for (std::uint32_t i = 0; i < workload_.depth; ++i) {
    const std::uint64_t lba = next_block() * sectors;
    if (workload_.write) {
      writer.add_bytes(numbers_.write(write16(lba, sectors), workload_.block_bytes), as_bytes(data_));
    } else {
      writer.add(numbers_.read(read16(lba, sectors), workload_.block_bytes));
    }
  }
  return flatten(writer.take());
}

std::uint64_t Batches::next_block() { return workload_.in_order ? ++latest_block_ % blocks_ : random_.below(blocks_); }

// Sends `bytes` and takes the answers that end a command, as many as expected.
std::vector<Answer> Batches::exchange(const Slice& bytes, std::size_t expected,
                                      const std::function<void()>& target_works) {
  std::vector<Answer> ends;
  for (std::size_t sent = 0; ends.size() < expected;) {
    sent += send_some(bytes.bytes().subspan(sent));
    target_works();
    while (receive_some()) {
      for (Answer& answer : reader_.all()) {
        if (!answer.data_digest_ok) throw std::runtime_error("a data digest is wrong");
        if (is_final(answer)) ends.push_back(std::move(answer));
      }
    }
  }
  return ends;
}

std::size_t Batches::send_some(ByteSpan bytes) {
  if (bytes.empty()) return 0;
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) throw std::runtime_error("the target has closed the connection");
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool Batches::receive_some() {
  MutableByteSpan room;
  const Slice chunk = Slice::fresh(256 * 1024, room);
  const ssize_t received = ::recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
  if (received == 0 || (received < 0 && errno != EAGAIN) || reader_.broken()) {
    throw std::runtime_error("the target has closed the connection");
  }
  if (received > 0) reader_.receive({chunk.sub(0, static_cast<std::size_t>(received))});
  return received > 0;
}

}  // namespace shoal::test
