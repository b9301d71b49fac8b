#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/heap/hooks.h"
#include "runtime/sched/atomic.h"
#include "runtime/sched/park.h"
#include "runtime/sched/spinlock.h"

namespace xebec::runtime::internal {

struct ChanCore;
struct ChanWaiter;

// The race of a select's cases for the one that ends it. Lies on the stack of the selecting fiber.
struct SelectRace {
  std::atomic<uint32_t> fired{0};  // 0 → 1 by the winner
  ChanWaiter* winner =
      nullptr;  // written by the winner before it makes the fiber ready; null: the timer
};

// A fiber that waits on a channel (Go's sudog). Lies on that fiber's stack. Guarded by the lock of
// its channel.
struct ChanWaiter {
  G* g = nullptr;
  // A sender's value, to be moved from; or a receiver's raw memory, to be constructed into.
  void* slot = nullptr;
  ChanWaiter* next = nullptr;
  ChanWaiter* prev = nullptr;
  SelectRace* race = nullptr;  // null outside of select
  int32_t index = 0;           // which case of the select
  bool queued = false;
  bool ok = false;  // a value changed hands; false: the channel was closed
#ifdef XEBEC_DEBUG_CHECKS
  // Debug builds take a Ref that one fiber writes on another's stack for an error. In `slot` it is
  // none: its fiber is parked, and is made ready only after the write.
  heap::RootRange landing;
#endif
};

class ChanQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  void PushBack(ChanWaiter* w) {
    w->next = nullptr;
    w->prev = tail_;
    (tail_ != nullptr ? tail_->next : head_) = w;
    tail_ = w;
    w->queued = true;
  }
  void Remove(ChanWaiter* w) {
    (w->prev != nullptr ? w->prev->next : head_) = w->next;
    (w->next != nullptr ? w->next->prev : tail_) = w->prev;
    w->next = w->prev = nullptr;
    w->queued = false;
  }
  // The first waiter that is still to be had: one in a select that another case has won is dropped.
  ChanWaiter* Dequeue() {
    while (ChanWaiter* w = head_) {
      Remove(w);
      if (w->race != nullptr) [[unlikely]] {
        uint32_t expected = 0;
        if (!w->race->fired.compare_exchange_strong(expected, 1, std::memory_order_acq_rel,
                                                    std::memory_order_relaxed)) {
          continue;
        }
        w->race->winner = w;
      }
      return w;
    }
    return nullptr;
  }

 private:
  ChanWaiter* head_ = nullptr;
  ChanWaiter* tail_ = nullptr;
};

// What the untyped core must know of the elements.
struct ElementOps {
  size_t size;
  void (*move)(void* to, void* from);  // constructs `to` from `from`, which stays to be destroyed
  void (*destroy)(void* element);
};

// The state of a channel, without its type.
//
//   I1  Everything but `refs` is guarded by `lock`; `count` and `closed` are also read without it,
//       as hints that are looked at again under the lock.
//   I2  At most one of the two queues has waiters that are to be had (a select may wait in both).
//   I3  Receivers wait only while count is 0; senders only while count is cap.
//   I4  A value that a waiting receiver gets is constructed in its slot, and one that a waiting
//       sender gives is moved from its slot, under `lock` and before the fiber is made ready: no
//       fiber takes a lock again when it wakes.
//   I5  A waiter's fiber holds a handle, so `refs` is not 0 while anyone waits.
struct ChanCore {
  ChanCore(const ElementOps* ops, size_t capacity, std::byte* buffer)
      : ops(ops), capacity(capacity), buffer(buffer) {}

  Atomic<uint32_t> refs{1};
  SpinLock lock;
  Atomic<size_t> count{0};
  Atomic<bool> closed{false};
  const ElementOps* const ops;
  const size_t capacity;
  std::byte* const buffer;
  size_t align = 0;  // of the allocation that holds the core and its buffer
  bool may_hold_refs = false;
  heap::RootRange range;  // the buffer, registered if it may hold Refs
  size_t send_index = 0;
  size_t receive_index = 0;
  ChanQueue receivers;
  ChanQueue senders;

  std::byte* Slot(size_t index) const { return buffer + index * ops->size; }
  size_t Next(size_t index) const { return index + 1 == capacity ? 0 : index + 1; }
  size_t CountLocked() const { return count.load(std::memory_order_relaxed); }
  bool ClosedLocked() const { return closed.load(std::memory_order_relaxed); }
};

// A core with room for `capacity` elements. `may_hold_refs`: the collector searches the buffer.
ChanCore* NewChanCore(const ElementOps* ops, size_t align, size_t capacity, bool may_hold_refs);
void DestroyChanCore(ChanCore* core);

// The slow halves of the operations; called with the lock held, return without it.
void SendBlocking(ChanCore* core, void* value);  // a Panic if the channel is closed meanwhile
void ReceiveFromSender(ChanCore* core, ChanWaiter* sender, void* to);
void TakeFromSenderLocked(ChanCore* core, ChanWaiter* sender, void* to);  // keeps the lock
bool ReceiveBlocking(ChanCore* core, void* to);                           // false: closed
// Around the wait of a receiver: tells the heap of its slot (debug builds).
void BeginLanding(const ChanCore* core, ChanWaiter* receiver);
void EndLanding(ChanWaiter* receiver);
[[noreturn]] void SendOnClosed(ChanCore* core);
[[noreturn]] void BlockForever(WaitReason reason);  // on a nil channel
void CloseChan(ChanCore* core);

}  // namespace xebec::runtime::internal
