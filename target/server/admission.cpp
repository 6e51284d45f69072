#include "target/server/admission.h"

#include <algorithm>

namespace shoal::server {

Admission::ByProgress& Admission::kind_of(const Connection& connection) {
  Address& address = addresses_.at(connection.address);
  return connection.requests == 0 ? address.silent : address.speaking;
}

void Admission::add(Number number, const SourceAddress& address) {
  const Connection& added = connections_[number] = {.address = address, .progress = ++latest_};
  addresses_[address].silent[added.progress] = number;
}

void Admission::heard(Number number, unsigned requests, std::size_t bytes) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  note_bytes(connection, bytes);
  if (requests == connection.requests) return;
  kind_of(connection).erase(connection.progress);
  connection.requests = requests;
  connection.progress = ++latest_;
  kind_of(connection)[connection.progress] = number;
}

void Admission::note_bytes(Connection& connection, std::size_t bytes) {
  Address& address = addresses_.at(connection.address);
  bytes_ = bytes_ - connection.bytes + bytes;
  address.bytes = address.bytes - connection.bytes + bytes;
  connection.bytes = bytes;
}

void Admission::remove(Number number) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  note_bytes(connection, 0);
  kind_of(connection).erase(connection.progress);
  if (addresses_.at(connection.address).count() == 0) addresses_.erase(connection.address);
  connections_.erase(found);
}

Admission::ByProgress::value_type Admission::victim_of(const Address& address) {
  return *(address.silent.size() >= address.speaking.size() ? address.silent : address.speaking).begin();
}

// Of several that have as many, the one whose connection has waited longest.
const Admission::Address& Admission::most_numerous() const {
  return std::ranges::max_element(addresses_,
                                  [](const auto& a, const auto& b) {
                                    if (a.second.count() != b.second.count())
                                      return a.second.count() < b.second.count();
                                    return victim_of(a.second).first > victim_of(b.second).first;
                                  })
      ->second;
}

Admission::Number Admission::heaviest_of(const SourceAddress& address) const {
  const auto weight = [&](const auto& one) { return one.second.address == address ? one.second.bytes : 0; };
  return std::ranges::max_element(connections_, {}, weight)->first;
}

std::optional<Admission::Number> Admission::first_to_go() const {
  if (connections_.empty()) return std::nullopt;
  return victim_of(most_numerous()).second;
}

std::optional<Admission::Number> Admission::excess() const {
  const auto by_count = std::ranges::find_if(
      addresses_, [&](const auto& one) { return one.second.count() > limits_.half_open_per_address; });
  if (by_count != addresses_.end()) return victim_of(by_count->second).second;
  if (connections_.size() > limits_.half_open) return first_to_go();
  const auto by_bytes = std::ranges::max_element(addresses_, {}, [](const auto& one) { return one.second.bytes; });
  if (by_bytes == addresses_.end()) return std::nullopt;
  if (by_bytes->second.bytes > limits_.login_bytes_per_address || bytes_ > limits_.login_bytes) {
    return heaviest_of(by_bytes->first);
  }
  return std::nullopt;
}

}  // namespace shoal::server
