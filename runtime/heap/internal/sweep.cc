#include "runtime/heap/internal/sweep.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "runtime/heap/internal/central.h"
#include "runtime/heap/internal/settings.h"
#include "runtime/heap/internal/specials.h"
#include "runtime/sched/spinlock.h"

namespace xebec::runtime::heap {

SweepCounts& Swept() {
  static SweepCounts counts;
  return counts;
}

namespace {

void Clobber(Span* span) {
  for (uint32_t i = 0; i < span->nelems; ++i) {
    if (!TestBit(span->alloc_bits, i) || TestBit(span->mark_bits, i)) continue;
    auto* words = reinterpret_cast<uint64_t*>(span->ObjectAt(i));
    std::fill_n(words, span->elem_size / sizeof(uint64_t), kClobberPattern);
  }
}

// Swaps the bitmaps: what is marked is allocated, nothing is marked. No object is touched.
void Sweep(Span* span) {
  if (span->specials.load(std::memory_order_acquire) != nullptr) SweepSpecials(span);
  if (GetSettings().clobber_free) Clobber(span);
  uint32_t alive = 0;
  for (uint32_t word = 0; word < span->bit_words; ++word) {
    alive += static_cast<uint32_t>(std::popcount(span->mark_bits[word]));
    span->alloc_bits[word] = 0;
  }
  std::swap(span->mark_bits, span->alloc_bits);
  const uint32_t freed = span->alloc_count - alive;
  if (freed != 0) {
    span->need_zero = true;
    Swept().objects_freed.fetch_add(freed, std::memory_order_relaxed);
    Swept().bytes_freed.fetch_add(freed * span->elem_size, std::memory_order_relaxed);
  }
  span->alloc_count = static_cast<uint16_t>(alive);
  if (alive == 0) {
    span->type = nullptr;
    std::free(std::exchange(span->type_ids, nullptr));
  }
}

}  // namespace

void EnsureSwept(Span* span) {
  const uint32_t current = g_sweepgen.load(std::memory_order_relaxed);
  uint32_t seen = span->sweepgen.load(std::memory_order_acquire);
  if (seen == current) return;
  if (seen == current - 2 &&
      span->sweepgen.compare_exchange_strong(seen, current - 1, std::memory_order_acquire,
                                             std::memory_order_acquire)) {
    Sweep(span);
    span->sweepgen.store(current, std::memory_order_release);
    return;
  }
  // Somebody sweeps it: some hundred ns. kNever: a stale pointer to a record, nothing to do.
  while (span->sweepgen.load(std::memory_order_acquire) == current - 1) CpuPause();
}

void SweepAll(void (*pause)()) {
  int since_pause = 0;
  for (int c = 0; c < kSpanClasses; ++c) {
    while (CentralFor(static_cast<SpanClass>(c)).SweepOne()) {
      if (++since_pause == 64) {
        since_pause = 0;
        pause();
      }
    }
  }
  while (g_sweepers.load(std::memory_order_acquire) != 0) pause();
}

}  // namespace xebec::runtime::heap
