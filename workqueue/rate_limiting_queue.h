#pragma once

#include <memory>
#include <utility>

#include "ratelimit/default.h"
#include "ratelimit/rate_limiter.h"
#include "workqueue/delaying_queue.h"

namespace xebec::workqueue {

// A DelayingQueue that tries again what failed, each time later.
//
//   if (Reconcile(*key)) queue.Forget(*key); else queue.AddRateLimited(*key);
//   queue.Done(*key);
//
// Forget ends the back-off of an item; it does not replace Done.
template <class T>
class RateLimitingQueue : public DelayingQueue<T> {
 public:
  // `limiter`: DefaultControllerRateLimiter if null.
  explicit RateLimitingQueue(std::shared_ptr<ratelimit::RateLimiter<T>> limiter = nullptr,
                             QueueOptions<T> options = {})
      : DelayingQueue<T>(std::move(options)),
        limiter_(limiter != nullptr
                     ? std::move(limiter)
                     : ratelimit::DefaultControllerRateLimiter<T>(this->core()->clock())) {}

  // Adds `item` after the time that the limiter tells. Never blocks.
  void AddRateLimited(const T& item) { this->AddAfter(item, limiter_->When(item)); }
  // The limiter forgets the item's failures.
  void Forget(const T& item) { limiter_->Forget(item); }
  // How often the item has failed since it was last forgotten.
  int NumRequeues(const T& item) const { return limiter_->NumRequeues(item); }

 private:
  const std::shared_ptr<ratelimit::RateLimiter<T>> limiter_;
};

}  // namespace xebec::workqueue
