#include "runtime/sched/spinlock.h"

#include <sched.h>

#include "runtime/sched/internal/futex.h"

namespace xebec::runtime {

void RawSpinLock::LockSlow() {
  // Critical sections are some hundred instructions, so spinning usually pays; on one processor,
  // or when the holder was descheduled, it does not, and the kernel takes over.
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 30; ++i) {
      if (state_.load(std::memory_order_relaxed) == 0 && try_lock()) return;
      CpuPause();
    }
  }
  // I1 and I2 (spinlock.h).
  while (state_.exchange(2, std::memory_order_acquire) != 0) {
    internal::FutexWait(&state_, 2);
  }
}

void RawSpinLock::WakeOne() { internal::FutexWake(&state_, 1); }

}  // namespace xebec::runtime
