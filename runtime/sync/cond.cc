#include "runtime/sync/cond.h"

#include "runtime/context.h"

namespace xebec::runtime {

void Cond::Enqueue(internal::Waiter* self) {
  self->g = CurrentG();
  lock_.lock();
  waiters_.PushBack(self);
  lock_.unlock();
}

void Cond::Leave(internal::Waiter* self) {
  lock_.lock();
  bool signalled = self->granted;
  if (!signalled) waiters_.Remove(self);
  lock_.unlock();
  if (signalled) Signal();  // pass on what we cannot use
}

void Cond::Sleep(internal::Waiter* self) {
  lock_.lock();
  if (self->granted || self->cancelled) {
    lock_.unlock();
    return;
  }
  self->parked = true;
  internal::ParkAndUnlock(lock_, WaitReason::kCondWait);
}

bool Cond::Sleep(const Context& ctx, internal::Waiter* self) {
  struct OnCancel : xebec::internal::CancelNode {
    Cond* cond;
    internal::Waiter* self;
  } node;
  node.cond = this;
  node.self = self;
  node.fn = [](xebec::internal::CancelNode* n) {
    auto* on = static_cast<OnCancel*>(n);
    on->cond->Cancel(on->self);
  };
  if (!ctx.Register(&node)) Cancel(self);  // it has ended already
  Sleep(self);
  ctx.Unregister(&node);
  return self->granted;
}

void Cond::Cancel(internal::Waiter* self) {
  lock_.lock();
  G* g = nullptr;
  if (!self->granted) {
    waiters_.Remove(self);
    self->cancelled = true;
    if (self->parked) g = self->g;
  }
  lock_.unlock();
  if (g != nullptr) Ready(g);
}

void Cond::Signal() {
  lock_.lock();
  internal::Waiter* w = waiters_.PopFront();
  G* g = nullptr;
  if (w != nullptr) {
    w->granted = true;
    if (w->parked) g = w->g;
  }
  lock_.unlock();
  if (g != nullptr) Ready(g);
}

void Cond::Broadcast() {
  lock_.lock();
  // Those that are not parked yet find `granted` when they get lock_, and may be gone at once after
  // that: the chain of those to be made ready holds parked ones only.
  internal::Waiter* first = nullptr;
  internal::Waiter** end = &first;
  for (internal::Waiter* w = waiters_.TakeAll(); w != nullptr;) {
    internal::Waiter* next = w->next;
    w->granted = true;
    w->next = nullptr;
    if (w->parked) {
      *end = w;
      end = &w->next;
    }
    w = next;
  }
  lock_.unlock();
  internal::ReadyChain(first);
}

}  // namespace xebec::runtime
