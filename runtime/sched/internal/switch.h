#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/sched/internal/proc.h"

#ifdef XEBEC_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef XEBEC_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// The switch between a thread's scheduler and a fiber, with all that must travel along.
namespace xebec::runtime::internal {

extern "C" {
void xebec_switch(void** save_sp, void* load_sp);
void xebec_fiber_entry();
void xebec_with_registers(void (*fn)(const void* sp, void* arg), void* arg);
}

// What a saved context looks like in memory (switch_x86_64.S).
struct SavedContext {
  uint32_t mxcsr;
  uint16_t x87_control;
  uint16_t unused;
  uintptr_t r15, r14, r13, r12, rbx;
  uintptr_t rbp;
  uintptr_t return_address;
};
static_assert(sizeof(SavedContext) == 64);

// Lays a first context onto g's fresh stack, so that a switch to it begins at the entry.
inline void PrepareContext(G* g) {
  auto* words = reinterpret_cast<uintptr_t*>(g->stack_hi) - 2;
  words[0] = 0;  // ends the frame-pointer chain for walkers that look one word up
  words[1] = 0;
  auto* context = reinterpret_cast<SavedContext*>(words) - 1;
  *context = SavedContext{};
  context->mxcsr = 0x1f80;  // the ABI's defaults: all exceptions masked, round to nearest
  context->x87_control = 0x037f;
  context->return_address = reinterpret_cast<uintptr_t>(&xebec_fiber_entry);
  g->sp = context;
}

// Not instrumented by TSan: its shadow stack changes with the fiber, so an instrumented function
// must neither be entered on one and left on the other, nor never be left. For the same reason they
// are not inlined into one another's callers by name only, but carry the attribute all along.
#define XEBEC_NO_TSAN __attribute__((no_sanitize("thread")))

// From the scheduler to g and, when g switches back, returned.
[[gnu::noinline]] XEBEC_NO_TSAN inline void SwitchToFiber(M* m, G* g) {
  // The C++ runtime's exception state belongs to the fiber; the scheduler never has any of its
  // own at this point. Both are read and written on the scheduler's side, where the thread is
  // fixed. errno likewise.
  m->eh_globals[0] = g->eh_globals[0];
  m->eh_globals[1] = g->eh_globals[1];
  *m->errno_address = g->saved_errno;
  WriteThreadState<offsetof(ThreadState, g)>(g);
#ifdef XEBEC_ASAN
  void* scheduler_fake = nullptr;
  __sanitizer_start_switch_fiber(&scheduler_fake, reinterpret_cast<void*>(g->stack_lo),
                                 g->stack_hi - g->stack_lo);
#endif
#ifdef XEBEC_TSAN
  __tsan_switch_to_fiber(g->sanitizer, 0);
#endif
  xebec_switch(&m->sp, g->sp);
#ifdef XEBEC_ASAN
  __sanitizer_finish_switch_fiber(scheduler_fake, nullptr, nullptr);
#endif
  WriteThreadState<offsetof(ThreadState, g)>(static_cast<G*>(nullptr));
  g->eh_globals[0] = m->eh_globals[0];
  g->eh_globals[1] = m->eh_globals[1];
  m->eh_globals[0] = nullptr;
  m->eh_globals[1] = nullptr;
  g->saved_errno = *m->errno_address;
}

}  // namespace xebec::runtime::internal
