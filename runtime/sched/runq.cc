// A P's run queue: a ring of 256 with one producer and many consumers, and one slot (run_next) that
// comes first.
//
// Who writes what: the owner alone writes tail and the slots in [tail, head + 256); owner and
// thieves move head forward by compare-and-swap; run_next is exchanged by the owner, and taken by
// thieves by compare-and-swap to null.
//
// I1. The fibers in the queue are those in slots [head, tail), tail - head <= 256 (mod 2^32).
// I2. A slot is written before tail passes it: release on tail, acquire by thieves on tail.
// I3. A slot is written again only after head passed it: release on head's move (after the slots
//     were read), acquire by the owner on head before it writes.
// I4. A thief that read slots [h, h + n) keeps them only if its compare-and-swap h -> h + n
//     succeeds; the owner may have written over them meanwhile only if head had moved, and then
//     it fails. Slots are atomics (relaxed), so that such a read is stale, never undefined.
// I5. Only the owner sets run_next to a fiber; others only take it. So a failed exchange by the
//     owner in RunqGet means that it was stolen and is now null.
//
// Weaker fails: without release on tail a thief may run a fiber whose stack it does not see saved;
// without acquire on head the owner may overwrite a slot that a thief still reads.
// The idea is Go's (runtime/proc.go, runqput and below).

#include "runtime/sched/internal/proc.h"

#include <time.h>

namespace xebec::runtime::internal {
namespace {

// The ring is full: half of it and g go to the global queue in one batch.
bool RunqPutSlow(P* p, G* g, uint32_t head, uint32_t tail) {
  const uint32_t n = (tail - head) / 2;
  if (n != P::kQueue / 2) Throw("runqputslow: queue is not full");
  G* batch[P::kQueue / 2];
  for (uint32_t i = 0; i < n; ++i) {
    batch[i] = p->queue[(head + i) % P::kQueue].load(std::memory_order_relaxed);
  }
  // I4; release for I3.
  if (!p->queue_head.compare_exchange_strong(head, head + n, std::memory_order_release,
                                             std::memory_order_relaxed)) {
    return false;
  }
  GList list;
  for (uint32_t i = 0; i < n; ++i) list.PushBack(batch[i]);
  list.PushBack(g);
  sched.lock.lock();
  GlobalPutBatch(&list);
  sched.lock.unlock();
  return true;
}

// Copies half of the victim's ring into `out` starting at slot `at`. Returns how many.
uint32_t RunqGrab(P* victim, P* thief, uint32_t at, bool steal_run_next) {
  for (;;) {
    uint32_t head = victim->queue_head.load(std::memory_order_acquire);  // with other consumers, I3
    const uint32_t tail = victim->queue_tail.load(std::memory_order_acquire);  // I2
    uint32_t n = tail - head;
    n -= n / 2;
    if (n == 0) {
      if (!steal_run_next) return 0;
      G* next = victim->run_next.load(std::memory_order_relaxed);
      if (next == nullptr) return 0;
      if (victim->status.load(std::memory_order_relaxed) == PStatus::kRunning) {
        // The owner most likely runs it within microseconds (a fiber that readied another and is
        // about to park). Stealing it would only move work around.
        timespec three_us{0, 3000};
        nanosleep(&three_us, nullptr);
      }
      // I5; acquire pairs with the owner's release when it set run_next.
      if (!victim->run_next.compare_exchange_strong(next, nullptr, std::memory_order_acquire,
                                                    std::memory_order_relaxed)) {
        continue;
      }
      thief->queue[at % P::kQueue].store(next, std::memory_order_relaxed);
      return 1;
    }
    if (n > P::kQueue / 2) continue;  // head and tail were read at different times
    for (uint32_t i = 0; i < n; ++i) {
      G* g = victim->queue[(head + i) % P::kQueue].load(std::memory_order_relaxed);
      thief->queue[(at + i) % P::kQueue].store(g, std::memory_order_relaxed);
    }
    // I4; release for I3.
    if (victim->queue_head.compare_exchange_strong(head, head + n, std::memory_order_acq_rel,
                                                   std::memory_order_relaxed)) {
      return n;
    }
  }
}

}  // namespace

void RunqPut(P* p, G* g, bool next) {
  if (next) {
    // Release: a thief that takes it sees the fiber's saved state. Sequentially consistent besides:
    // WakeP's look at the spinning count must not come before it (the spinning protocol, proc.cc).
    G* old = p->run_next.load(std::memory_order_relaxed);
    while (!p->run_next.compare_exchange_weak(old, g, std::memory_order_seq_cst,
                                              std::memory_order_relaxed)) {
    }
    if (old == nullptr) return;
    g = old;
  }
  for (;;) {
    const uint32_t head = p->queue_head.load(std::memory_order_acquire);  // I3
    const uint32_t tail = p->queue_tail.load(std::memory_order_relaxed);
    if (tail - head < P::kQueue) {
      p->queue[tail % P::kQueue].store(g, std::memory_order_relaxed);
      p->queue_tail.store(tail + 1, std::memory_order_release);  // I2
      return;
    }
    if (RunqPutSlow(p, g, head, tail)) return;
    // A thief took some meanwhile: there is room now.
  }
}

void RunqPutBatch(P* p, GList* list) {
  uint32_t head = p->queue_head.load(std::memory_order_acquire);  // I3
  uint32_t tail = p->queue_tail.load(std::memory_order_relaxed);
  while (!list->empty() && tail - head < P::kQueue) {
    p->queue[tail % P::kQueue].store(list->PopFront(), std::memory_order_relaxed);
    ++tail;
  }
  p->queue_tail.store(tail, std::memory_order_release);  // I2
}

G* RunqGet(P* p, bool* inherit) {
  G* next = p->run_next.load(std::memory_order_relaxed);
  // I5: if it fails, a thief got it.
  if (next != nullptr && p->run_next.compare_exchange_strong(
                             next, nullptr, std::memory_order_acquire, std::memory_order_relaxed)) {
    *inherit = true;
    return next;
  }
  *inherit = false;
  uint32_t head = p->queue_head.load(std::memory_order_acquire);  // with other consumers
  for (;;) {
    const uint32_t tail = p->queue_tail.load(std::memory_order_relaxed);
    if (tail == head) return nullptr;
    G* g = p->queue[head % P::kQueue].load(std::memory_order_relaxed);
    // I4; release for I3.
    if (p->queue_head.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel,
                                            std::memory_order_acquire)) {
      return g;
    }
  }
}

void RunqDemoteNext(P* p) {
  if (p->queue_head.load(std::memory_order_relaxed) ==
      p->queue_tail.load(std::memory_order_relaxed)) {
    return;
  }
  // I5; acquire pairs with whoever set it, which was this thread or the P's last owner.
  if (G* g = p->run_next.exchange(nullptr, std::memory_order_acquire)) RunqPut(p, g, false);
}

bool RunqEmpty(P* p) {
  // The owner may move run_next's old fiber into the ring between two of our loads; so all three
  // are read again until tail did not move in between.
  for (;;) {
    // Sequentially consistent: part of the recheck after the spinning count was lowered.
    const uint32_t head = p->queue_head.load(std::memory_order_seq_cst);
    const uint32_t tail = p->queue_tail.load(std::memory_order_seq_cst);
    const G* next = p->run_next.load(std::memory_order_seq_cst);
    if (tail == p->queue_tail.load(std::memory_order_seq_cst)) {
      return head == tail && next == nullptr;
    }
  }
}

G* RunqSteal(P* thief, P* victim, bool steal_run_next) {
  const uint32_t tail = thief->queue_tail.load(std::memory_order_relaxed);
  uint32_t n = RunqGrab(victim, thief, tail, steal_run_next);
  if (n == 0) return nullptr;
  --n;
  G* g = thief->queue[(tail + n) % P::kQueue].load(std::memory_order_relaxed);
  if (n == 0) return g;
  const uint32_t head = thief->queue_head.load(std::memory_order_acquire);  // I3
  if (tail - head + n >= P::kQueue) Throw("runqsteal: queue overflow");
  thief->queue_tail.store(tail + n, std::memory_order_release);  // I2
  return g;
}

void RunqDrain(P* p, GList* out) {
  bool inherit = false;
  while (G* g = RunqGet(p, &inherit)) out->PushBack(g);
}

void GlobalPut(G* g) {
  sched.global_queue.PushBack(g);
  sched.global_size.store(sched.global_queue.size(), std::memory_order_relaxed);
}

void GlobalPutHead(G* g) {
  sched.global_queue.PushFront(g);
  sched.global_size.store(sched.global_queue.size(), std::memory_order_relaxed);
}

void GlobalPutBatch(GList* list) {
  sched.global_queue.Append(std::move(*list));
  sched.global_size.store(sched.global_queue.size(), std::memory_order_relaxed);
}

G* GlobalGet(P* p, int32_t max) {
  const int32_t size = sched.global_queue.size();
  if (size == 0) return nullptr;
  int32_t n = size / sched.procs.load(std::memory_order_relaxed) + 1;
  if (n > size) n = size;
  if (n > max + 1) n = max + 1;
  G* g = sched.global_queue.PopFront();
  GList share;
  for (int32_t i = 1; i < n; ++i) share.PushBack(sched.global_queue.PopFront());
  sched.global_size.store(sched.global_queue.size(), std::memory_order_relaxed);
  if (!share.empty()) RunqPutBatch(p, &share);
  if (!share.empty()) GlobalPutBatch(&share);
  return g;
}

}  // namespace xebec::runtime::internal
