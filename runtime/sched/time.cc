#include "runtime/sched/time.h"

#include <time.h>

#include "runtime/panic.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/netpoll.h"

namespace xebec::runtime {
namespace {

int64_t Read(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

}  // namespace

int64_t NanoTime() { return internal::SimActive() ? internal::SimNow() : Read(CLOCK_MONOTONIC); }

int64_t WallNanos() {
  return internal::SimActive() ? internal::SimNow() - internal::kSimStart + kSimulationEpochNanos
                               : Read(CLOCK_REALTIME);
}

Timers* CurrentTimers() {
  P* p = CurrentP();
  if (p == nullptr) p = internal::PAt(0);
  if (p == nullptr) ThrowPanic("a timer was started before the scheduler");
  return &p->timers;
}

void WakeForTimer(int64_t when) {
  using internal::sched;
  if (internal::SimActive()) return;
  // Sequentially consistent after the timer was stored: either the thread that goes to poll sees
  // the timer, or we see that it polls.
  if (sched.last_poll.load(std::memory_order_seq_cst) == 0) {
    const int64_t until = sched.poll_until.load(std::memory_order_seq_cst);
    if (until == 0 || until > when) NetpollBreak();
  } else {
    internal::WakeP();
  }
}

}  // namespace xebec::runtime
