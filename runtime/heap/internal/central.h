// Central lists: between the P caches and the page heap, one for each span class.
#pragma once

#include <cstdint>
#include <mutex>

#include "runtime/heap/internal/span.h"

namespace xebec::runtime::heap {

// The in-use spans of one class that are in no P's cache, in four stacks: with or without free
// objects, swept or not. Which two are the swept ones follows from the parity of g_sweepgen / 2, so
// that the collector turns all spans into unswept ones by adding 2 to it (Go's mcentral).
//
// I1: with the world stopped and sweeping done, the unswept stacks are empty.
// I2: a span in a swept stack has sweepgen == g_sweepgen; one in an unswept stack has g - 2, or,
//     if a Weak::Lock swept it where it is, g - 1 or g.
class Central {
 public:
  // A swept span with a free object for a P's cache, or null if there is none (grow then). Sweeps
  // for it, but not for ever.
  Span* TakeForCache();
  // A span comes back from a cache, or a new one is full from the start (large objects).
  void PutBack(Span* span);
  // Sweeps one span that was not yet; false if none is left.
  bool SweepOne();

 private:
  struct Stack {
    Span* top = nullptr;
    void Push(Span* span) {
      span->next = top;
      top = span;
    }
    Span* Pop() {
      Span* span = top;
      if (span != nullptr) top = span->next;
      return span;
    }
  };
  static size_t Swept() { return g_sweepgen.load(std::memory_order_relaxed) / 2 % 2; }
  Span* SweepForCache(Stack& stack, int limit);

  std::mutex lock_;  // the stacks
  Stack partial_[2];
  Stack full_[2];
};

Central& CentralFor(SpanClass span_class);

// How many fibers are between taking an unswept span and the end of its sweep.
extern std::atomic<int32_t> g_sweepers;

}  // namespace xebec::runtime::heap
