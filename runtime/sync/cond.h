#pragma once

#include <concepts>

#include "runtime/sched/spinlock.h"
#include "runtime/sync/wait_list.h"

namespace xebec {
class Context;
}

namespace xebec::runtime {

// A place where fibers wait for something that a lock guards. The lock is any type with lock() and
// unlock(): Mutex, RWMutex, std::unique_lock of one, std::shared_lock of an RWMutex.
//
//   mutex.lock();
//   cond.Wait(mutex, [&] { return !items.empty(); });
//
// Waiters wake in the order they came. Signal and Broadcast wake those that called Wait before
// them, need not hold the lock and never block. There are no spurious wake-ups, but what was
// signalled may be gone when Wait has the lock again.
class Cond {
 public:
  constexpr Cond() = default;
  Cond(const Cond&) = delete;
  Cond& operator=(const Cond&) = delete;

  // Gives `lock` back, blocks until woken, takes `lock` again. Not cancellable.
  template <class Lock>
  void Wait(Lock& lock) {
    internal::Waiter self;
    Enter(&self, lock);
    Sleep(&self);
    lock.lock();
  }

  template <class Lock, std::predicate Ready>
  void Wait(Lock& lock, Ready ready) {
    while (!ready()) Wait(lock);
  }

  // As Wait, but ends too when `ctx` does. True if it was woken by Signal or Broadcast; a signal
  // is never lost to a waiter whose context ended.
  template <class Lock>
  bool Wait(const Context& ctx, Lock& lock) {
    internal::Waiter self;
    Enter(&self, lock);
    bool signalled = Sleep(ctx, &self);
    lock.lock();
    return signalled;
  }

  // Wakes the fiber that waits longest, if any.
  void Signal();
  // Wakes all.
  void Broadcast();

 private:
  // Queues the fiber before it gives the lock back: whoever takes the lock after that finds it.
  template <class Lock>
  void Enter(internal::Waiter* self, Lock& lock) {
    Enqueue(self);
    try {
      lock.unlock();
    } catch (...) {
      Leave(self);
      throw;
    }
  }
  void Enqueue(internal::Waiter* self);
  void Leave(internal::Waiter* self);
  void Sleep(internal::Waiter* self);
  bool Sleep(const Context& ctx, internal::Waiter* self);
  void Cancel(internal::Waiter* self);

  SpinLock lock_;
  internal::WaitList waiters_;  // guarded by lock_, and so are the nodes in it
};

}  // namespace xebec::runtime
