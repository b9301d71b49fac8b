// What the scheduler and the users of raw memory ask of the heap. runtime/sched/world.h is the
// other half: what the heap asks of the scheduler.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xebec::runtime::heap {

struct PCache;

// A P's allocation cache: made when the P is, freed (flushed) when it goes. Any thread.
PCache* NewPCache();
void FreePCache(PCache* cache);

// Memory outside of stacks that may hold Refs: the buffer of a channel, the closure of a fiber.
// It is searched conservatively, word by word, at each collection, and Refs may be constructed in
// it. The node belongs to the user and stays in place from Register to Unregister. Any thread;
// never called with the world stopped. Cost: a lock.
struct RootRange {
  const void* begin = nullptr;
  size_t bytes = 0;
  RootRange* next = nullptr;      // range lock
  RootRange* previous = nullptr;  // range lock
};
void RegisterRootRange(RootRange* range);
void UnregisterRootRange(RootRange* range);

// For sysmon: true if the last collection began more than two minutes before `now` (NanoTime) and
// there is something to collect. Then a fiber calls RunPeriodicCollection.
bool PeriodicCollectionDue(int64_t now);
void RunPeriodicCollection();

}  // namespace xebec::runtime::heap
