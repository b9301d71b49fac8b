// What is attached to single objects: weak references and cleanups.
#pragma once

#include <cstdint>

#include "runtime/heap/internal/span.h"

namespace xebec::runtime::heap {

// Clears the weak references and queues the cleanups of the span's dead objects. By its sweeper,
// before the bitmaps are swapped, so that a slot is not reused before its weak references are gone.
void SweepSpecials(Span* span);

// True if cleanups are queued and nobody was told to run them yet: the caller runs RunCleanups on a
// fiber then.
bool ClaimCleanups();
void RunCleanups();

uint64_t WeakCleared();
uint64_t CleanupsRun();

}  // namespace xebec::runtime::heap
