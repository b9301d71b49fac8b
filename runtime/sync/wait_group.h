#pragma once

#include <cstdint>
#include <source_location>
#include <string_view>
#include <utility>

#include "runtime/sched/atomic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/spinlock.h"
#include "runtime/sync/wait_list.h"

namespace xebec::runtime {

// Waits until a number of tasks have ended.
//
//   WaitGroup wg;
//   for (auto& pod : pods) wg.Go([&] { Create(pod); });
//   wg.Wait();
//
// Add with a positive number happens before Wait when the counter is zero; what the tasks did
// before Done happens before Wait returns. A waiter may destroy the group as soon as its Wait
// returned.
//
// Protocol. `state_` holds the counter in its high and the number of waiters in its low half.
//   I1  The number of waiters is raised under `queue_lock_`, together with the entry in `waiters_`.
//   I2  The Done that brings the counter to zero with waiters takes the whole list, and touches the
//       group no more once it has let `queue_lock_` go. With no waiters it touches nothing after
//       its one atomic operation.
class WaitGroup {
 public:
  constexpr WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Adds `delta`, which may be negative; at zero all waiters wake. A counter below zero is a
  // Panic, and so is an Add from zero while fibers already wait. Never blocks.
  void Add(int delta) {
    uint64_t add = static_cast<uint64_t>(static_cast<int64_t>(delta)) << 32;
    uint64_t state = state_.fetch_add(add, std::memory_order_acq_rel) + add;
    int32_t count = static_cast<int32_t>(state >> 32);
    if (count > 0 ? (static_cast<uint32_t>(state) == 0 || count != delta)
                  : (count == 0 && static_cast<uint32_t>(state) == 0)) [[likely]] {
      return;
    }
    AddSlow(state, delta);
  }

  void Done() { Add(-1); }

  // Blocks until the counter is zero. Not cancellable.
  void Wait();

  // Runs `fn` in a fiber of its own, counted. If `fn` panics the process ends, as for any fiber,
  // and Wait does not return before that.
  template <class F>
  void Go(F&& fn, std::source_location where = std::source_location::current()) {
    Add(1);
    runtime::Go(
        [this, fn = std::forward<F>(fn)]() mutable {
          fn();
          Done();
        },
        where);
  }

 private:
  void AddSlow(uint64_t state, int delta);

  Atomic<uint64_t> state_{0};
  SpinLock queue_lock_;
  internal::WaitList waiters_;  // guarded by queue_lock_
};

}  // namespace xebec::runtime
