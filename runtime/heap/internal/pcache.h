// A P's allocation cache (Go's mcache).
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/heap/internal/span.h"

namespace xebec::gc::internal {
struct RootSlot;
}

namespace xebec::runtime::heap {

// One span class of a P: the span that is allocated from, and a window of at most 64 of its
// objects. `free_bits` has the free ones of the window; an allocation takes the lowest.
//
// I1: only the fiber that runs on the P touches it, and never across a poll; or anyone with the
//     world stopped.
// I2: alloc_bits of the span lacks exactly taken & ~free_bits (of word `word`) while it is here.
struct CacheSlot {
  uint64_t free_bits = 0;
  uintptr_t window = 0;            // address of the window's object 0
  const TypeInfo* type = nullptr;  // of all objects of the span, null if they differ
  Span* span = nullptr;
  uint64_t taken = 0;  // free_bits when the window was taken
  uint32_t word = 0;   // which word of the bitmaps the window is
};

struct PCache {
  CacheSlot slots[kSpanClasses];
  gc::internal::RootSlot* free_roots = nullptr;  // chain of free root slots
  uint32_t free_root_count = 0;
  PCache* next = nullptr;      // registry lock
  PCache* previous = nullptr;  // registry lock
};

// What was allocated, counted when a span goes to a P cache and corrected when it comes back.
struct AllocationCounts {
  std::atomic<uint64_t> live{0};     // bytes: reachable at the last mark, and allocated since
  std::atomic<uint64_t> bytes{0};    // ever
  std::atomic<uint64_t> objects{0};  // ever
};
AllocationCounts& Allocated();

// The next window of the slot's span; false if the span is exhausted.
bool NextWindow(CacheSlot& slot);
// Another span for the slot. False if the system has no memory.
bool Refill(CacheSlot& slot, SpanClass span_class);
// Gives all spans back. By the owner, or with the world stopped.
void Flush(PCache* cache);
// All P caches. With the world stopped.
void FlushAll();
// Free root slots in the caches, for the statistics.
uint64_t CachedRootSlots();

}  // namespace xebec::runtime::heap
