// Sweeping: what was not marked is free.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/heap/internal/span.h"

namespace xebec::runtime::heap {

// Sweeps `span` unless that is done; waits if somebody is at it. Afterwards sweepgen is current.
// The caller need not own the span (Weak::Lock does not): only the winner of the change of
// sweepgen touches it.
void EnsureSwept(Span* span);

// Sweeps until nothing is left and nobody is at it. `pause` is called now and then.
void SweepAll(void (*pause)());

struct SweepCounts {
  std::atomic<uint64_t> objects_freed{0};
  std::atomic<uint64_t> bytes_freed{0};
};
SweepCounts& Swept();

}  // namespace xebec::runtime::heap
