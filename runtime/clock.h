#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/sync/chan.h"

namespace xebec::runtime {

// A timer of a Clock. Stops when it is destroyed, except for one of AfterFunc.
class ClockTimer {
 public:
  virtual ~ClockTimer() = default;
  // On which the time is sent; the nil channel for AfterFunc.
  virtual const Chan<int64_t>& C() const = 0;
  // True if that kept it from firing.
  virtual bool Stop() = 0;
  // Lets it fire `d` from now. True if it had been active.
  virtual bool Reset(std::chrono::nanoseconds d) = 0;
};

// Where code that waits takes its time from, so that a test can drive it. Options structs hold a
// `Clock*` that defaults to RealClock(). All calls are safe from any fiber.
class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic nanoseconds.
  virtual int64_t Now() = 0;
  // Nanoseconds since 1970.
  virtual int64_t WallNow() = 0;
  // Sends the time once, `d` from now.
  virtual std::unique_ptr<ClockTimer> NewTimer(std::chrono::nanoseconds d) = 0;
  // Sends the time every `period`, dropping ticks for slow receivers.
  virtual std::unique_ptr<ClockTimer> NewTicker(std::chrono::nanoseconds period) = 0;
  // Runs `fn` once, `d` from now. The result may be dropped: `fn` runs all the same.
  virtual std::unique_ptr<ClockTimer> AfterFunc(std::chrono::nanoseconds d,
                                                std::function<void()> fn) = 0;
  // Blocks for `d`.
  void Sleep(std::chrono::nanoseconds d) { NewTimer(d)->C().Receive(); }
};

// The runtime's clock: NanoTime and WallNanos, so virtual in a simulation. AfterFunc runs its
// function in a fiber of its own.
Clock* RealClock();

// A clock that stands still until it is told to go on.
//
//   FakeClock clock;
//   Go([&] { clock.Sleep(1h); done.Close(); });
//   clock.BlockUntil(1);
//   clock.Advance(1h);
//   done.Receive();
//
// Functions of AfterFunc run one after another in the fiber that calls Advance, in the order of
// their deadlines, before Advance returns: what they do is there when it has. They must not wait
// for that fiber. Timers must not outlive their clock.
class FakeClock : public Clock {
 public:
  // Begins at 2026-01-01T00:00:00Z.
  FakeClock();
  ~FakeClock() override;
  FakeClock(const FakeClock&) = delete;
  FakeClock& operator=(const FakeClock&) = delete;

  int64_t Now() override;
  int64_t WallNow() override;
  std::unique_ptr<ClockTimer> NewTimer(std::chrono::nanoseconds d) override;
  std::unique_ptr<ClockTimer> NewTicker(std::chrono::nanoseconds period) override;
  std::unique_ptr<ClockTimer> AfterFunc(std::chrono::nanoseconds d,
                                        std::function<void()> fn) override;

  // Lets `d` pass: the clock stands at each deadline on the way while that fires.
  void Advance(std::chrono::nanoseconds d);
  // How many timers, tickers and functions wait.
  int Waiters();
  bool HasWaiters() { return Waiters() > 0; }
  // Blocks until at least `n` wait.
  void BlockUntil(int n);

  // Shared by the clock and its timers.
  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace xebec::runtime
