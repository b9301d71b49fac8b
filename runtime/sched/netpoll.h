#pragma once

#include <cstdint>

#include "runtime/sched/glist.h"

// What the scheduler asks of the network poller.
namespace xebec::runtime {

// Called once, before the first fiber runs; further calls do nothing.
void NetpollInit();
// Returns the fibers whose fds are ready, for the caller to make runnable. `delay_ns` < 0 blocks,
// 0 polls, > 0 waits at most so long. At most one thread blocks in it at a time; others may poll.
GList Netpoll(int64_t delay_ns);
// Wakes the thread that blocks in Netpoll; if there is none, the next one that would block returns
// at once. Any thread.
void NetpollBreak();
// How many fibers wait for an fd (in-memory pipes are woken by fibers and do not count).
int NetpollWaiters();

namespace internal {
// For PollDesc: registers an fd edge-triggered for reading and writing; an errno, or 0.
int NetpollAdd(int fd, uint64_t data);
void NetpollRemove(int fd);
void NetpollAdjustWaiters(int delta);
}  // namespace internal

}  // namespace xebec::runtime
