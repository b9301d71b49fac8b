// The page heap: arenas from the system, runs of free pages, spans out of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

#include "runtime/heap/internal/span.h"

namespace xebec::runtime::heap {

struct PageStats {
  size_t mapped = 0;    // bytes of arenas
  size_t in_use = 0;    // bytes of in-use spans
  size_t idle = 0;      // bytes free and resident
  size_t released = 0;  // bytes free and not resident
  size_t metadata = 0;  // bytes of records and tables
};

// Hands out runs of pages: under 1 MiB from a list for each length, best fit first; longer ones
// from a tree ordered by length, then address. Neighbouring free runs are merged. Grows from the
// system by arenas of 64 MiB (more for one larger object), which it never unmaps.
//
// Any thread. Its lock is the innermost but for malloc's; nothing is called with it held.
class PageHeap {
 public:
  // A span of `pages` with `elem_size` each, in no list, swept. Null if the system has no memory.
  Span* Allocate(size_t pages, SpanClass span_class);
  // The objects of `span` are gone; its record is reused.
  void Free(Span* span);
  // Returns free resident pages to the system, longest runs first, until at least `bytes` are
  // (or none is left). Returns how many were. Runs are out of the heap while the system works.
  size_t Release(size_t bytes);
  PageStats Stats();
  // Every in-use span. With the world stopped only.
  template <class Visit>
  void ForEachSpan(Visit visit) {
    for (uintptr_t base : arena_bases_) {
      for (size_t page = 0; page < kArenaPages;) {
        const uintptr_t address = base + page * kPageSize;
        Span* span = SpanOf(address);
        if (span != nullptr && span->base == address) visit(span);
        page += span != nullptr ? (span->base + span->bytes - address) / kPageSize : 1;
      }
    }
  }

  // Bytes of record memory outside of the page heap's own (root slabs), for the statistics.
  void AddMetadata(size_t bytes);

 private:
  struct ByLength {
    bool operator()(const Span* a, const Span* b) const {
      return a->bytes != b->bytes ? a->bytes < b->bytes : a->base < b->base;
    }
  };
  static constexpr size_t kListPages = 128;  // 1 MiB
  static constexpr size_t kMaxBitWords = kMaxObjectsPerSpan / 64;

  Span* TakeRunLocked(size_t pages);
  bool GrowLocked(size_t pages);
  void InsertFreeLocked(uintptr_t base, size_t bytes, size_t resident);
  void RemoveFreeLocked(Span* run);
  Span* NewRecordLocked(size_t bit_words);
  void FreeRecordLocked(Span* span);
  Span* LongestResidentRunLocked();

  std::mutex lock_;  // everything below
  Span* lists_[kListPages] = {};
  uint64_t nonempty_[kListPages / 64] = {};  // one bit for each list
  std::set<Span*, ByLength> tree_;
  Span* pools_[kMaxBitWords + 1] = {};
  std::byte* record_next_ = nullptr;
  size_t record_left_ = 0;
  std::vector<uintptr_t> arena_bases_;
  PageStats stats_;
};

PageHeap& Pages();

// All arenas lie in [low, high). Grows only, under the page heap's lock.
extern std::atomic<uintptr_t> g_heap_low;
extern std::atomic<uintptr_t> g_heap_high;

// Zeroed memory from the system, never given back; null if there is none.
void* MapMemory(size_t bytes);

}  // namespace xebec::runtime::heap
