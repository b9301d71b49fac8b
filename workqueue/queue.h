#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/clock.h"
#include "runtime/context.h"
#include "workqueue/internal/queue_core.h"
#include "workqueue/order.h"

namespace xebec::workqueue {

template <class T>
struct QueueOptions {
  // The label `name` of its metrics. Without a name there are none.
  std::string name = {};
  // Where its metrics go; none by default. Must outlive the queue.
  runtime::Metrics* metrics = nullptr;
  // Must outlive the queue. The runtime's by default.
  runtime::Clock* clock = runtime::RealClock();
  // First in, first out by default.
  std::unique_ptr<Order<T>> order = {};
  // How often the metrics of unfinished work are brought up to date while there is some.
  std::chrono::nanoseconds sample_period = std::chrono::milliseconds(500);
};

// A queue of things to look at, where adding is cheap and nothing is looked at twice at a time.
//
//   while (std::optional<NamespacedName> key = queue.Get(ctx)) {
//     Reconcile(*key);
//     queue.Done(*key);
//   }
//
// An item is *dirty* from its Add until a worker takes it, and *processing* from then until its
// Done. Adding a dirty item changes nothing; adding one in processing puts it back into the queue
// at its Done, so that the last Add is always followed by a whole run of the work.
//
// T is copyable, has == and std::hash. All calls are safe from any fiber; only Get and
// ShutDownWithDrain block. Unbounded: it holds each item once, so at most as many as there are.
// Source: client-go v0.36, util/workqueue/queue.go.
template <class T>
class Queue {
 public:
  explicit Queue(QueueOptions<T> options = {})
      : core_(std::make_shared<internal::QueueCore<T>>(
            options.clock,
            options.metrics != nullptr && !options.name.empty()
                ? std::make_unique<internal::QueueMetrics>(*options.metrics, options.name)
                : nullptr,
            std::move(options.order), options.sample_period)) {}
  // Shuts down. No other call may be under way.
  ~Queue() { core_->ShutDown(false); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Marks `item` as to be looked at. Ignored once the queue shuts down.
  void Add(const T& item) { core_->Add(item); }

  // Blocks until there is an item and takes it; Done must be called with it. Empty once the queue
  // shuts down and has nothing left, or when `ctx` has ended: the worker should end.
  std::optional<T> Get(const Context& ctx) { return core_->Get(ctx); }

  // The work on `item` is over. If it was added meanwhile it is queued again. A Panic if it is not
  // being processed.
  void Done(const T& item) { core_->Done(item); }

  // How many items are queued; those in processing are not counted. Others change it at any time.
  size_t Len() const { return core_->Len(); }

  // From now on Add is ignored; workers get what is still queued, then nothing. Ends the wait of
  // ShutDownWithDrain.
  void ShutDown() { core_->ShutDown(false); }

  // As ShutDown, and blocks until nothing is being processed. Not cancellable but by ShutDown.
  void ShutDownWithDrain() { core_->ShutDown(true); }

  bool ShuttingDown() const { return core_->ShuttingDown(); }

 protected:
  const std::shared_ptr<internal::QueueCore<T>>& core() const { return core_; }

 private:
  const std::shared_ptr<internal::QueueCore<T>> core_;
};

}  // namespace xebec::workqueue
