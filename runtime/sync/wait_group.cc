#include "runtime/sync/wait_group.h"

#include "runtime/panic.h"

namespace xebec::runtime {

void WaitGroup::AddSlow(uint64_t state, int delta) {
  int32_t count = static_cast<int32_t>(state >> 32);
  if (count < 0) ThrowPanic("negative WaitGroup counter");
  if (count > 0 && delta > 0) {
    ThrowPanic("WaitGroup misuse: Add from zero while fibers wait");
  }
  queue_lock_.lock();
  internal::Waiter* first = waiters_.TakeAll();
  uint64_t waiting = 0;
  for (internal::Waiter* w = first; w != nullptr; w = w->next) ++waiting;
  state_.fetch_sub(waiting, std::memory_order_acq_rel);
  queue_lock_.unlock();
  internal::ReadyChain(first);
}

void WaitGroup::Wait() {
  if (state_.load(std::memory_order_acquire) >> 32 == 0) return;
  queue_lock_.lock();
  uint64_t state = state_.load(std::memory_order_acquire);
  do {
    if (state >> 32 == 0) {
      queue_lock_.unlock();
      return;
    }
  } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel,
                                         std::memory_order_acquire));
  internal::Waiter self;
  self.g = CurrentG();
  waiters_.PushBack(&self);
  internal::ParkAndUnlock(queue_lock_, WaitReason::kWaitGroupWait);
}

}  // namespace xebec::runtime
