// Marking: what is reachable from the roots.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/heap/internal/span.h"

namespace xebec::runtime::heap {

// Marks with the world stopped, on the calling thread. Depth is no matter: it keeps its own stack.
class Marker {
 public:
  // Marks the object that `p` points into, if it is one. For Roots, and for words that only may be
  // pointers.
  void MarkPointer(uintptr_t p);
  // Reads [lo, hi) word by word; for each word p also p - 1, so that a pointer just behind an
  // array keeps it alive (an end iterator whose begin the compiler gave up).
  void MarkConservatively(const void* lo, const void* hi);
  // Marks all that is reachable from what was marked.
  void Drain();

  uint64_t marked_bytes() const { return marked_bytes_; }
  uint64_t marked_objects() const { return marked_objects_; }
  uint64_t root_bytes() const { return root_bytes_; }

 private:
  // An object whose Members are to be looked at. For the rest of a long array: the address of its
  // next element, `type` null.
  struct Entry {
    uintptr_t address;
    const TypeInfo* type;
  };
  static constexpr size_t kAhead = 8;           // objects prefetched before they are scanned
  static constexpr size_t kPieceWords = 16384;  // long arrays are scanned in pieces

  void MarkObject(Span* span, uint32_t index);
  void Scan(Entry entry);
  void ScanElements(uintptr_t first, size_t count, const TypeInfo* type);
  void ScanWords(uintptr_t address, const TypeInfo* type);
  void ScanArray(uintptr_t element, uintptr_t array, const TypeInfo* type);
  void Visit(uintptr_t word_address) {
    const auto p =
        __atomic_load_n(reinterpret_cast<const uintptr_t*>(word_address), __ATOMIC_RELAXED);
    if (p != 0) MarkMember(p);
  }
  void MarkMember(uintptr_t p);

  std::vector<Entry> stack_;
  std::array<Entry, kAhead> ahead_{};  // a ring
  size_t ahead_first_ = 0;
  size_t ahead_count_ = 0;
  uint64_t marked_bytes_ = 0;
  uint64_t marked_objects_ = 0;
  uint64_t root_bytes_ = 0;
};

// Calls `visit(p, arg)` for each word of [lo, hi) that lies in the heap's address range. Compiled
// without instrumentation: stacks hold other frames' red zones and other threads' words.
void ForEachHeapWord(const void* lo, const void* hi, void (*visit)(uintptr_t p, void* arg),
                     void* arg);

// Checks, after a mark and with the world stopped: bitmaps agree, every Member of a marked object
// is null or points into an allocated and marked one. Aborts with what is wrong.
void VerifyHeap();

}  // namespace xebec::runtime::heap
