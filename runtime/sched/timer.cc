#include "runtime/sched/timer.h"

#include <atomic>

#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/park.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timers.h"

namespace xebec::runtime {

namespace internal {

// A timer that users hold. `refs` counts the handle and, for a function that waits, the heap: the
// function runs even if the handle is gone.
struct TimerState : TimerNode {
  std::atomic<uint32_t> refs{1};
  Chan<int64_t> chan{nullptr};
  std::function<void()> fn;
};

namespace {

void DropRef(TimerState* state) {
  if (state->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state;
}

void FireChan(TimerNode* node, int64_t now) {
  static_cast<TimerState*>(node)->chan.TrySend(int64_t{now});
}

// The heap's reference passes to the fiber.
void FireFunc(TimerNode* node, int64_t) {
  auto* state = static_cast<TimerState*>(node);
  GoNamed("timer.AfterFunc", [state] {
    struct Drop {
      TimerState* state;
      ~Drop() { DropRef(state); }
    } drop{state};
    state->fn();
  });
}

void Start(TimerState* state, Duration delay, Duration period) {
  const int64_t wait = delay.count() > 0 ? delay.count() : 0;
  if (state->fn) state->refs.fetch_add(1, std::memory_order_relaxed);
  StartTimer(state, AddTime(NanoTime(), wait), period.count());
}

}  // namespace

TimerState* NewChanTimer(Duration delay, Duration period) {
  auto* state = new TimerState;
  state->chan = Chan<int64_t>(1);
  state->fire = FireChan;
  Start(state, delay, period);
  return state;
}

TimerState* NewFuncTimer(Duration delay, std::function<void()> fn) {
  if (!fn) ThrowPanic("AfterFunc: the function is empty");
  auto* state = new TimerState;
  state->fn = std::move(fn);
  state->fire = FireFunc;
  Start(state, delay, Duration::zero());
  return state;
}

Chan<int64_t>& TimerChan(TimerState* state) { return state->chan; }

bool StopTimerState(TimerState* state) {
  bool stopped = StopTimer(state);
  if (state->fn) {
    if (stopped) DropRef(state);  // the heap's; the handle's is still there
    return stopped;
  }
  // A value that nobody has received yet is taken back: nothing stale is seen after Stop.
  return state->chan.TryReceive().has_value() || stopped;
}

bool ResetTimerState(TimerState* state, Duration delay, Duration period) {
  bool active = StopTimerState(state);
  Start(state, delay, period);
  return active;
}

void ReleaseTimer(TimerState* state, bool stop) {
  if (stop) StopTimer(state);
  DropRef(state);
}

}  // namespace internal

Ticker::Ticker(Duration period)
    : handle_((period.count() > 0 ? void() : ThrowPanic("Ticker: the period is not positive"),
               internal::NewChanTimer(period, period)),
              true) {}

void Ticker::Reset(Duration period) {
  if (period.count() <= 0) ThrowPanic("Ticker: the period is not positive");
  internal::ResetTimerState(handle_.get(), period, period);
}

void Sleep(Duration d) {
  if (d.count() <= 0) return;
  struct Sleeper : TimerNode {
    G* g;
    int64_t until;
  } sleeper;
  sleeper.g = CurrentG();
  sleeper.until = AddTime(NanoTime(), d.count());
  sleeper.fire = [](TimerNode* node, int64_t) { Ready(static_cast<Sleeper*>(node)->g); };
  // Started only once the fiber sleeps: it might be due at once.
  Park(
      [](G*, void* arg) {
        auto* s = static_cast<Sleeper*>(arg);
        StartSleepTimer(s, s->until);
        return true;
      },
      &sleeper, WaitReason::kSleep);
}

Chan<int64_t> After(Duration d) {
  Chan<int64_t> chan(1);
  AfterFunc(d, [chan] { chan.TrySend(NanoTime()); });
  return chan;
}

}  // namespace xebec::runtime
