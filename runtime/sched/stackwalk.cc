#include "runtime/sched/internal/stackwalk.h"

#include <pthread.h>

#include "runtime/sched/internal/proc.h"

namespace xebec::runtime::internal {

__attribute__((no_sanitize("address", "thread", "undefined"))) size_t
WalkFrames(uintptr_t pc, uintptr_t frame, uintptr_t lo, uintptr_t hi, uintptr_t* out, size_t max) {
  size_t n = 0;
  if (pc != 0 && n < max) out[n++] = pc;
  while (n < max && frame >= lo && frame + 2 * sizeof(uintptr_t) <= hi && frame % 8 == 0) {
    const auto* words = reinterpret_cast<const uintptr_t*>(frame);
    const uintptr_t next = words[0];
    const uintptr_t return_address = words[1];
    if (return_address == 0) break;
    out[n++] = return_address;
    if (next <= frame) break;  // frames only go up
    frame = next;
  }
  return n;
}

void CurrentStackBounds(uintptr_t* lo, uintptr_t* hi) {
  if (const G* g = CurrentG()) {
    *lo = g->stack_lo;
    *hi = g->stack_hi;
    return;
  }
  // Not on a fiber, so the thread is fixed and a thread_local is safe.
  static thread_local uintptr_t cached_lo = 0;
  static thread_local uintptr_t cached_hi = 0;
  if (cached_hi == 0) {
    pthread_attr_t attr;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
      void* base = nullptr;
      size_t size = 0;
      pthread_attr_getstack(&attr, &base, &size);
      pthread_attr_destroy(&attr);
      cached_lo = reinterpret_cast<uintptr_t>(base);
      cached_hi = cached_lo + size;
    }
  }
  *lo = cached_lo;
  *hi = cached_hi;
}

std::vector<uintptr_t> WalkStack(const void* frame, size_t skip) {
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  CurrentStackBounds(&lo, &hi);
  uintptr_t pcs[128];
  const size_t n = WalkFrames(0, reinterpret_cast<uintptr_t>(frame), lo, hi, pcs, 128);
  if (skip > n) skip = n;
  return std::vector<uintptr_t>(pcs + skip, pcs + n);
}

}  // namespace xebec::runtime::internal
