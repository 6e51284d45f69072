// A listening TCP socket. Out of descriptors or memory it stops accepting for a moment instead of spinning.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "target/runtime/run_queue.h"
#include "target/runtime/runtime.h"
#include "target/runtime/timer_queue.h"

namespace shoal {

Result<std::unique_ptr<Listener>, NetError> asio_listen(boost::asio::io_context& context, RunQueue& queue,
                                                        TimerQueue& timers, const Endpoint& at,
                                                        UniqueFunction<void(std::unique_ptr<Stream>)> on_accept);

}  // namespace shoal
