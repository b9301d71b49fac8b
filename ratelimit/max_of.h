#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ratelimit/rate_limiter.h"

namespace xebec::ratelimit {

// The longest of what several limiters say; each of them is asked each time.
template <class T>
class MaxOfRateLimiter : public RateLimiter<T> {
 public:
  explicit MaxOfRateLimiter(std::vector<std::shared_ptr<RateLimiter<T>>> limiters)
      : limiters_(std::move(limiters)) {}

  Duration When(const T& item) override {
    Duration longest = Duration::zero();
    for (const auto& limiter : limiters_) longest = std::max(longest, limiter->When(item));
    return longest;
  }
  void Forget(const T& item) override {
    for (const auto& limiter : limiters_) limiter->Forget(item);
  }
  int NumRequeues(const T& item) override {
    int most = 0;
    for (const auto& limiter : limiters_) most = std::max(most, limiter->NumRequeues(item));
    return most;
  }

 private:
  const std::vector<std::shared_ptr<RateLimiter<T>>> limiters_;
};

}  // namespace xebec::ratelimit
