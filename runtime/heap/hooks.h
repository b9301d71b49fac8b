#pragma once

/// What the scheduler asks of the heap.
namespace xebec::runtime::heap {

struct PCache;

/// The heap cache of a new P; never null once the heap is there.
PCache* NewPCache();
/// Its P is gone (SetProcs): what it holds goes back. With the world stopped.
void FreePCache(PCache* cache);

}  // namespace xebec::runtime::heap
