#include "runtime/heap/internal/pcache.h"

#include <bit>
#include <mutex>

#include "runtime/heap/hooks.h"
#include "runtime/heap/internal/central.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/heap/internal/roots.h"
#include "runtime/heap/internal/settings.h"

namespace xebec::runtime::heap {

namespace {

constinit std::mutex g_registry_lock;
constinit PCache* g_caches = nullptr;  // registry lock

uint64_t ValidMask(const Span* span, uint32_t word) {
  const uint32_t left = span->nelems - word * 64;
  return left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
}

void Return(CacheSlot& slot) {
  Span* span = slot.span;
  if (span == nullptr) return;
  span->alloc_bits[slot.word] |= slot.taken & ~slot.free_bits;
  uint32_t allocated = 0;
  for (uint32_t word = 0; word < span->bit_words; ++word) {
    allocated += static_cast<uint32_t>(std::popcount(span->alloc_bits[word]));
  }
  const uint64_t unused = span->nelems - allocated;
  span->alloc_count = static_cast<uint16_t>(allocated);
  Allocated().live.fetch_sub(unused * span->elem_size, std::memory_order_relaxed);
  Allocated().bytes.fetch_sub(unused * span->elem_size, std::memory_order_relaxed);
  Allocated().objects.fetch_sub(unused, std::memory_order_relaxed);
  CentralFor(span->span_class).PutBack(span);
  slot = CacheSlot{};
}

}  // namespace

AllocationCounts& Allocated() {
  static constinit AllocationCounts counts;
  return counts;
}

bool NextWindow(CacheSlot& slot) {
  Span* span = slot.span;
  if (span == nullptr) return false;
  span->alloc_bits[slot.word] |= slot.taken;
  slot.taken = 0;
  for (uint32_t word = slot.word; word < span->bit_words; ++word) {
    uint64_t free = ~span->alloc_bits[word] & ValidMask(span, word);
    if (free == 0) continue;
    if (GetSettings().gc_stress != 0) free &= -free;  // so that each allocation comes by
    slot.word = word;
    slot.free_bits = slot.taken = free;
    slot.window = span->ObjectAt(word * 64);
    return true;
  }
  slot.word = span->bit_words - 1u;
  return false;
}

bool Refill(CacheSlot& slot, SpanClass span_class) {
  Return(slot);
  Central& central = CentralFor(span_class);
  Span* span = central.TakeForCache();
  if (span == nullptr) {
    span = Pages().Allocate(kClassPages[static_cast<size_t>(SizeClassOf(span_class))], span_class);
  }
  if (span == nullptr) return false;
  const uint64_t free = span->nelems - span->alloc_count;
  Allocated().live.fetch_add(free * span->elem_size, std::memory_order_relaxed);
  Allocated().bytes.fetch_add(free * span->elem_size, std::memory_order_relaxed);
  Allocated().objects.fetch_add(free, std::memory_order_relaxed);
  slot.span = span;
  slot.type = span->type;
  return NextWindow(slot);
}

void Flush(PCache* cache) {
  for (CacheSlot& slot : cache->slots) Return(slot);
}

void FlushAll() {
  std::lock_guard lock(g_registry_lock);
  for (PCache* cache = g_caches; cache != nullptr; cache = cache->next) Flush(cache);
}

uint64_t CachedRootSlots() {
  std::lock_guard lock(g_registry_lock);
  uint64_t count = 0;
  for (PCache* cache = g_caches; cache != nullptr; cache = cache->next) {
    count += __atomic_load_n(&cache->free_root_count, __ATOMIC_RELAXED);
  }
  return count;
}

PCache* NewPCache() {
  auto* cache = new PCache;
  std::lock_guard lock(g_registry_lock);
  cache->next = g_caches;
  if (g_caches != nullptr) g_caches->previous = cache;
  g_caches = cache;
  return cache;
}

void FreePCache(PCache* cache) {
  if (cache == nullptr) return;
  Flush(cache);
  ReturnRootSlots(cache);
  {
    std::lock_guard lock(g_registry_lock);
    (cache->previous != nullptr ? cache->previous->next : g_caches) = cache->next;
    if (cache->next != nullptr) cache->next->previous = cache->previous;
  }
  delete cache;
}

}  // namespace xebec::runtime::heap
