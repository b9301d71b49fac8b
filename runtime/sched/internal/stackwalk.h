#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xebec::runtime::internal {

// Program counters of the callers of the frame whose frame pointer is `frame` (what
// __builtin_frame_address(0) gave in the caller), innermost first, without the first `skip`.
// Follows frame pointers within the running fiber's stack, or the thread's.
std::vector<uintptr_t> WalkStack(const void* frame, size_t skip);

// The same over a stack [lo, hi) that does not run: from program counter `pc` and frame pointer
// `frame`. Reads nothing outside of the bounds. Signal safe; returns how many were written.
size_t WalkFrames(uintptr_t pc, uintptr_t frame, uintptr_t lo, uintptr_t hi, uintptr_t* out,
                  size_t max);

// The bounds of the calling thread's or fiber's stack.
void CurrentStackBounds(uintptr_t* lo, uintptr_t* hi);

}  // namespace xebec::runtime::internal
