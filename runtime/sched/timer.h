#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "runtime/sync/chan.h"

namespace xebec::runtime {

using Duration = std::chrono::nanoseconds;

namespace internal {
struct TimerState;
TimerState* NewChanTimer(Duration delay, Duration period);
TimerState* NewFuncTimer(Duration delay, std::function<void()> fn);
Chan<int64_t>& TimerChan(TimerState* state);
bool StopTimerState(TimerState* state);
bool ResetTimerState(TimerState* state, Duration delay, Duration period);
void ReleaseTimer(TimerState* state, bool stop);

// Owns a reference to a timer's state.
class TimerHandle {
 public:
  TimerHandle(TimerState* state, bool stop_at_end) : state_(state), stop_(stop_at_end) {}
  TimerHandle(TimerHandle&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), stop_(other.stop_) {}
  TimerHandle& operator=(TimerHandle&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(stop_, other.stop_);
    return *this;
  }
  ~TimerHandle() {
    if (state_ != nullptr) ReleaseTimer(state_, stop_);
  }
  TimerState* get() const { return state_; }

 private:
  TimerState* state_;
  bool stop_;
};
}  // namespace internal

// Blocks the fiber for at least `d`; at once if `d` is not positive. Not cancellable: SleepFor of
// runtime/context.h is.
void Sleep(Duration d);

// Sends the time (NanoTime) on its channel once, `d` from now.
//
// As in Go 1.23 and later, no stale value is received after Stop or Reset has returned. Stops when
// it is destroyed. Not to be used by several fibers at once, its channel apart.
class Timer {
 public:
  explicit Timer(Duration d) : handle_(internal::NewChanTimer(d, Duration::zero()), true) {}
  // The channel; it is never closed.
  const Chan<int64_t>& C() const { return internal::TimerChan(handle_.get()); }
  // True if that kept the timer from firing (its value not being received counts so).
  bool Stop() { return internal::StopTimerState(handle_.get()); }
  // Starts it again, `d` from now. True if it had been active.
  bool Reset(Duration d) { return internal::ResetTimerState(handle_.get(), d, Duration::zero()); }

 private:
  internal::TimerHandle handle_;
};

// Sends the time on its channel every `period`, dropping ticks for slow receivers. A period that
// is not positive is a Panic. Stops when it is destroyed.
class Ticker {
 public:
  explicit Ticker(Duration period);
  const Chan<int64_t>& C() const { return internal::TimerChan(handle_.get()); }
  void Stop() { internal::StopTimerState(handle_.get()); }
  void Reset(Duration period);

 private:
  internal::TimerHandle handle_;
};

// A function that runs in a fiber of its own, `d` from now, unless stopped before.
//
// The handle may be dropped: the function runs all the same.
class FuncTimer {
 public:
  FuncTimer(Duration d, std::function<void()> fn)
      : handle_(internal::NewFuncTimer(d, std::move(fn)), false) {}
  // True if that kept the function from being started. Does not wait for a run under way.
  bool Stop() { return internal::StopTimerState(handle_.get()); }
  // Lets it run (again) `d` from now. True if it had been waiting.
  bool Reset(Duration d) { return internal::ResetTimerState(handle_.get(), d, Duration::zero()); }

 private:
  internal::TimerHandle handle_;
};

// Runs `fn` in a fiber of its own after `d`. The result may be ignored.
inline FuncTimer AfterFunc(Duration d, std::function<void()> fn) {
  return FuncTimer(d, std::move(fn));
}

// A channel on which the time is sent once, after `d`. The timer lives until it fires.
Chan<int64_t> After(Duration d);

}  // namespace xebec::runtime
