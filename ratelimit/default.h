#pragma once

#include <chrono>
#include <memory>

#include "ratelimit/bucket.h"
#include "ratelimit/exponential.h"
#include "ratelimit/max_of.h"

namespace xebec::ratelimit {

// What controllers use unless told otherwise: for each item 5 ms · 2ⁿ up to 1,000 s, and over all
// items 10 a second with a burst of 100; the longer of the two.
template <class T>
std::shared_ptr<RateLimiter<T>> DefaultControllerRateLimiter(
    runtime::Clock* clock = runtime::RealClock()) {
  return std::make_shared<MaxOfRateLimiter<T>>(std::vector<std::shared_ptr<RateLimiter<T>>>{
      std::make_shared<ItemExponentialFailureRateLimiter<T>>(std::chrono::milliseconds(5),
                                                             std::chrono::seconds(1000)),
      std::make_shared<BucketRateLimiter<T>>(10, 100, clock)});
}

}  // namespace xebec::ratelimit
