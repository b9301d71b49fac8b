#include "runtime/heap/internal/central.h"

#include "runtime/heap/internal/page_heap.h"
#include "runtime/heap/internal/sweep.h"

namespace xebec::runtime::heap {

std::atomic<int32_t> g_sweepers{0};

Central& CentralFor(SpanClass span_class) {
  static constinit Central centrals[kSpanClasses];
  return centrals[span_class];
}

namespace {

struct SweeperScope {
  SweeperScope() { g_sweepers.fetch_add(1, std::memory_order_acq_rel); }
  ~SweeperScope() { g_sweepers.fetch_sub(1, std::memory_order_acq_rel); }
};

}  // namespace

Span* Central::TakeForCache() {
  std::unique_lock lock(lock_);
  if (Span* span = partial_[Swept()].Pop()) return span;
  lock.unlock();
  SweeperScope sweeping;
  if (Span* span = SweepForCache(partial_[1 - Swept()], 100)) return span;
  return SweepForCache(full_[1 - Swept()], 100);
}

// Pops unswept spans, at most `limit`, until one has a free object. Spans that turn out to be empty
// are as good as any: they need not go through the page heap.
Span* Central::SweepForCache(Stack& stack, int limit) {
  for (int i = 0; i < limit; ++i) {
    Span* span;
    {
      std::lock_guard lock(lock_);
      span = stack.Pop();
    }
    if (span == nullptr) return nullptr;
    EnsureSwept(span);
    if (span->alloc_count < span->nelems) return span;
    std::lock_guard lock(lock_);
    full_[Swept()].Push(span);
  }
  return nullptr;
}

void Central::PutBack(Span* span) {
  std::lock_guard lock(lock_);
  (span->alloc_count < span->nelems ? partial_ : full_)[Swept()].Push(span);
}

bool Central::SweepOne() {
  SweeperScope sweeping;
  Span* span;
  {
    std::lock_guard lock(lock_);
    span = partial_[1 - Swept()].Pop();
    if (span == nullptr) span = full_[1 - Swept()].Pop();
  }
  if (span == nullptr) return false;
  EnsureSwept(span);
  if (span->alloc_count == 0) {
    Pages().Free(span);
  } else {
    PutBack(span);
  }
  return true;
}

}  // namespace xebec::runtime::heap
