#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <source_location>

#include "runtime/sched/park.h"

namespace xebec::runtime {

struct M;
struct P;

// States of a fiber. Who may change it: the thread that runs it (Running → any), its one waker
// (Waiting → Runnable), the scheduler that took it from a queue (Runnable → Running), its starter
// (Dead → Runnable). Release on each change, acquire on each look, so that whoever sees a fiber
// Waiting or Runnable also sees its saved stack.
enum class GStatus : uint32_t { kDead, kRunnable, kRunning, kWaiting, kBlocking };

namespace internal {

struct FiberLocals;

inline constexpr size_t kInlineClosure = 64;
inline constexpr size_t kMaxName = 63;

}  // namespace internal

// A fiber. Lives in a slab and is never returned to the system; a finished one goes to a P's free
// list and is used again under a new id.
//
// Plain fields belong to the thread that runs the fiber, and with it from queue to queue: each
// hand-over (Ready, run queues, Park's commit) is a release-acquire pair.
struct alignas(64) G {
  // The switch.
  void* sp = nullptr;  // where its context lies while it does not run; null before its first run
  uintptr_t stack_lo = 0;
  uintptr_t stack_hi = 0;
  std::atomic<GStatus> status{GStatus::kDead};
  WaitReason wait_reason = WaitReason::kNone;
  bool system = false;  // the runtime's own: not counted as left behind
  uint8_t name_size = 0;
  int saved_errno = 0;
  M* m = nullptr;            // while Running or Blocking
  G* sched_link = nullptr;   // in a GList
  void* eh_globals[2] = {};  // the C++ runtime's caught exceptions and uncaught count

  // Its function.
  void (*run)(void*) = nullptr;
  void* closure = nullptr;
  size_t closure_size = 0;

  // Waiting.
  int64_t wait_since = 0;  // coarse NanoTime of the last park
  void* wake_param = nullptr;
  std::atomic<uint32_t> select_done{0};

  // LockThread.
  uint32_t lock_count = 0;
  M* locked_m = nullptr;

  // Blocking: the stack pointer and registers published at entry, for the heap to scan.
  uint32_t blocking_depth = 0;
  uintptr_t blocking_sp = 0;
  uintptr_t blocking_registers[6] = {};

  // Identity.
  uint64_t id = 0;
  uint64_t parent = 0;
  std::source_location where;
  internal::FiberLocals* locals = nullptr;
  void* starting_lo = nullptr;  // function object of the fiber it is just starting
  void* starting_hi = nullptr;
  void* sanitizer = nullptr;  // TSan's fiber, or ASan's fake stack
  alignas(16) std::byte inline_closure[internal::kInlineClosure];
  char name[internal::kMaxName + 1];
};

namespace internal {

// Takes a finished G from this P's list or makes one. Its fields are reset but for its id.
G* AcquireG(P* p);
// Returns a finished one. Without a P (null): to the shared list.
void ReleaseG(P* p, G* g);
// Moves all of p's free Gs to the shared list.
void PurgeFreeGs(P* p);

// Calls `fn` for every G that was ever made, dead ones included. Lock-free against growth: Gs
// that appear meanwhile may be missed.
template <class Fn>
void ForEachG(Fn&& fn);

// One slab of Gs; slabs form a list that only grows.
struct GSlab {
  static constexpr size_t kCount = 128;
  GSlab* next = nullptr;
  G gs[kCount];
};
extern std::atomic<GSlab*> all_slabs;

template <class Fn>
void ForEachG(Fn&& fn) {
  // Acquire pairs with the release that published the slab: its Gs are constructed.
  for (GSlab* slab = all_slabs.load(std::memory_order_acquire); slab != nullptr;
       slab = slab->next) {
    for (G& g : slab->gs) fn(&g);
  }
}

}  // namespace internal
}  // namespace xebec::runtime
