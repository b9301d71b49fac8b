#include "runtime/sync/chan.h"

#include <mutex>
#include <new>

#include "runtime/panic.h"
#include "runtime/sync/wait_list.h"

namespace xebec::runtime::internal {

namespace {
constexpr size_t kMaxBufferBytes = size_t{1} << 40;

size_t BufferOffset(size_t align) { return (sizeof(ChanCore) + align - 1) & ~(align - 1); }
}  // namespace

ChanCore* NewChanCore(const ElementOps* ops, size_t align, size_t capacity, bool may_hold_refs) {
  if (capacity > kMaxBufferBytes / ops->size) ThrowPanic("Chan: the capacity is too large");
  if (align < alignof(ChanCore)) align = alignof(ChanCore);
  const size_t offset = BufferOffset(align);
  const size_t bytes = capacity * ops->size;
  auto* memory = static_cast<std::byte*>(::operator new(offset + bytes, std::align_val_t{align}));
  auto* core = ::new (memory) ChanCore(ops, capacity, memory + offset);
  core->align = align;
  core->may_hold_refs = may_hold_refs;
  if (may_hold_refs && capacity > 0) {
    core->range.begin = core->buffer;
    core->range.bytes = bytes;
    heap::RegisterRootRange(&core->range);
  }
  return core;
}

void DestroyChanCore(ChanCore* core) {
  for (size_t left = core->CountLocked(); left > 0; --left) {
    core->ops->destroy(core->Slot(core->receive_index));
    core->receive_index = core->Next(core->receive_index);
  }
  if (core->range.begin != nullptr) heap::UnregisterRootRange(&core->range);
  const size_t align = core->align;
  core->~ChanCore();
  ::operator delete(core, std::align_val_t{align});
}

void SendBlocking(ChanCore* core, void* value) {
  ChanWaiter self;
  self.g = CurrentG();
  self.slot = value;
  core->senders.PushBack(&self);
  ParkAndUnlock(core->lock, WaitReason::kChanSend);
  if (!self.ok) ThrowPanic("send on a closed channel");
}

void TakeFromSenderLocked(ChanCore* core, ChanWaiter* sender, void* to) {
  if (core->capacity == 0) {
    core->ops->move(to, sender->slot);
  } else {
    // The buffer is full: its head is ours, and the sender's value goes to the place that frees.
    std::byte* slot = core->Slot(core->receive_index);
    core->ops->move(to, slot);
    core->ops->destroy(slot);
    core->ops->move(slot, sender->slot);
    core->receive_index = core->Next(core->receive_index);
    core->send_index = core->receive_index;
  }
  sender->ok = true;
}

void ReceiveFromSender(ChanCore* core, ChanWaiter* sender, void* to) {
  TakeFromSenderLocked(core, sender, to);
  G* g = sender->g;
  core->lock.unlock();
  Ready(g);
}

bool ReceiveBlocking(ChanCore* core, void* to) {
  ChanWaiter self;
  self.g = CurrentG();
  self.slot = to;
  BeginLanding(core, &self);
  core->receivers.PushBack(&self);
  ParkAndUnlock(core->lock, WaitReason::kChanReceive);
  EndLanding(&self);
  return self.ok;
}

#ifdef XEBEC_DEBUG_CHECKS
void BeginLanding(const ChanCore* core, ChanWaiter* receiver) {
  if (!core->may_hold_refs) return;
  receiver->landing.begin = receiver->slot;
  receiver->landing.bytes = core->ops->size;
  heap::RegisterRootRange(&receiver->landing);
}
void EndLanding(ChanWaiter* receiver) {
  if (receiver->landing.begin != nullptr) heap::UnregisterRootRange(&receiver->landing);
}
#else
void BeginLanding(const ChanCore*, ChanWaiter*) {}
void EndLanding(ChanWaiter*) {}
#endif

void SendOnClosed(ChanCore* core) {
  core->lock.unlock();
  ThrowPanic("send on a closed channel");
}

void BlockForever(WaitReason reason) {
  for (;;) {
    Park([](G*, void*) { return true; }, nullptr, reason);
  }
}

void CloseChan(ChanCore* core) {
  if (core == nullptr) ThrowPanic("close of a nil channel");
  core->lock.lock();
  if (core->ClosedLocked()) {
    core->lock.unlock();
    ThrowPanic("close of a closed channel");
  }
  core->closed.store(true, std::memory_order_release);
  ChanWaiter* first = nullptr;
  ChanWaiter** end = &first;
  for (ChanQueue* queue : {&core->receivers, &core->senders}) {
    while (ChanWaiter* w = queue->Dequeue()) {
      *end = w;
      end = &w->next;
    }
  }
  core->lock.unlock();
  while (first != nullptr) {
    ChanWaiter* next = first->next;
    Ready(first->g);
    first = next;
  }
}

}  // namespace xebec::runtime::internal
