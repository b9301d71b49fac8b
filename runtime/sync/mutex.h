#pragma once

#include <cstdint>

#include "runtime/sched/atomic.h"
#include "runtime/sched/spinlock.h"
#include "runtime/sync/wait_list.h"

namespace xebec::runtime {

// Mutual exclusion between fibers. A fiber that waits is parked; its thread runs others.
//
// Fair as Go's: normally a woken waiter competes with newcomers (cheap, since they are already
// running); once a waiter has waited more than 1 ms, ownership is handed from unlock() straight to
// the first waiter, in FIFO order, and newcomers queue. That ends when a waiter waited less than 1
// ms or is the last.
//
// Not recursive. unlock() of an unlocked mutex is a Panic. Works with std::lock_guard,
// std::unique_lock and std::scoped_lock. The last fiber that needs it may destroy it right after
// its unlock() or lock() + unlock() has returned, even while another's unlock() is still
// returning.
//
// Protocol. `state_` holds four bits; `waiters_` is guarded by `queue_lock_`.
//   I1  kWaiters is set exactly while `waiters_` is not empty; both change under `queue_lock_`.
//   I2  kWoken says that one fiber outside `waiters_` is trying (a woken waiter, or a spinner that
//       claimed the bit): unlock() then wakes nobody. Never set together with kStarving.
//   I3  kStarving implies kLocked and kWaiters: ownership passes from holder to waiter with kLocked
//       set throughout.
//   I4  While there are waiters and nobody is woken, the holder drops kLocked only under
//       `queue_lock_`: a mutex that a waiter still needs cannot be destroyed under the unlocker.
// lock() acquires what unlock() released through `state_`; a hand-off is ordered by `queue_lock_`.
// Source of the state machine: Go 1.26, internal/sync/mutex.go.
class Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Blocks the fiber until it owns the mutex. Not cancellable.
  void lock() {
    Poll();
    uint32_t expected = 0;
    if (state_.compare_exchange_strong(expected, kLocked, std::memory_order_acquire,
                                       std::memory_order_relaxed)) [[likely]] {
      return;
    }
    LockSlow();
  }

  // Takes the mutex if that needs no waiting. False while a starving waiter is owed it.
  bool try_lock() {
    uint32_t old = state_.load(std::memory_order_relaxed);
    return (old & (kLocked | kStarving)) == 0 &&
           state_.compare_exchange_strong(old, old | kLocked, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }

  // Gives the mutex back; wakes a waiter, if any. May be called by another fiber than the one that
  // locked it.
  void unlock() {
    uint32_t expected = kLocked;
    if (state_.compare_exchange_strong(expected, 0, std::memory_order_release,
                                       std::memory_order_relaxed)) [[likely]] {
      return;
    }
    UnlockSlow();
  }

 private:
  static constexpr uint32_t kLocked = 1;
  static constexpr uint32_t kWoken = 2;
  static constexpr uint32_t kStarving = 4;
  static constexpr uint32_t kWaiters = 8;

  void LockSlow();
  void UnlockSlow();
  G* HandOffLocked();
  G* WakeOneLocked();

  Atomic<uint32_t> state_{0};
  SpinLock queue_lock_;
  internal::WaitList waiters_;  // guarded by queue_lock_
};

}  // namespace xebec::runtime
