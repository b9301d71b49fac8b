#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "workqueue/internal/delay_core.h"
#include "workqueue/queue.h"

namespace xebec::workqueue {

// A Queue that can also take an item in later.
//
// An item waits at most once; of several AddAfter the earliest counts. A plain Add of an item that
// waits queues it now and leaves it waiting. Source: client-go v0.36,
// util/workqueue/delaying_queue.go (whose AddAfter may block; this one never does).
template <class T>
class DelayingQueue : public Queue<T> {
 public:
  explicit DelayingQueue(QueueOptions<T> options = {})
      : Queue<T>(std::move(options)),
        delays_(std::make_shared<internal::DelayCore<T>>(this->core())) {}
  ~DelayingQueue() { delays_->Stop(); }

  // Adds `item` once `delay` has passed; at once if that is not positive. Never blocks. Ignored
  // once the queue shuts down. Unbounded, as the queue is. O(log waiting).
  void AddAfter(const T& item, std::chrono::nanoseconds delay) {
    if (this->ShuttingDown()) return;
    if (this->core()->metrics() != nullptr) this->core()->metrics()->Retried();
    if (delay.count() <= 0) {
      this->Add(item);
    } else {
      delays_->AddAfter(item, delay);
    }
  }

  // How many items wait for their time.
  size_t Waiting() const { return delays_->Waiting(); }

  // As Queue's. Items that wait for their time are dropped.
  void ShutDown() {
    delays_->Stop();
    Queue<T>::ShutDown();
  }
  void ShutDownWithDrain() {
    delays_->Stop();
    Queue<T>::ShutDownWithDrain();
  }

 private:
  const std::shared_ptr<internal::DelayCore<T>> delays_;
};

}  // namespace xebec::workqueue
