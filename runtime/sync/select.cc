#include "runtime/sync/select.h"

#include <algorithm>
#include <span>

#include "runtime/panic.h"
#include "runtime/rand.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timers.h"

namespace xebec::runtime::internal {

namespace {

using Kind = SelectCase::Kind;

// A select that waits. Lies on the stack of the selecting fiber.
struct Waiting : TimerNode {
  SelectRace race;
  int64_t deadline = 0;  // 0: none
  G* g = nullptr;
  SelectCase* const* cases = nullptr;
  std::span<const uint8_t> lock_order;
};

// Locks each channel once, in the order of addresses: two selects over the same channels never wait
// for each other.
void LockAll(SelectCase* const* cases, std::span<const uint8_t> order) {
  ChanCore* last = nullptr;
  for (uint8_t i : order) {
    if (cases[i]->core != last) {
      last = cases[i]->core;
      last->lock.lock();
    }
  }
}

// The waiter, and with it `cases` and `order`, may be gone as soon as the last lock is free.
void UnlockAll(SelectCase* const* cases, std::span<const uint8_t> order) {
  for (size_t i = order.size(); i-- > 0;) {
    ChanCore* core = cases[order[i]]->core;
    if (i > 0 && cases[order[i - 1]]->core == core) continue;  // unlocked at its first place
    core->lock.unlock();
  }
}

bool MayBeReady(const SelectCase& c) {
  const ChanCore* core = c.core;
  if (core->capacity == 0 || core->closed.load(std::memory_order_relaxed)) return true;
  const size_t count = core->count.load(std::memory_order_relaxed);
  return c.kind == Kind::kReceive ? count > 0 : count < core->capacity;
}

// With the channel locked: does the case if that needs no waiting. `wake`: whom to make ready
// after.
bool TryLocked(SelectCase& c, G** wake, bool* send_on_closed) {
  ChanCore* core = c.core;
  const size_t count = core->CountLocked();
  if (c.kind == Kind::kReceive) {
    if (ChanWaiter* sender = core->senders.Dequeue()) {
      TakeFromSenderLocked(core, sender, c.slot);
      c.ok = true;
      *wake = sender->g;
      return true;
    }
    if (count > 0) {
      std::byte* slot = core->Slot(core->receive_index);
      core->ops->move(c.slot, slot);
      core->ops->destroy(slot);
      core->receive_index = core->Next(core->receive_index);
      core->count.store(count - 1, std::memory_order_relaxed);
      c.ok = true;
      return true;
    }
    return core->ClosedLocked();
  }
  if (core->ClosedLocked()) {
    *send_on_closed = true;
    return true;
  }
  if (ChanWaiter* receiver = core->receivers.Dequeue()) {
    core->ops->move(receiver->slot, c.slot);
    receiver->ok = true;
    *wake = receiver->g;
    return true;
  }
  if (count < core->capacity) {
    core->ops->move(core->Slot(core->send_index), c.slot);
    core->send_index = core->Next(core->send_index);
    core->count.store(count + 1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

int Finish(int index, G* wake, bool send_on_closed) {
  if (wake != nullptr) Ready(wake);
  if (send_on_closed) ThrowPanic("send on a closed channel");
  return index;
}

void SortByAddress(SelectCase* const* cases, std::span<uint8_t> order) {
  for (size_t i = 1; i < order.size(); ++i) {
    const uint8_t moved = order[i];
    size_t j = i;
    for (; j > 0 && cases[order[j - 1]]->core > cases[moved]->core; --j) order[j] = order[j - 1];
    order[j] = moved;
  }
}

void FireTimeout(TimerNode* node, int64_t) {
  auto* waiting = static_cast<Waiting*>(node);
  uint32_t expected = 0;
  G* g = waiting->g;
  if (waiting->race.fired.compare_exchange_strong(expected, 1, std::memory_order_acq_rel,
                                                  std::memory_order_relaxed)) {
    Ready(g);
  }
}

// The state of the fiber is saved: now it may be woken. The timer starts first: once the locks are
// free the fiber may run and be gone. If it fires before that, the fiber waits for the locks.
bool CommitSelect(G*, void* arg) {
  auto* waiting = static_cast<Waiting*>(arg);
  if (waiting->deadline != 0) StartTimer(waiting, waiting->deadline);
  UnlockAll(waiting->cases, waiting->lock_order);
  return true;
}

}  // namespace

int SelectCore(SelectCase* const* cases, int n, uint8_t* order, ChanWaiter* waiters) {
  Poll();
  int with_channel = 0;
  int default_case = -1;
  int timeout_case = -1;
  uint64_t random = n > 1 ? ThreadRand().Next() : 0;
  // A random order, built inside out.
  for (int i = 0; i < n; ++i) {
    switch (cases[i]->kind) {
      case Kind::kDefault:
        default_case = i;
        continue;
      case Kind::kTimeout:
        timeout_case = i;
        continue;
      default:
        break;
    }
    if (cases[i]->core == nullptr) continue;
    const auto bound = static_cast<uint64_t>(with_channel + 1);
    const auto j = static_cast<int>((random & 0xffffffff) * bound >> 32);
    random = random * 6364136223846793005 + 1442695040888963407;
    random = random >> 32 | random << 32;
    order[with_channel] = order[j];
    order[j] = static_cast<uint8_t>(i);
    ++with_channel;
  }
  const std::span poll_order(order, static_cast<size_t>(with_channel));
  G* wake = nullptr;
  bool send_on_closed = false;

  // First, one channel at a time, and only those that look ready. What is found was ready, so it is
  // a fair outcome; what is not found must be looked at again under all locks.
  for (uint8_t i : poll_order) {
    if (!MayBeReady(*cases[i])) continue;
    ChanCore* core = cases[i]->core;
    core->lock.lock();
    const bool done = TryLocked(*cases[i], &wake, &send_on_closed);
    core->lock.unlock();
    if (done) return Finish(i, wake, send_on_closed);
  }
  if (with_channel <= 1 && default_case >= 0) return default_case;

  const std::span lock_order(order + n, static_cast<size_t>(with_channel));
  std::copy(poll_order.begin(), poll_order.end(), lock_order.begin());
  SortByAddress(cases, lock_order);
  LockAll(cases, lock_order);
  for (uint8_t i : poll_order) {
    if (TryLocked(*cases[i], &wake, &send_on_closed)) {
      UnlockAll(cases, lock_order);
      return Finish(i, wake, send_on_closed);
    }
  }
  const int64_t timeout = timeout_case >= 0 ? cases[timeout_case]->timeout_nanos : 0;
  if (default_case >= 0 || (timeout_case >= 0 && timeout <= 0)) {
    UnlockAll(cases, lock_order);
    return default_case >= 0 ? default_case : timeout_case;
  }

  Waiting waiting;
  waiting.g = CurrentG();
  waiting.cases = cases;
  waiting.lock_order = lock_order;
  if (timeout_case >= 0) {
    waiting.fire = FireTimeout;
    waiting.deadline = AddTime(NanoTime(), timeout);
  }
  for (uint8_t i : lock_order) {
    ChanWaiter& w = waiters[i];
    w.g = waiting.g;
    w.slot = cases[i]->slot;
    w.race = &waiting.race;
    w.index = i;
    if (cases[i]->kind == Kind::kReceive) BeginLanding(cases[i]->core, &w);
    (cases[i]->kind == Kind::kReceive ? cases[i]->core->receivers : cases[i]->core->senders)
        .PushBack(&w);
  }
  Park(CommitSelect, &waiting,
       with_channel == 0 && timeout_case < 0 ? WaitReason::kSelectNoCases : WaitReason::kSelect);

  // Leave the other queues. This also waits for whoever lost the race and still looks at our nodes.
  LockAll(cases, lock_order);
  for (uint8_t i : lock_order) {
    ChanWaiter& w = waiters[i];
    EndLanding(&w);
    if (!w.queued) continue;
    (cases[i]->kind == Kind::kReceive ? cases[i]->core->receivers : cases[i]->core->senders)
        .Remove(&w);
  }
  UnlockAll(cases, lock_order);
  if (timeout_case >= 0) StopTimer(&waiting);
  ChanWaiter* winner = waiting.race.winner;
  if (winner == nullptr) return timeout_case;
  SelectCase& c = *cases[winner->index];
  c.ok = winner->ok;
  if (c.kind == Kind::kSend && !winner->ok) ThrowPanic("send on a closed channel");
  return winner->index;
}

}  // namespace xebec::runtime::internal
