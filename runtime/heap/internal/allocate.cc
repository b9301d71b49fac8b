#include "runtime/heap/internal/allocate.h"

#include <cstdlib>
#include <memory>
#include <mutex>

#include "runtime/heap/internal/central.h"
#include "runtime/heap/internal/checks.h"
#include "runtime/heap/internal/collector.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/heap/internal/settings.h"
#include "runtime/heap/make.h"
#include "runtime/sim.h"

namespace xebec::runtime::heap {

namespace {

constexpr size_t kMaxTypes = 65536;

struct TypeTable {
  std::mutex lock;
  std::atomic<const TypeInfo*> types[kMaxTypes] = {};  // written once each, under lock (release)
  uint16_t count = 0;                                  // lock; 0 is no type
};
TypeTable& Types() {
  static constinit TypeTable table;
  return table;
}

void RequireRunningFiber() {
  if (CurrentHeapCache() == nullptr || CurrentG() == nullptr) [[unlikely]]
    ThrowOffFiber("gc::Make");
}

// The safepoint of allocation. A simulation counts polls, and how often we come by here depends on
// what earlier runs left in the heap: there is none in it.
void Safepoint() {
  if (!sim::Active()) Poll();
  if (GetSettings().gc_stress != 0) [[unlikely]]
    StressPoint();
}

}  // namespace

const TypeInfo* TypeById(uint16_t id) { return Types().types[id].load(std::memory_order_acquire); }

uint16_t IdOfType(const TypeInfo* type) {
  const uint16_t id = __atomic_load_n(&type->id, __ATOMIC_ACQUIRE);
  if (id != 0) return id;
  TypeTable& table = Types();
  std::lock_guard lock(table.lock);
  if (type->id == 0) {
    if (table.count == kMaxTypes - 1) Die("more than %zu managed types", kMaxTypes - 1);
    ++table.count;
    table.types[table.count].store(type, std::memory_order_release);
    __atomic_store_n(&type->id, table.count, __ATOMIC_RELEASE);
  }
  return type->id;
}

void NoteType(CacheSlot& slot, void* object, const TypeInfo* type) {
  Span* span = slot.span;
  const uint32_t index = span->IndexOf(reinterpret_cast<uintptr_t>(object));
  if (span->type_ids == nullptr) {
    if (span->type == nullptr) {  // the first object: all of its type, until proved otherwise
      __atomic_store_n(&span->type, type, __ATOMIC_RELEASE);
      slot.type = type;
      return;
    }
    auto* ids = static_cast<uint16_t*>(std::malloc(span->nelems * sizeof(uint16_t)));
    if (ids == nullptr) Die("no memory for the types of a span");
    std::fill_n(ids, span->nelems, IdOfType(span->type));
    __atomic_store_n(&span->type_ids, ids, __ATOMIC_RELEASE);
    __atomic_store_n(&span->type, static_cast<const TypeInfo*>(nullptr), __ATOMIC_RELEASE);
    slot.type = nullptr;
  }
  span->type_ids[index] = IdOfType(type);
}

void* AllocateSlow(SpanClass span_class, const TypeInfo* type) {
  RequireRunningFiber();
  Safepoint();
  for (bool collected = false, grown = false;;) {
    // Anew after each safepoint: the fiber may be on another P.
    CacheSlot& slot = CurrentHeapCache()->slots[span_class];
    if (slot.free_bits == 0 && !NextWindow(slot)) {
      // Once for each call: with a goal at or below what is alive, it would be due for ever.
      if (!grown && CollectionDue() && (grown = CollectByGrowth())) continue;
      if (!Refill(slot, span_class)) {
        if (collected) ThrowOutOfMemory(kClassSize[static_cast<size_t>(SizeClassOf(span_class))]);
        collected = true;
        Collect(CollectReason::kOutOfMemory);
        continue;
      }
    }
    const auto bit = static_cast<uint32_t>(std::countr_zero(slot.free_bits));
    slot.free_bits &= slot.free_bits - 1;
    auto* object = reinterpret_cast<void*>(slot.window + bit * slot.span->elem_size);
    if (type != nullptr && slot.type != type) NoteType(slot, object, type);
    return object;
  }
}

void* AllocateLarge(size_t bytes, const TypeInfo* type, bool zero) {
  RequireRunningFiber();
  Safepoint();
  if (CollectionDue(bytes)) CollectByGrowth();
  const SpanClass span_class = MakeSpanClass(0, type == nullptr);
  const size_t pages = (bytes + kPageSize - 1) / kPageSize;
  Span* span = Pages().Allocate(pages, span_class);
  if (span == nullptr) {
    Collect(CollectReason::kOutOfMemory);
    span = Pages().Allocate(pages, span_class);
    if (span == nullptr) ThrowOutOfMemory(bytes);
  }
  span->type = type;
  span->alloc_count = 1;
  SetBit(span->alloc_bits, 0);
  Allocated().live.fetch_add(span->bytes, std::memory_order_relaxed);
  Allocated().bytes.fetch_add(span->bytes, std::memory_order_relaxed);
  Allocated().objects.fetch_add(1, std::memory_order_relaxed);
  auto* object = reinterpret_cast<void*>(span->base);
  if (zero && span->need_zero) std::memset(object, 0, bytes);
  CentralFor(span_class).PutBack(span);
  return object;
}

namespace {

// Any size, any type: what the templates do when the size is known only now.
void* Allocate(size_t bytes, size_t align, const TypeInfo* type, bool zero) {
  const int size_class = SizeClassFor(bytes, align);
  if (size_class == 0) return AllocateLarge(bytes, type, zero);
  const SpanClass span_class = MakeSpanClass(size_class, type == nullptr);
  void* object = nullptr;
  if (PCache* cache = CurrentHeapCache()) {
    CacheSlot& slot = cache->slots[span_class];
    if (const uint64_t bits = slot.free_bits) {
      slot.free_bits = bits & (bits - 1);
      object = reinterpret_cast<void*>(slot.window + static_cast<size_t>(std::countr_zero(bits)) *
                                                         slot.span->elem_size);
      if (type != nullptr && slot.type != type) NoteType(slot, object, type);
    }
  }
  if (object == nullptr) object = AllocateSlow(span_class, type);
  // No safepoint since: the slot is the one that the object came from.
  if (zero && CurrentHeapCache()->slots[span_class].span->need_zero) std::memset(object, 0, bytes);
  return object;
}

}  // namespace

void* AllocateNoscan(size_t bytes, bool zero) { return Allocate(bytes, 8, nullptr, zero); }
void* AllocateNoscanAligned(size_t bytes, size_t align, bool zero) {
  return Allocate(bytes, align, nullptr, zero);
}
void* AllocateScan(size_t bytes, size_t align, const TypeInfo* type) {
  return Allocate(bytes, align, type, true);
}

}  // namespace xebec::runtime::heap

namespace xebec::gc {

Ref<Blob> MakeBlob(std::string_view text) {
  Ref<Blob> blob = MakeBlobForOverwrite(text.size());
  if (!text.empty()) std::memcpy(blob->data(), text.data(), text.size());
  return blob;
}

}  // namespace xebec::gc
