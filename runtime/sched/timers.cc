#include "runtime/sched/timers.h"

#include <sched.h>

#include <mutex>

#include "runtime/sched/park.h"

namespace xebec::runtime {

namespace {
constexpr size_t kArity = 4;
// Past this many pauses a thread that waits for a timer's function lets others run.
constexpr int kPausesBeforeYield = 200;
}  // namespace

void Timers::PlaceLocked(size_t index, Entry entry) {
  heap_[index] = entry;
  if (entry.tracked()) entry.node()->index = static_cast<int32_t>(index);
}

void Timers::SiftUpLocked(size_t index, Entry entry) {
  while (index > 0) {
    size_t parent = (index - 1) / kArity;
    if (heap_[parent].when <= entry.when) break;
    PlaceLocked(index, heap_[parent]);
    index = parent;
  }
  PlaceLocked(index, entry);
}

void Timers::SiftDownLocked(size_t index, Entry entry) {
  const size_t size = heap_.size();
  for (;;) {
    size_t first = index * kArity + 1;
    if (first >= size) break;
    size_t least = first;
    size_t end = first + kArity < size ? first + kArity : size;
    for (size_t child = first + 1; child < end; ++child) {
      if (heap_[child].when < heap_[least].when) least = child;
    }
    if (heap_[least].when >= entry.when) break;
    PlaceLocked(index, heap_[least]);
    index = least;
  }
  PlaceLocked(index, entry);
}

void Timers::PublishNextLocked() {
  next_.store(heap_.empty() ? 0 : heap_[0].when, std::memory_order_seq_cst);
}

// True if the new entry is the earliest now.
bool Timers::AddLocked(TimerNode* node, int64_t when, bool tracked) {
  // 0 says "no timer", so no deadline is 0; what lies in the past is due either way.
  if (when <= 0) when = 1;
  node->when = when;
  node->owner.store(this, std::memory_order_release);
  Entry entry{when, reinterpret_cast<uintptr_t>(node) | (tracked ? 1 : 0)};
  heap_.emplace_back();
  SiftUpLocked(heap_.size() - 1, entry);
  if (heap_[0].tagged != entry.tagged) return false;
  PublishNextLocked();
  return true;
}

void Timers::RemoveAtLocked(size_t index) {
  Entry last = heap_.back();
  heap_.pop_back();
  if (index < heap_.size()) {
    if (index > 0 && heap_[(index - 1) / kArity].when > last.when) {
      SiftUpLocked(index, last);
    } else {
      SiftDownLocked(index, last);
    }
  }
  if (index == 0) PublishNextLocked();
}

int64_t Timers::Check(int64_t now) {
  int64_t next = next_.load(std::memory_order_seq_cst);
  if (next == 0 || next > now) return next;
  std::unique_lock lock(lock_);
  if (running_.load(std::memory_order_relaxed) != nullptr) return Next();
  while (!heap_.empty() && heap_[0].when <= now) {
    Entry top = heap_[0];
    TimerNode* node = top.node();
    if (top.tracked() && node->period > 0) {
      // Skips what was missed: the next one is in the future.
      int64_t periods = 1 + (now - top.when) / node->period;
      int64_t skip = 0;
      if (__builtin_mul_overflow(periods, node->period, &skip)) skip = INT64_MAX;
      top.when = node->when = AddTime(top.when, skip);
      SiftDownLocked(0, top);
      PublishNextLocked();
    } else {
      if (top.tracked()) node->index = -1;
      RemoveAtLocked(0);
    }
    running_.store(node, std::memory_order_relaxed);
    auto* fire = node->fire;
    lock.unlock();
    fire(node, now);
    lock.lock();
    running_.store(nullptr, std::memory_order_relaxed);
  }
  return Next();
}

void Timers::MoveAllTo(Timers& to) {
  if (this == &to) return;
  std::scoped_lock lock(this < &to ? lock_ : to.lock_, this < &to ? to.lock_ : lock_);
  for (const Entry& entry : heap_) {
    to.AddLocked(entry.node(), entry.when, entry.tracked());
  }
  heap_.clear();
  PublishNextLocked();
}

size_t Timers::SizeForTest() {
  std::lock_guard lock(lock_);
  return heap_.size();
}

void StartTimer(TimerNode* node, int64_t when, int64_t period) {
  node->period = period;
  Timers* timers = CurrentTimers();
  timers->lock_.lock();
  bool earliest = timers->AddLocked(node, when, true);
  timers->lock_.unlock();
  if (earliest) WakeForTimer(when);
}

void StartSleepTimer(TimerNode* node, int64_t when) {
  node->period = 0;
  Timers* timers = CurrentTimers();
  timers->lock_.lock();
  bool earliest = timers->AddLocked(node, when, false);
  timers->lock_.unlock();
  if (earliest) WakeForTimer(when);
}

bool StopTimer(TimerNode* node) {
  for (int spins = 0;; ++spins) {
    Timers* timers = node->owner.load(std::memory_order_acquire);
    if (timers == nullptr) return false;
    timers->lock_.lock();
    if (node->owner.load(std::memory_order_relaxed) != timers) {
      timers->lock_.unlock();
      continue;  // it moved to another P meanwhile
    }
    bool waiting = node->index >= 0;
    if (waiting) {
      timers->RemoveAtLocked(static_cast<size_t>(node->index));
      node->index = -1;
    }
    bool running = timers->running_.load(std::memory_order_relaxed) == node;
    if (!running) node->owner.store(nullptr, std::memory_order_relaxed);
    timers->lock_.unlock();
    if (!running) return waiting;
    // Its function runs on another thread, for less than a microsecond unless that thread was
    // taken off its processor.
    for (;;) {
      if (timers->running_.load(std::memory_order_acquire) != node) return waiting;
      if (++spins < kPausesBeforeYield) {
        CpuPause();
      } else {
        sched_yield();
      }
    }
  }
}

}  // namespace xebec::runtime
