#pragma once

#include <cstdint>

#include "runtime/sched/atomic.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_list.h"

namespace xebec::runtime {

// A lock held by any number of readers or by one writer. A waiting writer blocks new readers, so
// writers never starve; readers that waited run before the next writer. Reading twice in one fiber
// can therefore deadlock with a writer in between, and a read lock cannot be turned into a write
// lock.
//
// Works with std::unique_lock, std::scoped_lock and std::shared_lock. Releasing what is not held
// is a Panic. Destroy it only when every call on it has returned.
//
// Protocol. `readers_` counts the readers, minus kMaxReaders while a writer is pending or inside.
//   I1  The writer that subtracted kMaxReaders holds `writers_`; it alone adds it back.
//   I2  `departing_` counts the readers that the pending writer still waits for; the one that
//       brings it to zero wakes the writer. The writer raises it under `queue_lock_` and is in
//       `writer_` before it lets that lock go, so the last reader, which takes the lock, finds it.
//   I3  A reader that saw a negative count waits for one token; unlock() hands out as many as
//       readers have counted themselves in, to parked ones first, the rest through `tokens_`.
// Every operation on readers_ is acquire-release: a reader's section happens before the writer
// that waited for it. Source: Go 1.26, sync/rwmutex.go.
class RWMutex {
 public:
  constexpr RWMutex() = default;
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  // Blocks until no reader and no other writer is inside. Not cancellable.
  void lock();
  bool try_lock();
  void unlock();

  // Blocks while a writer is inside or waits.
  void lock_shared() {
    Poll();
    if (readers_.fetch_add(1, std::memory_order_acq_rel) + 1 < 0) [[unlikely]]
      LockSharedSlow();
  }
  bool try_lock_shared();
  void unlock_shared() {
    int32_t left = readers_.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if (left < 0) [[unlikely]]
      UnlockSharedSlow(left);
  }

 private:
  static constexpr int32_t kMaxReaders = 1 << 30;

  void LockSharedSlow();
  void UnlockSharedSlow(int32_t left);

  Mutex writers_;
  Atomic<int32_t> readers_{0};
  Atomic<int32_t> departing_{0};
  SpinLock queue_lock_;
  int32_t tokens_ = 0;                  // guarded by queue_lock_
  internal::WaitList waiting_readers_;  // guarded by queue_lock_
  internal::Waiter* writer_ = nullptr;  // guarded by queue_lock_
};

}  // namespace xebec::runtime
