#pragma once

#include <cstdint>

#include "runtime/sched/spinlock.h"
#include "runtime/sync/wait_list.h"

namespace xebec {
class Context;
}

namespace xebec::runtime {

// A number of units that fibers take and give back. Waiters are served in order: a large request
// is not overtaken by small ones that came later.
class Semaphore {
 public:
  // `size`: the units there are; at least 1.
  explicit Semaphore(int64_t size);
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Blocks until it has `n` units (1 ≤ n ≤ size, else a Panic). Not cancellable.
  void Acquire(int64_t n = 1);
  // As Acquire, but gives up when `ctx` ends: then false, and nothing was taken.
  bool Acquire(const Context& ctx, int64_t n = 1);
  // Takes `n` units if that needs no waiting.
  bool TryAcquire(int64_t n = 1);
  // Gives `n` units back and wakes whom they suffice for. More than were taken is a Panic.
  void Release(int64_t n = 1);

 private:
  void CheckUnits(int64_t n) const;
  internal::Waiter* GrantLocked();

  const int64_t size_;
  SpinLock lock_;
  int64_t free_;                // guarded by lock_
  internal::WaitList waiters_;  // guarded by lock_
};

}  // namespace xebec::runtime
