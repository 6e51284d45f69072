// An outgoing TCP connection with a deadline.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "target/runtime/run_queue.h"
#include "target/runtime/runtime.h"
#include "target/runtime/timer_queue.h"

namespace shoal {

using ConnectDone = Completion<Result<std::unique_ptr<Stream>, NetError>>;

void asio_connect(boost::asio::io_context& context, RunQueue& queue, TimerQueue& timers, const Endpoint& to,
                  Duration timeout, ConnectDone done);

}  // namespace shoal
