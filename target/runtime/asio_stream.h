// A connected TCP socket as a Stream. System calls in the request/response pattern: one recv for all that has arrived,
// one sendmsg for all slices of a write; readiness is waited for only where the kernel has said that there is nothing.
#pragma once

#include <memory>

#include "target/runtime/run_queue.h"
#include "target/runtime/sockets.h"

namespace shoal {

std::unique_ptr<Stream> make_asio_stream(TcpSocket socket, RunQueue& queue);

}  // namespace shoal
