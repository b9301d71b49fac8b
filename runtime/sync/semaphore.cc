#include "runtime/sync/semaphore.h"

#include <fmt/core.h>

#include "runtime/context.h"
#include "runtime/panic.h"

namespace xebec::runtime {

Semaphore::Semaphore(int64_t size) : size_(size), free_(size) {
  if (size < 1) ThrowPanic(fmt::format("Semaphore of {} units: it needs at least 1", size));
}

void Semaphore::CheckUnits(int64_t n) const {
  if (n < 1 || n > size_) {
    ThrowPanic(fmt::format("{} units asked of a Semaphore of {}", n, size_));
  }
}

bool Semaphore::TryAcquire(int64_t n) {
  CheckUnits(n);
  lock_.lock();
  bool ok = waiters_.empty() && free_ >= n;
  if (ok) free_ -= n;
  lock_.unlock();
  return ok;
}

void Semaphore::Acquire(int64_t n) {
  CheckUnits(n);
  lock_.lock();
  if (waiters_.empty() && free_ >= n) {
    free_ -= n;
    lock_.unlock();
    return;
  }
  internal::Waiter self;
  self.g = CurrentG();
  self.units = n;
  self.parked = true;
  waiters_.PushBack(&self);
  internal::ParkAndUnlock(lock_, WaitReason::kSemacquire);
}

bool Semaphore::Acquire(const Context& ctx, int64_t n) {
  CheckUnits(n);
  lock_.lock();
  if (waiters_.empty() && free_ >= n) {
    free_ -= n;
    lock_.unlock();
    return true;
  }
  internal::Waiter self;
  self.g = CurrentG();
  self.units = n;
  waiters_.PushBack(&self);
  lock_.unlock();

  struct OnCancel : xebec::internal::CancelNode {
    Semaphore* semaphore;
    internal::Waiter* self;
  } node;
  node.semaphore = this;
  node.self = &self;
  node.fn = [](xebec::internal::CancelNode* base) {
    auto* on = static_cast<OnCancel*>(base);
    Semaphore* s = on->semaphore;
    internal::Waiter* self = on->self;
    G* g = nullptr;
    s->lock_.lock();
    internal::Waiter* unblocked = nullptr;
    if (!self->granted) {
      s->waiters_.Remove(self);
      self->cancelled = true;
      if (self->parked) g = self->g;
      unblocked = s->GrantLocked();  // smaller requests may have waited behind it
    }
    s->lock_.unlock();
    internal::ReadyChain(unblocked);
    if (g != nullptr) Ready(g);
  };
  if (!ctx.Register(&node)) node.fn(&node);
  lock_.lock();
  if (self.granted || self.cancelled) {
    lock_.unlock();
  } else {
    self.parked = true;
    internal::ParkAndUnlock(lock_, WaitReason::kSemacquire);
  }
  ctx.Unregister(&node);
  return self.granted;
}

void Semaphore::Release(int64_t n) {
  CheckUnits(n);
  lock_.lock();
  if (free_ + n > size_) {
    lock_.unlock();
    ThrowPanic("Semaphore released more often than acquired");
  }
  free_ += n;
  internal::Waiter* first = GrantLocked();
  lock_.unlock();
  internal::ReadyChain(first);
}

// Hands units to the first waiters as far as they suffice; returns the chain of those to be made
// ready.
internal::Waiter* Semaphore::GrantLocked() {
  internal::Waiter* first = nullptr;
  internal::Waiter** end = &first;
  while (!waiters_.empty() && waiters_.front()->units <= free_) {
    internal::Waiter* w = waiters_.PopFront();
    free_ -= w->units;
    w->granted = true;
    if (!w->parked) continue;
    *end = w;
    end = &w->next;
  }
  return first;
}

}  // namespace xebec::runtime
