#pragma once

#include <cstddef>
#include <cstdint>

// Fiber stacks: 256 KiB of address space each, from large reserved arenas, committed on touch.
namespace xebec::runtime {
struct P;
}

namespace xebec::runtime::internal {

inline constexpr size_t kStackSize = 256 * 1024;
inline constexpr size_t kStackGuard = 4096;

// A stack: [lo, hi) is usable, the guard lies below lo. hi is coloured by some cache lines, so
// that the tops of many stacks do not compete for the same cache sets.
struct Stack {
  uintptr_t lo = 0;
  uintptr_t hi = 0;
};

// From this P's pool (last used first), the shared pool, or a fresh slot. Panics if the system
// gives no more address space.
Stack AcquireStack(P* p);
void ReleaseStack(P* p, Stack stack);
// Moves all of p's pooled stacks to the shared pool.
void PurgeStacks(P* p);

// If `address` lies in the guard below a stack, the low end of that stack;
// 0 otherwise. Signal safe.
uintptr_t StackLoOfGuard(uintptr_t address);

// How guards are made here: "MADV_GUARD_INSTALL", "mprotect" or "none left" (budget used up).
const char* StackGuardKind();

}  // namespace xebec::runtime::internal
