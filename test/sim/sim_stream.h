// SimStream: a Stream of a process on a simulated socket. Destroying it closes the socket.
#pragma once

#include <memory>
#include <utility>

#include "target/runtime/runtime.h"
#include "test/sim/socket.h"

namespace shoal::sim {

class SimStream final : public Stream {
 public:
  explicit SimStream(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
  ~SimStream() override { socket_->close(); }
  void read_some(MutableByteSpan into, Completion<Result<std::size_t, NetError>> done) override {
    if (!socket_->closed()) socket_->read(into, std::move(done));
  }
  void write(Slices data, Completion<Result<void, NetError>> done) override {
    if (!socket_->closed()) socket_->write(std::move(data), std::move(done));
  }
  std::size_t unsent_bytes() const override { return socket_->unwritten_bytes(); }
  void shutdown_send() override { socket_->shutdown_send(); }
  void close() override { socket_->close(); }
  Endpoint local() const override { return socket_->local(); }
  Endpoint peer() const override { return socket_->peer(); }

 private:
  std::shared_ptr<Socket> socket_;
};

}  // namespace shoal::sim
