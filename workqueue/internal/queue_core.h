#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/check.h"
#include "runtime/clock.h"
#include "runtime/context.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/mutex.h"
#include "workqueue/internal/entry_table.h"
#include "workqueue/metrics.h"
#include "workqueue/order.h"

namespace xebec::workqueue::internal {

// An item the queue knows of: dirty (it has to be looked at), processing (a worker looks at it), or
// both. Guarded by the queue's mutex; `key` does not change while it is in the table.
template <class T>
struct QueueEntry {
  std::optional<T> key;
  uint64_t hash = 0;
  QueueEntry* next_free = nullptr;
  bool dirty = false;
  bool processing = false;
  QueueEntry* next = nullptr;  // in the FIFO, or among those in processing
  QueueEntry* prev = nullptr;  // among those in processing
  int64_t added_at = 0;        // with metrics: when it became dirty
  int64_t started_at = 0;      // with metrics: when a worker took it

  void Reset() {
    key.reset();
    dirty = processing = false;
    next = prev = nullptr;
  }
};

// The state of a Queue, shared with the timers that outlive its handle by a moment.
//
//   I1  A dirty item is in the order exactly while it is not being processed.
//   I2  An item is in the table exactly while it is dirty or processing.
//   I3  `waiting_` counts the workers in ready_.Wait; Add signals only if there are any.
template <class T, class Hash = std::hash<T>>
class QueueCore : public std::enable_shared_from_this<QueueCore<T, Hash>> {
 public:
  using Entry = QueueEntry<T>;
  using Table = EntryTable<T, Entry, Hash>;

  QueueCore(runtime::Clock* clock, std::unique_ptr<QueueMetrics> metrics,
            std::unique_ptr<Order<T>> order, std::chrono::nanoseconds sample_period)
      : clock_(clock),
        metrics_(std::move(metrics)),
        order_(std::move(order)),
        sample_period_(sample_period) {}

  void Add(const T& item) {
    const uint64_t hash = Table::HashOf(item);
    std::unique_lock lock(mutex_);
    const bool wake = AddLocked(item, hash);
    lock.unlock();
    if (wake) ready_.Signal();
  }

  // Adds all, taking the lock once for a few at a time.
  void AddAll(std::vector<T>& items) {
    constexpr size_t kBatch = 64;
    for (size_t i = 0; i < items.size();) {
      size_t wake = 0;
      std::unique_lock lock(mutex_);
      for (size_t end = std::min(items.size(), i + kBatch); i < end; ++i) {
        if (AddLocked(items[i], Table::HashOf(items[i]))) ++wake;
      }
      lock.unlock();
      while (wake-- > 0) ready_.Signal();
    }
  }

  std::optional<T> Get(const Context& ctx) {
    if (ctx.IsDone()) return std::nullopt;
    std::unique_lock lock(mutex_);
    while (LenLocked() == 0) {
      if (shutting_down_) return std::nullopt;
      ++waiting_;
      const bool signalled = ready_.Wait(ctx, lock);
      --waiting_;
      if (!signalled) return std::nullopt;
    }
    Entry* e = PopLocked();
    e->dirty = false;
    e->processing = true;
    ++processing_;
    if (metrics_ != nullptr) StartedLocked(e);
    lock.unlock();
    return e->key;  // it stays in the table until our Done
  }

  void Done(const T& item) {
    const uint64_t hash = Table::HashOf(item);
    std::unique_lock lock(mutex_);
    Entry* e = table_.Find(item, hash);
    CHECK(e != nullptr && e->processing, "Done of an item that is not being processed");
    if (metrics_ != nullptr) FinishedLocked(e);
    e->processing = false;
    const bool idle = --processing_ == 0;
    bool wake = false;
    if (e->dirty) {
      PushLocked(e);
      wake = waiting_ > 0;
    } else {
      table_.Erase(e);
    }
    const bool drained = idle && shutting_down_;
    lock.unlock();
    if (wake) ready_.Signal();
    if (drained) drained_.Broadcast();
  }

  size_t Len() {
    std::lock_guard lock(mutex_);
    return LenLocked();
  }

  void ShutDown(bool drain) {
    std::unique_lock lock(mutex_);
    drain_ = drain;
    shutting_down_ = true;
    if (sampler_ != nullptr) sampler_->Stop();
    ready_.Broadcast();
    if (drain) {
      drained_.Wait(lock, [&] { return processing_ == 0 || !drain_; });
    } else {
      drained_.Broadcast();
    }
  }

  bool ShuttingDown() {
    std::lock_guard lock(mutex_);
    return shutting_down_;
  }

  runtime::Clock* clock() const { return clock_; }
  QueueMetrics* metrics() const { return metrics_.get(); }

 private:
  // True if a worker is to be woken.
  bool AddLocked(const T& item, uint64_t hash) {
    if (shutting_down_) return false;
    Entry* e = table_.Find(item, hash);
    if (e == nullptr) {
      e = table_.Insert(item, hash);
    } else if (e->dirty) {
      if (order_ != nullptr && !e->processing) order_->Touch(item);
      return false;
    }
    e->dirty = true;
    if (metrics_ != nullptr) {
      metrics_->Added();
      e->added_at = clock_->Now();
    }
    if (e->processing) return false;
    PushLocked(e);
    return waiting_ > 0;
  }

  size_t LenLocked() const { return order_ != nullptr ? order_->Len() : fifo_size_; }

  void PushLocked(Entry* e) {
    if (order_ != nullptr) {
      order_->Push(*e->key);
      return;
    }
    e->next = nullptr;
    (fifo_tail_ != nullptr ? fifo_tail_->next : fifo_head_) = e;
    fifo_tail_ = e;
    ++fifo_size_;
  }

  Entry* PopLocked() {
    if (order_ != nullptr) {
      const T item = order_->Pop();
      Entry* e = table_.Find(item, Table::HashOf(item));
      CHECK(e != nullptr && e->dirty && !e->processing, "Order::Pop gave an item not pushed");
      return e;
    }
    Entry* e = fifo_head_;
    fifo_head_ = e->next;
    if (fifo_head_ == nullptr) fifo_tail_ = nullptr;
    e->next = nullptr;
    --fifo_size_;
    return e;
  }

  void StartedLocked(Entry* e) {
    const int64_t now = clock_->Now();
    metrics_->Got(now - e->added_at);
    e->started_at = now;
    started_sum_ += now;
    // In the order of their start: the first one runs longest.
    e->prev = running_tail_;
    e->next = nullptr;
    (running_tail_ != nullptr ? running_tail_->next : running_head_) = e;
    running_tail_ = e;
    if (!sampling_ && !shutting_down_) {
      sampling_ = true;
      if (sampler_ != nullptr) {
        sampler_->Reset(sample_period_);
      } else {
        sampler_ = clock_->AfterFunc(sample_period_, [weak = this->weak_from_this()] {
          if (auto self = weak.lock()) self->Sample();
        });
      }
    }
  }

  void FinishedLocked(Entry* e) {
    metrics_->Done(clock_->Now() - e->started_at);
    started_sum_ -= e->started_at;
    (e->prev != nullptr ? e->prev->next : running_head_) = e->next;
    (e->next != nullptr ? e->next->prev : running_tail_) = e->prev;
    e->next = e->prev = nullptr;
  }

  // Every sample_period_ while something is being processed, and once after that.
  void Sample() {
    std::lock_guard lock(mutex_);
    sampling_ = false;
    if (shutting_down_) return;
    const int64_t now = clock_->Now();
    const auto running = static_cast<__int128>(processing_);
    metrics_->Unfinished(static_cast<int64_t>(running * now - started_sum_),
                         running_head_ == nullptr ? 0 : now - running_head_->started_at);
    if (processing_ == 0) return;
    sampling_ = true;
    sampler_->Reset(sample_period_);
  }

  runtime::Clock* const clock_;
  const std::unique_ptr<QueueMetrics> metrics_;  // null: unnamed
  const std::unique_ptr<Order<T>> order_;        // null: the FIFO below; guarded by mutex_
  const std::chrono::nanoseconds sample_period_;

  runtime::Mutex mutex_;   // guards all that follows
  runtime::Cond ready_;    // an item is queued, or the queue shuts down
  runtime::Cond drained_;  // nothing is being processed any more, or draining was called off
  Table table_;
  Entry* fifo_head_ = nullptr;
  Entry* fifo_tail_ = nullptr;
  size_t fifo_size_ = 0;
  size_t processing_ = 0;
  int waiting_ = 0;
  bool shutting_down_ = false;
  bool drain_ = false;
  // With metrics only.
  Entry* running_head_ = nullptr;
  Entry* running_tail_ = nullptr;
  __int128 started_sum_ = 0;
  bool sampling_ = false;
  std::unique_ptr<runtime::ClockTimer> sampler_;
};

}  // namespace xebec::workqueue::internal
