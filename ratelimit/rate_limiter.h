#pragma once

#include <chrono>

namespace xebec::ratelimit {

using Duration = std::chrono::nanoseconds;

// Says how long an item has to wait before it is tried again. All calls are safe from any fiber;
// none waits for the time it tells.
template <class T>
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // The item is to be tried again: how long from now. Counts as a failure of it.
  virtual Duration When(const T& item) = 0;
  // The item is through, for better or worse: its failures are forgotten.
  virtual void Forget(const T& item) = 0;
  // How many failures are counted for it.
  virtual int NumRequeues(const T& item) = 0;
};

}  // namespace xebec::ratelimit
