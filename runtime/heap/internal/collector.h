// The collection cycle, when it begins, and what it reports.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/heap/internal/pcache.h"

namespace xebec::runtime::heap {

enum class CollectReason : uint8_t { kGrowth, kForced, kPeriodic, kStress, kOutOfMemory };

// Bytes of live heap that trigger the next collection.
extern std::atomic<uint64_t> g_goal;

// True if the heap with `more` bytes has reached its goal.
inline bool CollectionDue(uint64_t more = 0) {
  return Allocated().live.load(std::memory_order_relaxed) + more >=
         g_goal.load(std::memory_order_relaxed);
}

// One whole cycle: waits for a running one, then runs one more. On a fiber; may move it to another
// thread. The caller's stack keeps what it refers to alive.
//
//   1. what is left of the last sweep is swept
//   2. the world stops; P caches are flushed, roots and stacks marked, all reachable marked
//   3. g_sweepgen += 2: every span is unswept now; the world starts
//   4. sweeping: by this fiber, span by span, and by whoever needs a span first
//   5. cleanups are started, free pages returned
void Collect(CollectReason reason);

// A cycle because of growth: false, and nothing done, if one is running already (the caller goes on
// allocating meanwhile).
bool CollectByGrowth();

// gcstress=N: a cycle at every Nth call.
void StressPoint();

}  // namespace xebec::runtime::heap
