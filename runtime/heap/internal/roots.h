// Roots outside of fiber stacks: Root slots, and ranges of memory that hold Refs.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "runtime/heap/internal/pcache.h"

namespace xebec::runtime::heap {

// Root slots and the threads that may touch them.
//
// Slots lie in slabs of 64 KiB. A free one holds kFreeSlot and the address of the next free one;
// chains hang at P caches and at one global list.
//
// I1: a fiber with a P reads and writes slots, and its P's chain, without a lock: the world does
//     not stop in the middle of it.
// I2: everybody else (foreign threads, Blocking, before the runtime runs) holds g_roots_lock for
//     each change. The marker holds it too, from before the first slot is read to after the last.
//     So a thread that copies a Root into a slot that was already searched and then drops the
//     original, which was not, does so before or after the whole mark, never during it.
// I3: the global list and the slabs change under g_roots_lock only.
inline constexpr uintptr_t kFreeSlot = uintptr_t{1} << 63;

std::mutex& RootsLock();
// Calls `visit(pointer, arg)` for each Root that is not null. RootsLock held, world stopped.
void ForEachRoot(void (*visit)(uintptr_t p, void* arg), void* arg);
// Calls `visit(lo, hi, arg)` for each registered range. World stopped.
void ForEachRegisteredRange(void (*visit)(const void* lo, const void* hi, void* arg), void* arg);
// True if `place` lies in a registered range. Debug builds only (linear in the ranges).
bool InRegisteredRange(const void* place);

void ReturnRootSlots(PCache* cache);
uint64_t RootSlotsInUse();

}  // namespace xebec::runtime::heap
