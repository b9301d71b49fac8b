#include "runtime/heap/internal/roots.h"

#include <cstdlib>
#include <vector>

#include "runtime/heap/hooks.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/heap/root.h"
#include "runtime/sched/current.h"

namespace xebec::runtime::heap {

using gc::internal::RootSlot;

namespace {

constexpr size_t kSlabSlots = 8192;
constexpr uint32_t kBatch = 64;        // moved between a cache and the global chain at once
constexpr uint32_t kCacheLimit = 256;  // a cache that has more gives half back

// Never destroyed: Roots in globals outlive it otherwise.
struct RootTable {
  std::mutex lock;  // the rest; and see I2
  std::vector<RootSlot*> slabs;
  RootSlot* free = nullptr;
  uint64_t free_count = 0;
};
RootTable& Table() {
  static auto* table = new RootTable;
  return *table;
}

struct RangeList {
  std::mutex lock;
  RootRange* first = nullptr;  // lock
};
RangeList& Ranges() {
  static constinit RangeList ranges;
  return ranges;
}

void Link(RootSlot* slot, RootSlot* next) {
  slot->value.store(reinterpret_cast<void*>(kFreeSlot | reinterpret_cast<uintptr_t>(next)),
                    std::memory_order_relaxed);
}
RootSlot* Next(RootSlot* slot) {
  return reinterpret_cast<RootSlot*>(
      reinterpret_cast<uintptr_t>(slot->value.load(std::memory_order_relaxed)) & ~kFreeSlot);
}

RootSlot* TakeLocked(RootTable& table) {
  if (table.free == nullptr) {
    auto* slab = static_cast<RootSlot*>(MapMemory(kSlabSlots * sizeof(RootSlot)));
    if (slab == nullptr) std::abort();  // 64 KiB are not to be had
    Pages().AddMetadata(kSlabSlots * sizeof(RootSlot));
    for (size_t i = kSlabSlots; i-- > 0;) {
      Link(&slab[i], table.free);
      table.free = &slab[i];
    }
    table.free_count += kSlabSlots;
    table.slabs.push_back(slab);
  }
  RootSlot* slot = table.free;
  table.free = Next(slot);
  --table.free_count;
  return slot;
}

void PutLocked(RootTable& table, RootSlot* slot) {
  Link(slot, table.free);
  table.free = slot;
  ++table.free_count;
}

RootSlot* PopFrom(PCache* cache) {
  RootSlot* slot = cache->free_roots;
  cache->free_roots = Next(slot);
  --cache->free_root_count;
  return slot;
}
void PushTo(PCache* cache, RootSlot* slot) {
  Link(slot, cache->free_roots);
  cache->free_roots = slot;
  ++cache->free_root_count;
}

void FillCache(PCache* cache) {
  RootTable& table = Table();
  std::lock_guard lock(table.lock);
  for (uint32_t i = 0; i < kBatch; ++i) PushTo(cache, TakeLocked(table));
}
void SpillCache(PCache* cache) {
  RootTable& table = Table();
  std::lock_guard lock(table.lock);
  while (cache->free_root_count > kCacheLimit / 2) PutLocked(table, PopFrom(cache));
}

}  // namespace

std::mutex& RootsLock() { return Table().lock; }

void ForEachRoot(void (*visit)(uintptr_t p, void* arg), void* arg) {
  for (RootSlot* slab : Table().slabs) {
    for (size_t i = 0; i < kSlabSlots; ++i) {
      const auto p = reinterpret_cast<uintptr_t>(slab[i].value.load(std::memory_order_relaxed));
      if (p != 0 && (p & kFreeSlot) == 0) visit(p, arg);
    }
  }
}

void ReturnRootSlots(PCache* cache) {
  RootTable& table = Table();
  std::lock_guard lock(table.lock);
  while (cache->free_root_count != 0) PutLocked(table, PopFrom(cache));
}

uint64_t RootSlotsInUse() {
  const uint64_t cached = CachedRootSlots();
  RootTable& table = Table();
  std::lock_guard lock(table.lock);
  return table.slabs.size() * kSlabSlots - table.free_count - cached;
}

void RegisterRootRange(RootRange* range) {
  std::lock_guard lock(Ranges().lock);
  range->previous = nullptr;
  range->next = Ranges().first;
  if (range->next != nullptr) range->next->previous = range;
  Ranges().first = range;
}

void UnregisterRootRange(RootRange* range) {
  std::lock_guard lock(Ranges().lock);
  (range->previous != nullptr ? range->previous->next : Ranges().first) = range->next;
  if (range->next != nullptr) range->next->previous = range->previous;
}

void ForEachRegisteredRange(void (*visit)(const void* lo, const void* hi, void* arg), void* arg) {
  std::lock_guard lock(Ranges().lock);
  for (RootRange* range = Ranges().first; range != nullptr; range = range->next) {
    visit(range->begin, static_cast<const char*>(range->begin) + range->bytes, arg);
  }
}

bool InRegisteredRange(const void* place) {
  std::lock_guard lock(Ranges().lock);
  for (RootRange* range = Ranges().first; range != nullptr; range = range->next) {
    if (reinterpret_cast<uintptr_t>(place) - reinterpret_cast<uintptr_t>(range->begin) <
        range->bytes) {
      return true;
    }
  }
  return false;
}

}  // namespace xebec::runtime::heap

namespace xebec::gc::internal {

using namespace runtime::heap;  // NOLINT: the other half of this file

RootSlot* NewRootSlot(void* object) {
  if (PCache* cache = runtime::CurrentHeapCache()) {
    if (cache->free_roots == nullptr) FillCache(cache);
    RootSlot* slot = PopFrom(cache);
    slot->value.store(object, std::memory_order_relaxed);
    return slot;
  }
  std::lock_guard lock(Table().lock);
  RootSlot* slot = TakeLocked(Table());
  slot->value.store(object, std::memory_order_relaxed);
  return slot;
}

RootSlot* CopyRootSlot(const RootSlot* slot) {
  if (runtime::CurrentHeapCache() != nullptr) {
    return NewRootSlot(slot->value.load(std::memory_order_relaxed));
  }
  std::lock_guard lock(Table().lock);
  RootSlot* copy = TakeLocked(Table());
  copy->value.store(slot->value.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return copy;
}

void FreeRootSlot(RootSlot* slot) noexcept {
  if (PCache* cache = runtime::CurrentHeapCache()) {
    PushTo(cache, slot);
    if (cache->free_root_count > kCacheLimit) SpillCache(cache);
    return;
  }
  std::lock_guard lock(Table().lock);
  PutLocked(Table(), slot);
}

void StoreRootSlot(RootSlot* slot, void* object) noexcept {
  if (runtime::CurrentHeapCache() != nullptr) {
    slot->value.store(object, std::memory_order_relaxed);
    return;
  }
  std::lock_guard lock(Table().lock);
  slot->value.store(object, std::memory_order_relaxed);
}

}  // namespace xebec::gc::internal
