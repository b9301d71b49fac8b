#include "runtime/clock.h"

#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "runtime/panic.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sched/timers.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime {

namespace {

class RealTimer : public ClockTimer {
 public:
  explicit RealTimer(std::chrono::nanoseconds d) : timer_(d) {}
  const Chan<int64_t>& C() const override { return timer_.C(); }
  bool Stop() override { return timer_.Stop(); }
  bool Reset(std::chrono::nanoseconds d) override { return timer_.Reset(d); }

 private:
  Timer timer_;
};

class RealTicker : public ClockTimer {
 public:
  explicit RealTicker(std::chrono::nanoseconds period) : ticker_(period) {}
  const Chan<int64_t>& C() const override { return ticker_.C(); }
  bool Stop() override {
    ticker_.Stop();
    return true;
  }
  bool Reset(std::chrono::nanoseconds period) override {
    ticker_.Reset(period);
    return true;
  }

 private:
  Ticker ticker_;
};

const Chan<int64_t>& NoChan() {
  static const Chan<int64_t> none(nullptr);
  return none;
}

class RealFuncTimer : public ClockTimer {
 public:
  RealFuncTimer(std::chrono::nanoseconds d, std::function<void()> fn) : timer_(d, std::move(fn)) {}
  const Chan<int64_t>& C() const override { return NoChan(); }
  bool Stop() override { return timer_.Stop(); }
  bool Reset(std::chrono::nanoseconds d) override { return timer_.Reset(d); }

 private:
  FuncTimer timer_;
};

class Real : public Clock {
 public:
  int64_t Now() override { return NanoTime(); }
  int64_t WallNow() override { return WallNanos(); }
  std::unique_ptr<ClockTimer> NewTimer(std::chrono::nanoseconds d) override {
    return std::make_unique<RealTimer>(d);
  }
  std::unique_ptr<ClockTimer> NewTicker(std::chrono::nanoseconds period) override {
    return std::make_unique<RealTicker>(period);
  }
  std::unique_ptr<ClockTimer> AfterFunc(std::chrono::nanoseconds d,
                                        std::function<void()> fn) override {
    return std::make_unique<RealFuncTimer>(d, std::move(fn));
  }
};

}  // namespace

Clock* RealClock() {
  static Real clock;
  return &clock;
}

namespace {

// One waiter of a FakeClock. Guarded by the clock's mutex, except for what is const.
struct FakeWaiter {
  const std::optional<Chan<int64_t>> chan;  // none: a function
  const std::function<void()> fn;
  int64_t when = 0;
  int64_t period = 0;
  uint64_t order = 0;  // among equal deadlines, first come first served
  bool waiting = false;
};

struct Earlier {
  using is_transparent = void;
  bool operator()(const std::shared_ptr<FakeWaiter>& a,
                  const std::shared_ptr<FakeWaiter>& b) const {
    return a->when != b->when ? a->when < b->when : a->order < b->order;
  }
};

}  // namespace

struct FakeClock::State {
  Mutex mutex;
  Cond more_waiters;
  int64_t now = 1;  // guarded by mutex, and so is the rest
  uint64_t next_order = 0;
  std::set<std::shared_ptr<FakeWaiter>, Earlier> waiters;

  void StartLocked(const std::shared_ptr<FakeWaiter>& w, int64_t when) {
    w->when = when;
    w->order = next_order++;
    w->waiting = true;
    waiters.insert(w);
    more_waiters.Broadcast();
  }
  bool StopLocked(const std::shared_ptr<FakeWaiter>& w) {
    if (!std::exchange(w->waiting, false)) return false;
    waiters.erase(w);
    return true;
  }

  // Fires what is due, one at a time and without the mutex.
  void FireDue() {
    for (;;) {
      std::shared_ptr<FakeWaiter> w;
      {
        std::lock_guard lock(mutex);
        if (waiters.empty() || (*waiters.begin())->when > now) return;
        w = *waiters.begin();
        waiters.erase(waiters.begin());
        w->waiting = false;
        if (w->period > 0) StartLocked(w, AddTime(w->when, w->period));
        if (w->chan) w->chan->TrySend(int64_t{now});
      }
      if (w->fn) w->fn();
    }
  }
};

namespace {

class FakeTimer : public ClockTimer {
 public:
  FakeTimer(std::shared_ptr<FakeClock::State> clock, std::shared_ptr<FakeWaiter> waiter)
      : clock_(std::move(clock)), waiter_(std::move(waiter)) {}
  ~FakeTimer() override {
    if (waiter_->chan) Stop();
  }
  const Chan<int64_t>& C() const override { return waiter_->chan ? *waiter_->chan : NoChan(); }
  bool Stop() override {
    std::lock_guard lock(clock_->mutex);
    return StopLocked();
  }
  bool Reset(std::chrono::nanoseconds d) override {
    bool active = false;
    {
      std::lock_guard lock(clock_->mutex);
      active = StopLocked();
      if (waiter_->period > 0) waiter_->period = d.count();
      clock_->StartLocked(waiter_, AddTime(clock_->now, d.count()));
    }
    if (d.count() <= 0) clock_->FireDue();
    return active;
  }

 private:
  bool StopLocked() {
    bool active = clock_->StopLocked(waiter_);
    // A value that nobody has received yet is taken back.
    if (waiter_->chan && waiter_->chan->TryReceive()) active = true;
    return active;
  }

  std::shared_ptr<FakeClock::State> clock_;
  std::shared_ptr<FakeWaiter> waiter_;
};

std::unique_ptr<ClockTimer> Start(const std::shared_ptr<FakeClock::State>& clock,
                                  std::shared_ptr<FakeWaiter> waiter, int64_t delay) {
  {
    std::lock_guard lock(clock->mutex);
    clock->StartLocked(waiter, AddTime(clock->now, delay));
  }
  if (delay <= 0) clock->FireDue();
  return std::make_unique<FakeTimer>(clock, std::move(waiter));
}

}  // namespace

FakeClock::FakeClock() : state_(std::make_shared<State>()) {}

FakeClock::~FakeClock() {
  std::lock_guard lock(state_->mutex);
  for (const auto& w : state_->waiters) w->waiting = false;
  state_->waiters.clear();
}

int64_t FakeClock::Now() {
  std::lock_guard lock(state_->mutex);
  return state_->now;
}

int64_t FakeClock::WallNow() { return kSimulationEpochNanos + Now() - 1; }

std::unique_ptr<ClockTimer> FakeClock::NewTimer(std::chrono::nanoseconds d) {
  return Start(state_, std::make_shared<FakeWaiter>(Chan<int64_t>(1), nullptr), d.count());
}

std::unique_ptr<ClockTimer> FakeClock::NewTicker(std::chrono::nanoseconds period) {
  if (period.count() <= 0) ThrowPanic("NewTicker: the period is not positive");
  auto waiter = std::make_shared<FakeWaiter>(Chan<int64_t>(1), nullptr);
  waiter->period = period.count();
  return Start(state_, std::move(waiter), period.count());
}

std::unique_ptr<ClockTimer> FakeClock::AfterFunc(std::chrono::nanoseconds d,
                                                 std::function<void()> fn) {
  return Start(state_, std::make_shared<FakeWaiter>(std::nullopt, std::move(fn)), d.count());
}

void FakeClock::Advance(std::chrono::nanoseconds d) {
  int64_t end = AddTime(Now(), d.count());
  for (;;) {
    {
      std::lock_guard lock(state_->mutex);
      int64_t next = state_->waiters.empty() ? std::numeric_limits<int64_t>::max()
                                             : (*state_->waiters.begin())->when;
      if (next > end) {
        state_->now = end;
        return;
      }
      if (next > state_->now) state_->now = next;
    }
    state_->FireDue();
  }
}

int FakeClock::Waiters() {
  std::lock_guard lock(state_->mutex);
  return static_cast<int>(state_->waiters.size());
}

void FakeClock::BlockUntil(int n) {
  std::unique_lock lock(state_->mutex);
  state_->more_waiters.Wait(lock, [&] { return static_cast<int>(state_->waiters.size()) >= n; });
}

}  // namespace xebec::runtime
