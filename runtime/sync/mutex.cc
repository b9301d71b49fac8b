#include "runtime/sync/mutex.h"

#include "runtime/panic.h"
#include "runtime/sched/time.h"

namespace xebec::runtime {

namespace {
// A waiter that has waited longer switches the mutex to hand-off.
constexpr int64_t kStarvationNanos = 1'000'000;
}  // namespace

void Mutex::LockSlow() {
  internal::Waiter self;
  bool awoke = false;
  bool starving = false;
  int spins = 0;
  uint32_t old = state_.load(std::memory_order_relaxed);
  for (;;) {
    if ((old & (kLocked | kStarving)) == kLocked && CanSpin(spins)) {
      // Claim kWoken, so that unlock() leaves the parked ones asleep: we are about to take it.
      if (!awoke && (old & kWoken) == 0 && (old & kWaiters) != 0 &&
          state_.compare_exchange_strong(old, old | kWoken, std::memory_order_relaxed,
                                         std::memory_order_relaxed)) {
        awoke = true;
      }
      DoSpin();
      ++spins;
      old = state_.load(std::memory_order_relaxed);
      continue;
    }
    if ((old & kLocked) == 0) {
      uint32_t next = old | kLocked;
      if (awoke) next &= ~kWoken;
      if (state_.compare_exchange_strong(old, next, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
        return;
      }
      continue;
    }
    queue_lock_.lock();
    old = state_.load(std::memory_order_relaxed);
    bool queued = false;
    while ((old & kLocked) != 0 && !queued) {
      uint32_t next = old | kWaiters;
      if (starving) next |= kStarving;
      if (awoke) next &= ~kWoken;
      queued = state_.compare_exchange_strong(old, next, std::memory_order_relaxed,
                                              std::memory_order_relaxed);
    }
    if (!queued) {
      queue_lock_.unlock();
      continue;
    }
    self.g = CurrentG();
    if (self.since == 0) {
      self.since = NanoTime();
      waiters_.PushBack(&self);
    } else {
      waiters_.PushFront(&self);  // it waited before: it keeps its turn
    }
    internal::ParkAndUnlock(queue_lock_, WaitReason::kMutexLock);
    if (self.granted) return;
    starving = starving || NanoTime() - self.since > kStarvationNanos;
    awoke = true;
    spins = 0;
    old = state_.load(std::memory_order_relaxed);
  }
}

void Mutex::UnlockSlow() {
  for (;;) {
    uint32_t old = state_.load(std::memory_order_relaxed);
    // Nobody to wake, or somebody is awake already: drop the bit and touch nothing after it.
    while ((old & kLocked) != 0 && (old & kStarving) == 0 &&
           ((old & kWaiters) == 0 || (old & kWoken) != 0)) {
      if (state_.compare_exchange_weak(old, old & ~kLocked, std::memory_order_release,
                                       std::memory_order_relaxed)) {
        return;
      }
    }
    if ((old & kLocked) == 0) ThrowPanic("unlock of an unlocked Mutex");

    queue_lock_.lock();
    G* g = (state_.load(std::memory_order_relaxed) & kStarving) != 0 ? HandOffLocked()
                                                                     : WakeOneLocked();
    queue_lock_.unlock();
    if (g != nullptr) {
      Ready(g);
      return;
    }
  }
}

// Passes ownership to the first waiter. I3: nobody but the holder changes the state now (spinners
// and try_lock stay away, waiters need queue_lock_), so a plain store does.
G* Mutex::HandOffLocked() {
  internal::Waiter* w = waiters_.PopFront();
  uint32_t next = kLocked;
  if (!waiters_.empty()) {
    next |= kWaiters;
    if (NanoTime() - w->since > kStarvationNanos) next |= kStarving;
  }
  w->granted = true;
  G* g = w->g;
  state_.store(next, std::memory_order_release);
  return g;
}

// Drops kLocked and takes the first waiter off the list, to compete for it. Null, with the mutex
// still held, when the waiters are somebody else's care by now (I4).
G* Mutex::WakeOneLocked() {
  uint32_t old = state_.load(std::memory_order_relaxed);
  for (;;) {
    if ((old & kWaiters) == 0 || (old & kWoken) != 0) return nullptr;
    internal::Waiter* w = waiters_.front();
    uint32_t next = (old | kWoken) & ~kLocked;
    if (w->next == nullptr) next &= ~kWaiters;
    if (state_.compare_exchange_strong(old, next, std::memory_order_release,
                                       std::memory_order_relaxed)) {
      waiters_.PopFront();
      return w->g;
    }
  }
}

}  // namespace xebec::runtime
