#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xebec::runtime {

struct G;
struct M;
struct P;
namespace heap {
struct PCache;
}

namespace internal {

// What a thread runs. One for each thread, at a fixed offset of the thread register.
//
// A fiber may wake on another thread, and GCC keeps addresses of thread-locals in registers
// across calls. So nobody names the variable: each access is one volatile asm of its own, relative
// to the thread register (initial-exec TLS), and its result is never kept across a park.
struct ThreadState {
  M* m;                      // this thread's M; null on foreign threads
  P* p;                      // the P it holds; null in Blocking code and while idle
  G* g;                      // the fiber it runs; null on the scheduler's own stack
  heap::PCache* heap_cache;  // p's heap cache; null without a P
};

#if defined(__x86_64__)
template <size_t kOffset, class T>
[[gnu::always_inline]] inline T ReadThreadState() {
  T value;
  asm volatile("movq xebec_thread_state@gottpoff(%%rip), %0\n\tmovq %%fs:%c1(%0), %0"
               : "=r"(value)
               : "i"(kOffset));
  return value;
}
template <size_t kOffset, class T>
[[gnu::always_inline]] inline void WriteThreadState(T value) {
  uintptr_t scratch;
  asm volatile("movq xebec_thread_state@gottpoff(%%rip), %0\n\tmovq %1, %%fs:%c2(%0)"
               : "=&r"(scratch)
               : "r"(value), "i"(kOffset)
               : "memory");
}
#else
#error "only x86-64 has a fiber switch so far (runtime/sched/switch_x86_64.S)"
#endif

// The head of a P: all that inline polls need to know of it.
struct PHead {
  // Not 0: the fiber on this P should yield soon, or the world should stop. Set by anyone
  // (relaxed: a hint; the slow path looks again under the scheduler's lock), cleared by the P.
  std::atomic<uint32_t> poll_request{0};
};

}  // namespace internal

// The running fiber, or null on a foreign thread or on the scheduler's stack.
[[gnu::always_inline]] inline G* CurrentG() {
  return internal::ReadThreadState<offsetof(internal::ThreadState, g), G*>();
}
// The P of this thread, or null.
[[gnu::always_inline]] inline P* CurrentP() {
  return internal::ReadThreadState<offsetof(internal::ThreadState, p), P*>();
}
[[gnu::always_inline]] inline M* CurrentM() {
  return internal::ReadThreadState<offsetof(internal::ThreadState, m), M*>();
}
// The heap cache of this thread's P, or null without a P. Not to be kept across a park or a poll.
[[gnu::always_inline]] inline heap::PCache* CurrentHeapCache() {
  return internal::ReadThreadState<offsetof(internal::ThreadState, heap_cache), heap::PCache*>();
}

namespace internal {
void PollSlow();
}

// A safepoint: lets the world stop and other fibers run, if that was asked for. Two loads and a
// branch otherwise. May park the fiber and move it to another thread. Allocation, channel, mutex,
// timer and I/O operations call it; long loops call YieldIfNeeded, which is the same.
[[gnu::always_inline]] inline void Poll() {
  auto* p = reinterpret_cast<internal::PHead*>(CurrentP());
  if (p != nullptr && p->poll_request.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    internal::PollSlow();
  }
}

}  // namespace xebec::runtime
