#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/clock.h"
#include "runtime/sched/timers.h"
#include "runtime/sync/mutex.h"
#include "workqueue/internal/entry_table.h"
#include "workqueue/internal/queue_core.h"

namespace xebec::workqueue::internal {

template <class T>
struct DelayEntry {
  std::optional<T> key;
  uint64_t hash = 0;
  DelayEntry* next_free = nullptr;
  size_t place = 0;  // in the heap

  void Reset() { key.reset(); }
};

// The items that wait for their time, in a 4-ary heap, each once. One timer is set for the
// earliest; when it fires, all that are due go to the queue together. No fiber stands by.
//
//   I1  heap_[e->place].entry == e for each entry of the table.
//   I2  `armed_at_` is when the timer fires, at the latest heap_[0].ready_at; kNever: it is not
//   set.
template <class T, class Hash = std::hash<T>>
class DelayCore : public std::enable_shared_from_this<DelayCore<T, Hash>> {
 public:
  using Entry = DelayEntry<T>;
  using Table = EntryTable<T, Entry, Hash>;

  explicit DelayCore(std::shared_ptr<QueueCore<T, Hash>> queue)
      : queue_(std::move(queue)), clock_(queue_->clock()) {}

  void AddAfter(const T& item, std::chrono::nanoseconds delay) {
    const uint64_t hash = Table::HashOf(item);
    const int64_t now = clock_->Now();
    const int64_t ready_at = runtime::AddTime(now, delay.count());
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (Entry* e = table_.Find(item, hash)) {
      if (ready_at >= heap_[e->place].ready_at) return;
      SiftUpLocked(e->place, {ready_at, next_order_++, e});
    } else {
      e = table_.Insert(item, hash);
      heap_.emplace_back();
      SiftUpLocked(heap_.size() - 1, {ready_at, next_order_++, e});
    }
    ArmLocked(now);
  }

  void Stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (timer_ != nullptr) timer_->Stop();
  }

  size_t Waiting() {
    std::lock_guard lock(mutex_);
    return heap_.size();
  }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static constexpr size_t kArity = 4;

  struct Node {
    int64_t ready_at = 0;
    uint64_t order = 0;  // among equal times, first come first served
    Entry* entry = nullptr;
    bool Before(const Node& other) const {
      return ready_at != other.ready_at ? ready_at < other.ready_at : order < other.order;
    }
  };

  void PlaceLocked(size_t i, const Node& node) {
    heap_[i] = node;
    node.entry->place = i;
  }
  void SiftUpLocked(size_t i, Node node) {
    while (i > 0 && node.Before(heap_[(i - 1) / kArity])) {
      PlaceLocked(i, heap_[(i - 1) / kArity]);
      i = (i - 1) / kArity;
    }
    PlaceLocked(i, node);
  }
  void SiftDownLocked(size_t i, Node node) {
    for (;;) {
      const size_t first = i * kArity + 1;
      if (first >= heap_.size()) break;
      size_t least = first;
      for (size_t c = first + 1; c < std::min(first + kArity, heap_.size()); ++c) {
        if (heap_[c].Before(heap_[least])) least = c;
      }
      if (!heap_[least].Before(node)) break;
      PlaceLocked(i, heap_[least]);
      i = least;
    }
    PlaceLocked(i, node);
  }

  void ArmLocked(int64_t now) {
    if (heap_.empty() || heap_[0].ready_at >= armed_at_) return;
    armed_at_ = heap_[0].ready_at;
    const std::chrono::nanoseconds wait(armed_at_ - now);
    if (timer_ != nullptr) {
      timer_->Reset(wait);
    } else {
      timer_ = clock_->AfterFunc(wait, [weak = this->weak_from_this()] {
        if (auto self = weak.lock()) self->AddDue();
      });
    }
  }

  // In the timer's fiber.
  void AddDue() {
    std::vector<T> due;
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      armed_at_ = kNever;
      const int64_t now = clock_->Now();
      while (!heap_.empty() && heap_[0].ready_at <= now) {
        Entry* e = heap_[0].entry;
        due.push_back(std::move(*e->key));
        table_.Erase(e);
        const Node last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) SiftDownLocked(0, last);
      }
      ArmLocked(now);
    }
    queue_->AddAll(due);
  }

  const std::shared_ptr<QueueCore<T, Hash>> queue_;
  runtime::Clock* const clock_;
  runtime::Mutex mutex_;  // guards all that follows; never held while the queue's is taken
  Table table_;
  std::vector<Node> heap_;
  uint64_t next_order_ = 0;
  int64_t armed_at_ = kNever;
  bool stopped_ = false;
  std::unique_ptr<runtime::ClockTimer> timer_;
};

}  // namespace xebec::workqueue::internal
