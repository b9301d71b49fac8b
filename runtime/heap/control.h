// Running and tuning the collector, and what it says about itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace xebec::gc {

// Runs one whole collection, from a start after this call to the end of its sweep. Blocks the
// calling fiber (not cancellable) and stops the world for the marking.
void Collect();

// Sets how much the heap grows between collections, in percent of what was alive after the last
// (XEBEC_GC; 100 by default). Negative: no collection by growth. Returns the old value.
int SetPercent(int percent);

// Sets the memory in bytes that the managed heap tries to stay below by collecting sooner and
// returning memory to the system (XEBEC_MEMORY_LIMIT). Returns the old one; SIZE_MAX: none.
size_t SetMemoryLimit(size_t bytes);

// Counts and sizes, all in bytes and nanoseconds.
struct Stats {
  uint64_t collections = 0;
  uint64_t forced_collections = 0;    // by Collect
  uint64_t periodic_collections = 0;  // by the two minutes
  uint64_t pause_total_ns = 0;        // from the request to stop until all run again
  uint64_t pause_max_ns = 0;
  uint64_t pause_last_ns = 0;
  uint64_t mark_total_ns = 0;      // CPU time of marking
  uint64_t sweep_total_ns = 0;     // CPU time of sweeping after the pause
  uint64_t last_start_ns = 0;      // NanoTime
  size_t live_after_mark = 0;      // reachable at the last collection
  size_t heap_live = 0;            // that, and what was allocated since (up to the P caches)
  size_t goal = 0;                 // heap_live that triggers the next collection
  size_t in_use = 0;               // spans that hold objects
  size_t idle = 0;                 // free pages that are resident
  size_t released = 0;             // free pages that the system has back or never gave
  size_t mapped = 0;               // arenas
  size_t metadata = 0;             // spans, bitmaps, root slots
  uint64_t total_allocated = 0;    // bytes, ever
  uint64_t objects_allocated = 0;  // ever (up to the P caches)
  uint64_t objects_freed = 0;      // ever (what was swept)
  uint64_t root_slots = 0;         // in use
  uint64_t weak_cleared = 0;
  uint64_t cleanups_run = 0;
};
Stats ReadStats();

namespace internal {
void EnterUnmanaged();
void LeaveUnmanaged();
}  // namespace internal

// Runs `fn`, which promises not to touch the managed heap: no Make, no Ref or Member is read or
// written, raw pointers into objects are fine as long as Refs outside keep them. In return the
// world may stop without waiting for it: for long parses, TLS, compression. `fn` neither parks nor
// yields. If other fibers wait, a long `fn` loses its P to them, as in Blocking.
template <class F>
decltype(auto) Unmanaged(F&& fn) {
  struct Scope {
    Scope() { internal::EnterUnmanaged(); }
    ~Scope() { internal::LeaveUnmanaged(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  } scope;
  return std::forward<F>(fn)();
}

}  // namespace xebec::gc
