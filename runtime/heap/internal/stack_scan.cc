// Compiled without sanitizers (runtime/heap/sources.cmake).
#include <cstdint>

#include "runtime/heap/internal/mark.h"
#include "runtime/heap/internal/page_heap.h"

namespace xebec::runtime::heap {

void ForEachHeapWord(const void* lo, const void* hi, void (*visit)(uintptr_t p, void* arg),
                     void* arg) {
  const uintptr_t low = g_heap_low.load(std::memory_order_relaxed);
  const uintptr_t size = g_heap_high.load(std::memory_order_relaxed) - low;
  const auto* word =
      reinterpret_cast<const uintptr_t*>((reinterpret_cast<uintptr_t>(lo) + 7) & ~uintptr_t{7});
  const auto* end =
      reinterpret_cast<const uintptr_t*>(reinterpret_cast<uintptr_t>(hi) & ~uintptr_t{7});
  for (; word < end; ++word) {
    const uintptr_t p = *static_cast<const volatile uintptr_t*>(word);
    if (p - low <= size) visit(p, arg);  // the end itself, too: it is behind the last object
  }
}

}  // namespace xebec::runtime::heap
