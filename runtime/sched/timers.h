#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "runtime/sched/spinlock.h"

// Timers of the runtime. Users take runtime/sched/timer.h.
namespace xebec::runtime {

struct Timers;

// A deadline with a function. Lies in its owner's memory; pinned while it is started.
//
// `fire(self, now)` runs on the scheduler's stack, never twice at a time, and without any lock of
// the timers: it must not block, park or throw; it may take SpinLocks, make fibers ready, start
// fibers and start or stop other timers (itself not). Once it has made its owner's fiber ready the
// node may be gone.
struct TimerNode {
  void (*fire)(TimerNode* self, int64_t now) = nullptr;
  // Set by StartTimer. With a period it fires again and again, at multiples of it.
  int64_t when = 0;
  int64_t period = 0;
  // The heap it was last put into. Written under that heap's lock (and the world stopped or both
  // locks held, when timers move), read by StopTimer.
  std::atomic<Timers*> owner{nullptr};
  // Its place in the heap, or -1. Guarded by the lock of `owner`. Not kept for sleeps.
  int32_t index = -1;
};

// The timers of one P: a 4-ary heap of (deadline, node).
//
// The heap holds the deadlines itself, so that moving an entry does not touch the node's cache
// line; only nodes that can be stopped are told their place, and StopTimer removes them at once
// (a deadline that was just added lies at the bottom, which makes that cheap). Sleeps, the many,
// are never stopped.
//
//   I1  `heap_` and every `index` are guarded by `lock_`; `next_` is heap_[0].when, or 0.
//   I2  `running_` is the node whose function runs, set under `lock_` while one P checks. Only one
//       P runs the functions of a heap at a time; another one leaves them to it.
//   I3  StopTimer returns only when the node is neither in the heap nor running: its memory is its
//       owner's again.
// `next_` is read without the lock by the scheduler. Its store and load are sequentially
// consistent: either an M that is about to sleep sees the new deadline, or WakeForTimer sees the
// M.
struct alignas(64) Timers {
  // Runs what is due at `now`; returns the next deadline, or 0 if there is none. On the
  // scheduler's stack, by any P.
  int64_t Check(int64_t now);
  // The next deadline, or 0. Lock-free.
  int64_t Next() const { return next_.load(std::memory_order_seq_cst); }
  // Moves every timer to `to`. For a P that goes away.
  void MoveAllTo(Timers& to);
  // How many wait. For tests and dumps.
  size_t SizeForTest();

 private:
  friend void StartTimer(TimerNode* node, int64_t when, int64_t period);
  friend void StartSleepTimer(TimerNode* node, int64_t when);
  friend bool StopTimer(TimerNode* node);

  struct Entry {
    int64_t when;
    uintptr_t tagged;  // the node's address; bit 0: the node keeps its place
    TimerNode* node() const { return reinterpret_cast<TimerNode*>(tagged & ~uintptr_t{1}); }
    bool tracked() const { return (tagged & 1) != 0; }
  };

  bool AddLocked(TimerNode* node, int64_t when, bool tracked);
  void RemoveAtLocked(size_t index);
  void PlaceLocked(size_t index, Entry entry);
  void SiftUpLocked(size_t index, Entry entry);
  void SiftDownLocked(size_t index, Entry entry);
  void PublishNextLocked();

  SpinLock lock_;
  std::atomic<int64_t> next_{0};
  std::atomic<TimerNode*> running_{nullptr};
  std::vector<Entry> heap_;  // guarded by lock_
};

// Starts `node` on the current P: it fires at `when` (NanoTime) or soon after, and then each
// `period` if that is not 0. The node must not be started already. Never blocks; any thread.
void StartTimer(TimerNode* node, int64_t when, int64_t period = 0);

// The same for a node that will never be stopped: cheaper.
void StartSleepTimer(TimerNode* node, int64_t when);

// Takes `node` out. True if it was waiting and now will not fire; false if it has fired or was
// never started. Waits for a run of its function that is under way, so afterwards the memory is
// the caller's. Never from the node's own function, nor under a lock which that takes.
bool StopTimer(TimerNode* node);

// The timers of this thread's P; without a P, those of P 0. Implemented by the scheduler.
Timers* CurrentTimers();

// `now + d`, at most the largest time there is.
inline int64_t AddTime(int64_t now, int64_t d) {
  int64_t sum = 0;
  return __builtin_add_overflow(now, d, &sum) ? (d > 0 ? INT64_MAX : INT64_MIN) : sum;
}

}  // namespace xebec::runtime
