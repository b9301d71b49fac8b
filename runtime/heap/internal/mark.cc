#include "runtime/heap/internal/mark.h"

#include <algorithm>
#include <bit>

#include "runtime/heap/internal/checks.h"
#include "runtime/heap/internal/page_heap.h"

namespace xebec::runtime::heap {

void Marker::MarkPointer(uintptr_t p) {
  Span* span = SpanOf(p);
  if (span == nullptr) return;
  const uint32_t index = span->IndexOf(p);
  if (index >= span->nelems || !TestBit(span->alloc_bits, index)) return;
  MarkObject(span, index);
}

// A Member is precise: what it points to is an object, or somebody broke the rules.
void Marker::MarkMember(uintptr_t p) {
  Span* span = SpanOf(p);
  if (span == nullptr) [[unlikely]]
    DieBadPointer(p, "a Member points out of the managed heap");
  MarkObject(span, span->IndexOf(p));
}

void Marker::MarkObject(Span* span, uint32_t index) {
  uint64_t& word = span->mark_bits[index / 64];
  const uint64_t bit = uint64_t{1} << (index % 64);
  if ((word & bit) != 0) return;
  word |= bit;
  marked_bytes_ += span->elem_size;
  ++marked_objects_;
  if (span->noscan()) return;
  const TypeInfo* type = span->TypeOf(index);
  if (type == nullptr) return;
  stack_.push_back({span->ObjectAt(index), type});
}

void Marker::MarkConservatively(const void* lo, const void* hi) {
  root_bytes_ += static_cast<uint64_t>(static_cast<const char*>(hi) - static_cast<const char*>(lo));
  ForEachHeapWord(
      lo, hi,
      [](uintptr_t p, void* arg) {
        static_cast<Marker*>(arg)->MarkPointer(p);
        static_cast<Marker*>(arg)->MarkPointer(p - 1);
      },
      this);
}

void Marker::Drain() {
  while (true) {
    while (ahead_count_ < kAhead && !stack_.empty()) {
      const Entry entry = stack_.back();
      stack_.pop_back();
      __builtin_prefetch(reinterpret_cast<const void*>(entry.address));
      ahead_[(ahead_first_ + ahead_count_++) % kAhead] = entry;
    }
    if (ahead_count_ == 0) return;
    const Entry entry = ahead_[ahead_first_];
    ahead_first_ = (ahead_first_ + 1) % kAhead;
    --ahead_count_;
    Scan(entry);
  }
}

void Marker::Scan(Entry entry) {
  if (entry.type == nullptr) {
    // The rest of a long array, which is a large object and so begins where its span does.
    Span* span = SpanOf(entry.address);
    ScanArray(entry.address, span->base, span->TypeOf(0));
  } else if (!entry.type->is_array) {
    ScanWords(entry.address, entry.type);
  } else {
    ScanArray(entry.address + entry.type->first_word * 8, entry.address, entry.type);
  }
}

void Marker::ScanArray(uintptr_t element, uintptr_t array, const TypeInfo* type) {
  const size_t length = *reinterpret_cast<const size_t*>(array);
  const size_t stride = type->words * 8;
  const uintptr_t end = array + type->first_word * 8 + length * stride;
  const size_t left = (end - element) / stride;
  const size_t piece = std::max<size_t>(1, kPieceWords / type->words);
  if (left > piece && SpanOf(array)->nelems == 1) {
    stack_.push_back({element + piece * stride, nullptr});
    ScanElements(element, piece, type);
  } else {
    ScanElements(element, left, type);
  }
}

void Marker::ScanElements(uintptr_t first, size_t count, const TypeInfo* type) {
  for (size_t i = 0; i < count; ++i) ScanWords(first + i * type->words * 8, type);
}

void Marker::ScanWords(uintptr_t address, const TypeInfo* type) {
  for (uint64_t mask = type->mask; mask != 0; mask &= mask - 1) {
    Visit(address + static_cast<size_t>(std::countr_zero(mask)) * 8);
  }
  for (uint32_t word = 1; word * 64 < type->words; ++word) {
    for (uint64_t mask = type->bits[word]; mask != 0; mask &= mask - 1) {
      Visit(address + (word * 64 + static_cast<size_t>(std::countr_zero(mask))) * 8);
    }
  }
}

}  // namespace xebec::runtime::heap
