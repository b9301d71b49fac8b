#include <sys/mman.h>

#include <mutex>
#include <new>

#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/switch.h"

namespace xebec::runtime::internal {

std::atomic<GSlab*> all_slabs{nullptr};

namespace {

// Finished Gs that belong to no P, and the slabs' lock.
RawSpinLock shared_lock;
GList shared_free;  // guarded by shared_lock

void AddSlabLocked() {
  void* memory =
      mmap(nullptr, sizeof(GSlab), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Fatal("no memory for another fiber");
  auto* slab = new (memory) GSlab();
  for (size_t i = GSlab::kCount; i-- > 0;) shared_free.PushFront(&slab->gs[i]);
  slab->next = all_slabs.load(std::memory_order_relaxed);
  all_slabs.store(slab, std::memory_order_release);  // pairs with ForEachG
}

}  // namespace

G* AcquireG(P* p) {
  if (p != nullptr && !p->free_gs.empty()) return p->free_gs.PopFront();
  std::lock_guard lock(shared_lock);
  if (shared_free.empty()) AddSlabLocked();
  G* g = shared_free.PopFront();
  while (p != nullptr && p->free_gs.size() < static_cast<int32_t>(P::kMaxFreeGs / 2) &&
         !shared_free.empty()) {
    p->free_gs.PushBack(shared_free.PopFront());
  }
  return g;
}

void ReleaseG(P* p, G* g) {
  if (p != nullptr) {
    p->free_gs.PushFront(g);
    if (p->free_gs.size() < static_cast<int32_t>(P::kMaxFreeGs)) return;
    std::lock_guard lock(shared_lock);
    while (p->free_gs.size() > static_cast<int32_t>(P::kMaxFreeGs / 2)) {
      shared_free.PushFront(p->free_gs.PopFront());
    }
    return;
  }
  std::lock_guard lock(shared_lock);
  shared_free.PushFront(g);
}

void PurgeFreeGs(P* p) {
  std::lock_guard lock(shared_lock);
  shared_free.Append(std::move(p->free_gs));
}

}  // namespace xebec::runtime::internal
