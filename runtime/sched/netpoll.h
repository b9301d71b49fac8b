#pragma once

#include <cstdint>

#include "runtime/sched/glist.h"

/// What the scheduler asks of the network poller.
namespace xebec::runtime {

/// Called once, before the first fiber runs.
void NetpollInit();
/// Returns the fibers whose fds are ready, for the caller to make runnable. `delay_ns` < 0 blocks,
/// 0 polls, > 0 waits at most so long. At most one thread blocks in it at a time.
GList Netpoll(int64_t delay_ns);
/// Wakes the thread that blocks in Netpoll, if there is one.
void NetpollBreak();
/// How many fibers wait for an fd.
int NetpollWaiters();

}  // namespace xebec::runtime
