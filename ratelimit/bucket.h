#pragma once

#include <cstdint>

#include "ratelimit/rate_limiter.h"
#include "runtime/clock.h"
#include "runtime/context.h"
#include "runtime/result.h"
#include "runtime/sched/spinlock.h"

namespace xebec::ratelimit {

// A bucket of `burst` tokens, full at first, that `per_second` tokens flow into. Safe from any
// fiber.
//
// It keeps one number, the time at which it is (or will be) empty: what has flowed in since then is
// what it holds. Rates are kept as whole nanoseconds for each token.
class TokenBucket {
 public:
  // `per_second` 0: the burst, and never more; infinity: no limit. Neither is negative. `clock`
  // must outlive the bucket.
  TokenBucket(double per_second, int burst, runtime::Clock* clock = runtime::RealClock());

  // Takes a token, on credit if there is none; returns how long to wait until it is earned. The
  // largest duration if it never will be (nothing is taken then).
  Duration Reserve();
  // Takes a token if one is there.
  bool TryTake();
  // Blocks until it has a token. An error if `ctx` ends, or would end before the token comes (then
  // at once, and nothing was taken).
  Result<void> Wait(const Context& ctx);

 private:
  Duration ReserveUpTo(Duration longest);
  void GiveBack();

  const int64_t interval_;  // nanoseconds for each token; 0: no limit; the largest: none come
  const int64_t burst_;
  runtime::Clock* const clock_;
  runtime::SpinLock lock_;
  int64_t empty_at_;  // guarded by lock_
};

// Lets items pass at a rate, whatever they are.
template <class T>
class BucketRateLimiter : public RateLimiter<T> {
 public:
  BucketRateLimiter(double per_second, int burst, runtime::Clock* clock = runtime::RealClock())
      : bucket_(per_second, burst, clock) {}

  Duration When(const T&) override { return bucket_.Reserve(); }
  void Forget(const T&) override {}
  int NumRequeues(const T&) override { return 0; }

 private:
  TokenBucket bucket_;
};

}  // namespace xebec::ratelimit
