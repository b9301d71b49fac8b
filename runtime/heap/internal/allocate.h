// Allocation, as Make calls it.
//
// The fast path: the P's slot of a span class that is known at compile time, one word of free bits,
// its lowest bit. It never parks. Everything else is in AllocateSlow, which is the safepoint.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "runtime/heap/internal/pcache.h"
#include "runtime/heap/internal/size_classes.h"
#include "runtime/heap/type_info.h"
#include "runtime/sched/current.h"

namespace xebec::runtime::heap {

// An object of the class, not zeroed; scan objects have `type` noted. May park, run a collection
// and move the fiber to another thread. Panics off a fiber and without memory.
void* AllocateSlow(SpanClass span_class, const TypeInfo* type);
// A span of its own; zeroed if `zero`.
void* AllocateLarge(size_t bytes, const TypeInfo* type, bool zero);
// Notes the type of one object in a span whose objects differ, or begin to.
void NoteType(CacheSlot& slot, void* object, const TypeInfo* type);

// `bytes` without pointers; zeroed if `zero`.
void* AllocateNoscan(size_t bytes, bool zero);
void* AllocateNoscanAligned(size_t bytes, size_t align, bool zero);
// `bytes` that hold Members as `type` says; zeroed.
void* AllocateScan(size_t bytes, size_t align, const TypeInfo* type);

template <SpanClass kSpanClass>
[[gnu::always_inline]] inline void* AllocateFast(const TypeInfo* type) {
  if (PCache* cache = CurrentHeapCache()) [[likely]] {
    CacheSlot& slot = cache->slots[kSpanClass];
    if (const uint64_t bits = slot.free_bits) [[likely]] {
      slot.free_bits = bits & (bits - 1);
      void* object = reinterpret_cast<void*>(
          slot.window + static_cast<size_t>(std::countr_zero(bits)) * kClassSize[kSpanClass / 2]);
      if constexpr (!IsNoscan(kSpanClass)) {
        if (slot.type != type) [[unlikely]]
          NoteType(slot, object, type);
      }
      return object;
    }
  }
  return AllocateSlow(kSpanClass, type);
}

// For a constructor that writes what it uses: not zeroed.
template <size_t kSize, size_t kAlign>
[[gnu::always_inline]] inline void* AllocateNoscanFixed() {
  static_assert(kAlign <= kPageSize);
  constexpr int kClass = SizeClassFor(kSize, kAlign);
  if constexpr (kClass == 0) {
    return AllocateLarge(kSize, nullptr, false);
  } else {
    return AllocateFast<MakeSpanClass(kClass, true)>(nullptr);
  }
}

// Zeroed: a collection that runs in the middle of the constructor reads every Member.
template <size_t kSize, size_t kAlign>
[[gnu::always_inline]] inline void* AllocateScanFixed(const TypeInfo* type) {
  static_assert(kAlign <= kPageSize);
  constexpr int kClass = SizeClassFor(kSize, kAlign);
  if constexpr (kClass == 0) {
    return AllocateLarge(kSize, type, true);
  } else {
    return std::memset(AllocateFast<MakeSpanClass(kClass, false)>(type), 0, kSize);
  }
}

}  // namespace xebec::runtime::heap
