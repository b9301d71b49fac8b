#include "runtime/sync/rwmutex.h"

#include "runtime/panic.h"

namespace xebec::runtime {

void RWMutex::lock() {
  writers_.lock();
  // Announce the writer; from here on new readers wait.
  int32_t inside = readers_.fetch_sub(kMaxReaders, std::memory_order_acq_rel);
  if (inside == 0) return;
  internal::Waiter self;
  self.g = CurrentG();
  queue_lock_.lock();
  if (departing_.fetch_add(inside, std::memory_order_acq_rel) + inside == 0) {
    queue_lock_.unlock();
    return;
  }
  writer_ = &self;
  internal::ParkAndUnlock(queue_lock_, WaitReason::kRWMutexLock);
}

bool RWMutex::try_lock() {
  if (!writers_.try_lock()) return false;
  int32_t expected = 0;
  if (readers_.compare_exchange_strong(expected, -kMaxReaders, std::memory_order_acq_rel,
                                       std::memory_order_relaxed)) {
    return true;
  }
  writers_.unlock();
  return false;
}

void RWMutex::unlock() {
  int32_t waiting = readers_.fetch_add(kMaxReaders, std::memory_order_acq_rel) + kMaxReaders;
  if (waiting >= kMaxReaders) {
    readers_.fetch_sub(kMaxReaders, std::memory_order_acq_rel);
    ThrowPanic("unlock of an unlocked RWMutex");
  }
  internal::Waiter* first = nullptr;
  if (waiting > 0) {
    queue_lock_.lock();
    tokens_ += waiting;
    internal::Waiter** end = &first;
    while (tokens_ > 0 && !waiting_readers_.empty()) {
      internal::Waiter* w = waiting_readers_.PopFront();
      *end = w;
      end = &w->next;
      --tokens_;
    }
    queue_lock_.unlock();
  }
  writers_.unlock();
  internal::ReadyChain(first);
}

bool RWMutex::try_lock_shared() {
  int32_t count = readers_.load(std::memory_order_relaxed);
  while (count >= 0) {
    if (readers_.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel,
                                       std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void RWMutex::LockSharedSlow() {
  queue_lock_.lock();
  if (tokens_ > 0) {
    --tokens_;
    queue_lock_.unlock();
    return;
  }
  internal::Waiter self;
  self.g = CurrentG();
  waiting_readers_.PushBack(&self);
  internal::ParkAndUnlock(queue_lock_, WaitReason::kRWMutexRLock);
}

void RWMutex::UnlockSharedSlow(int32_t left) {
  if (left == -1 || left == -kMaxReaders - 1) {
    readers_.fetch_add(1, std::memory_order_acq_rel);
    ThrowPanic("unlock_shared of an RWMutex that no reader holds");
  }
  // A writer waits. The last reader to leave wakes it.
  if (departing_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  queue_lock_.lock();
  internal::Waiter* w = writer_;
  writer_ = nullptr;
  queue_lock_.unlock();
  if (w != nullptr) Ready(w->g);
}

}  // namespace xebec::runtime
