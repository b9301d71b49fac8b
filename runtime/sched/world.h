#pragma once

#include <cstdint>

#include "runtime/sched/current.h"

// What the heap asks of the scheduler. Not for users.
namespace xebec::runtime {

// Stops all other fibers: each is parked at a poll, waiting, or in Blocking code and cannot come
// back before StartTheWorld. From a fiber, which then holds the world and must not park; another
// stopper waits its turn. A nested stop panics. `reason` is a literal, shown in dumps.
void StopTheWorld(const char* reason);
void StartTheWorld();

// True between StopTheWorld and StartTheWorld, for the fiber that stopped it.
bool WorldIsStopped();

// With the world stopped: calls `visit(lo, hi, arg)` for every piece of fiber memory that may hold
// references, to be read conservatively: of each fiber its live stack [saved sp, top), its saved
// registers and its function object; of the calling fiber, its stack and registers as of this
// call. `visit` must not allocate from the managed heap.
void ForEachRootRange(void (*visit)(const void* lo, const void* hi, void* arg), void* arg);

// True if `p` lies on the running fiber's stack, in its function object, or in that of the fiber
// it is just starting: where a gc::Ref may live (channel buffers apart). For debug checks.
bool IsFiberMemory(const void* p);

// Calls `fn(p, arg)` for each P that exists. Only with the world stopped.
void ForEachP(void (*fn)(P* p, void* arg), void* arg);
heap::PCache* HeapCacheOf(P* p);
int PId(P* p);

}  // namespace xebec::runtime
