// Spans and arenas: what is where in the managed heap.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "runtime/heap/internal/size_classes.h"
#include "runtime/heap/type_info.h"

namespace xebec::runtime::heap {

using gc::internal::TypeInfo;
struct Special;

enum class SpanState : uint8_t {
  kUnused,  // the record waits in its pool
  kFree,    // a run of free pages, in the page heap
  kInUse,   // holds objects of one span class
};

// A run of pages: free, or cut into objects of one size (large objects: one).
//
// Ownership of an in-use span: it is in a P's cache (its P alone allocates from it), or in one of
// its central list's four stacks (central lock), or held by whoever popped it to sweep it.
// Records are never unmapped and keep their place, so that a stale pointer to one is harmless.
//
// `sweepgen` against the heap's (g_sweepgen), which grows by 2 with the world stopped:
//   g - 2   must be swept before anything is allocated from it
//   g - 1   is being swept, by whoever changed it from g - 2 (acquire)
//   g       is swept (release by the sweeper; pairs with acquire of EnsureSwept)
//   kNever  no in-use span
//
// I1: with the world stopped and P caches flushed, alloc_bits says exactly which objects exist.
// I2: mark_bits is all zero from the end of a sweep to the next mark.
// I3: mark_bits is a subset of alloc_bits.
// I4: what is in the bits is written by the owner, or with the world stopped.
struct alignas(64) Span {
  // What marking needs, in one cache line.
  uintptr_t base = 0;
  uint64_t bytes = 0;
  uint64_t elem_size = 0;
  const TypeInfo* type = nullptr;  // of all objects; null: see type_ids
  uint64_t* mark_bits = nullptr;
  uint64_t* alloc_bits = nullptr;
  uint32_t div_magic = 0;
  uint16_t nelems = 0;
  SpanClass span_class = 0;
  std::atomic<SpanState> state{SpanState::kUnused};
  std::atomic<uint32_t> sweepgen{kNever};
  uint16_t alloc_count = 0;
  uint16_t bit_words = 0;  // of each bitmap; the pool that the record belongs to

  Span* next = nullptr;  // central stack, free list or pool
  Span* previous = nullptr;
  uint16_t* type_ids = nullptr;             // one for each object, once the span mixes types
  std::atomic<Special*> specials{nullptr};  // written under the specials lock
  bool need_zero = false;                   // memory may hold old bytes
  uint64_t resident = 0;                    // of a free run: bytes that are not released
  uint64_t unused[2] = {};

  static constexpr uint32_t kNever = ~uint32_t{0};

  uint64_t* Bits() { return reinterpret_cast<uint64_t*>(this + 1); }
  size_t pages() const { return bytes >> kPageShift; }
  bool noscan() const { return IsNoscan(span_class); }
  bool Contains(uintptr_t p) const { return p - base < bytes; }

  // The index of the object that `p` points into; nelems or more if into the tail waste.
  uint32_t IndexOf(uintptr_t p) const {
    return static_cast<uint32_t>(((p - base) * div_magic) >> 32);
  }
  uintptr_t ObjectAt(uint32_t index) const { return base + index * elem_size; }
  const TypeInfo* TypeOf(uint32_t index) const;
};

inline bool TestBit(const uint64_t* bits, uint32_t i) { return (bits[i / 64] >> (i % 64)) & 1; }
inline void SetBit(uint64_t* bits, uint32_t i) { bits[i / 64] |= uint64_t{1} << (i % 64); }

// 64 MiB of address space, aligned, and what its pages are.
struct Arena {
  // The span of each in-use page; of free runs, of the first and last page. Page heap lock to
  // write; read by anyone (acquire), since records are type-stable.
  std::atomic<Span*> spans[kArenaPages];
  // Pages that are zero and not resident: never used, or returned. Page heap lock.
  uint64_t released[kArenaPages / 64];
};

inline constexpr size_t kMaxArenas = size_t{1} << (47 - kArenaShift);
// 16 MiB of zeroes, resident where arenas are.
extern std::atomic<Arena*> g_arenas[kMaxArenas];

// The span record of the page of any address: null outside of the heap. The caller checks the
// state, and that the span contains the address.
inline Span* PageSpan(uintptr_t p) {
  const size_t index = p >> kArenaShift;
  if (index >= kMaxArenas) return nullptr;
  Arena* arena = g_arenas[index].load(std::memory_order_acquire);
  if (arena == nullptr) return nullptr;
  return arena->spans[(p >> kPageShift) % kArenaPages].load(std::memory_order_acquire);
}

// The in-use span of an address, interior pointers included, or null.
inline Span* SpanOf(uintptr_t p) {
  Span* span = PageSpan(p);
  if (span == nullptr || span->state.load(std::memory_order_acquire) != SpanState::kInUse ||
      !span->Contains(p)) {
    return nullptr;
  }
  return span;
}

// The types that have a number: those that share a span with others.
const TypeInfo* TypeById(uint16_t id);
uint16_t IdOfType(const TypeInfo* type);

inline const TypeInfo* Span::TypeOf(uint32_t index) const {
  // When a span begins to mix types, type_ids is there (release) before type goes.
  const TypeInfo* common = __atomic_load_n(&type, __ATOMIC_ACQUIRE);
  if (common != nullptr) return common;
  const uint16_t* ids = __atomic_load_n(&type_ids, __ATOMIC_ACQUIRE);
  return ids != nullptr ? TypeById(ids[index]) : nullptr;
}

extern std::atomic<uint32_t> g_sweepgen;

}  // namespace xebec::runtime::heap
