#pragma once

#include <cstdint>

#include "runtime/sched/park.h"
#include "runtime/sched/spinlock.h"

namespace xebec::runtime::internal {

// A parked fiber in the wait list of a lock. It lies on that fiber's stack: once the fiber was made
// ready the node may be gone, so whoever wakes it reads `g` and `next` first.
struct Waiter {
  G* g = nullptr;
  Waiter* next = nullptr;
  Waiter* prev = nullptr;
  int64_t since = 0;       // NanoTime when it began to wait
  int64_t units = 1;       // Semaphore: how much it asks for
  bool granted = false;    // what it waits for was handed to it
  bool cancelled = false;  // its context ended first
  bool parked = false;     // Cond: it has given its lock back and sleeps
};

// An intrusive FIFO of waiters. Guarded by the SpinLock of its owner.
class WaitList {
 public:
  bool empty() const { return head_ == nullptr; }
  Waiter* front() const { return head_; }

  void PushBack(Waiter* w) {
    w->next = nullptr;
    w->prev = tail_;
    (tail_ != nullptr ? tail_->next : head_) = w;
    tail_ = w;
  }
  void PushFront(Waiter* w) {
    w->prev = nullptr;
    w->next = head_;
    (head_ != nullptr ? head_->prev : tail_) = w;
    head_ = w;
  }
  Waiter* PopFront() {
    Waiter* w = head_;
    if (w != nullptr) Remove(w);
    return w;
  }
  void Remove(Waiter* w) {
    (w->prev != nullptr ? w->prev->next : head_) = w->next;
    (w->next != nullptr ? w->next->prev : tail_) = w->prev;
    w->next = w->prev = nullptr;
  }
  // Empties the list and returns its first waiter; the rest hang on `next`.
  Waiter* TakeAll() {
    Waiter* w = head_;
    head_ = tail_ = nullptr;
    return w;
  }

 private:
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
};

// Parks the running fiber and gives `lock` back once its state is saved: nobody who takes the lock
// after that can find the fiber half asleep.
inline void ParkAndUnlock(SpinLock& lock, WaitReason reason) {
  Park(
      [](G*, void* arg) {
        static_cast<SpinLock*>(arg)->unlock();
        return true;
      },
      &lock, reason);
}

// Makes every fiber of a list taken with TakeAll() runnable.
inline void ReadyChain(Waiter* w) {
  while (w != nullptr) {
    Waiter* next = w->next;
    Ready(w->g);
    w = next;
  }
}

}  // namespace xebec::runtime::internal
