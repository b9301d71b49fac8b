#include "ratelimit/bucket.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "runtime/check.h"
#include "runtime/sched/timers.h"
#include "runtime/sync/select.h"

namespace xebec::ratelimit {

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

int64_t Interval(double per_second) {
  CHECK(per_second >= 0, "TokenBucket: {} tokens a second", per_second);
  const double nanos = 1e9 / per_second;
  return nanos >= 9e18 ? kNever : std::llround(nanos);
}

int64_t Times(int64_t n, int64_t interval) {
  int64_t product = 0;
  return __builtin_mul_overflow(n, interval, &product) ? kNever : product;
}

}  // namespace

TokenBucket::TokenBucket(double per_second, int burst, runtime::Clock* clock)
    : interval_(Interval(per_second)),
      burst_(burst),
      clock_(clock),
      empty_at_(interval_ == kNever ? 0
                                    : runtime::AddTime(clock->Now(), -Times(burst, interval_))) {
  CHECK(burst >= 0, "TokenBucket: a burst of {}", burst);
}

// Takes a token if it is earned within `longest`; else returns the largest duration.
Duration TokenBucket::ReserveUpTo(Duration longest) {
  if (interval_ == 0) return Duration::zero();
  if (burst_ == 0) return Duration::max();
  if (interval_ == kNever) {
    // Nothing flows in: empty_at_ counts the tokens taken.
    std::lock_guard hold(lock_);
    if (empty_at_ >= burst_) return Duration::max();
    ++empty_at_;
    return Duration::zero();
  }
  const int64_t now = clock_->Now();
  std::lock_guard hold(lock_);
  // No more than the burst has gathered.
  const int64_t empty_at = std::max(empty_at_, runtime::AddTime(now, -Times(burst_, interval_)));
  const int64_t next = runtime::AddTime(empty_at, interval_);
  const Duration wait(next > now ? next - now : 0);
  if (wait > longest) return Duration::max();
  empty_at_ = next;
  return wait;
}

void TokenBucket::GiveBack() {
  if (interval_ == 0) return;
  std::lock_guard hold(lock_);
  empty_at_ -= interval_ == kNever ? 1 : interval_;
}

Duration TokenBucket::Reserve() { return ReserveUpTo(Duration::max()); }

bool TokenBucket::TryTake() { return ReserveUpTo(Duration::zero()) == Duration::zero(); }

Result<void> TokenBucket::Wait(const Context& ctx) {
  XEBEC_TRY(ctx.Check());
  Duration longest = Duration::max();
  if (auto deadline = ctx.Deadline()) longest = Duration(*deadline - runtime::RealClock()->Now());
  const Duration wait = ReserveUpTo(longest);
  if (wait == Duration::zero()) return {};
  if (wait == Duration::max()) {
    return Error::DeadlineExceeded("rate limit: no token comes before the context's deadline");
  }
  std::unique_ptr<runtime::ClockTimer> timer = clock_->NewTimer(wait);
  if (runtime::Select(runtime::OnReceive(timer->C()), runtime::OnReceive(ctx.Done())) == 1) {
    GiveBack();
    return ctx.Check();
  }
  return {};
}

}  // namespace xebec::ratelimit
