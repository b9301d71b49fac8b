#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "ratelimit/rate_limiter.h"

namespace xebec::ratelimit {

// What another limiter says, but never more than `max`.
template <class T>
class WithMaxWaitRateLimiter : public RateLimiter<T> {
 public:
  WithMaxWaitRateLimiter(std::shared_ptr<RateLimiter<T>> limiter, Duration max)
      : limiter_(std::move(limiter)), max_(max) {}

  Duration When(const T& item) override { return std::min(limiter_->When(item), max_); }
  void Forget(const T& item) override { limiter_->Forget(item); }
  int NumRequeues(const T& item) override { return limiter_->NumRequeues(item); }

 private:
  const std::shared_ptr<RateLimiter<T>> limiter_;
  const Duration max_;
};

}  // namespace xebec::ratelimit
