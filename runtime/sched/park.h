#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/sched/current.h"

// How runtime/sync and runtime/net make fibers wait. Not for users.
namespace xebec::runtime {

// Why a fiber waits, as dumps show it.
enum class WaitReason : uint8_t {
  kNone,
  kChanReceive,
  kChanSend,
  kChanReceiveNil,
  kChanSendNil,
  kSelect,
  kSelectNoCases,
  kSleep,
  kMutexLock,
  kRWMutexLock,
  kRWMutexRLock,
  kCondWait,
  kWaitGroupWait,
  kSemacquire,
  kOnce,
  kIoWait,
  kTimer,
  kBlocking,
  kGcAssist,
  kGcWorker,
  kGcSweepWait,
  kGcWait,
  kFinalizerWait,
  kStopTheWorld,
  kPreempted,
  kContext,
  kJoin,
};
// "chan receive", "sleep", …
std::string_view ToString(WaitReason reason);

// Parks the running fiber. `commit(g, arg)` runs on the scheduler's stack after the fiber's state
// is saved: it may release the lock under which the fiber was queued, after which anyone may make
// the fiber ready. False means: do not park after all; the fiber goes on at once.
//
// The fiber may wake on another thread. `commit` must not park, allocate from the managed heap or
// throw. Holding a SpinLock that `commit` does not release is an error (checked in debug builds).
void Park(bool (*commit)(G*, void*), void* arg, WaitReason reason);

// Parks with nothing to commit: the fiber must already have been published, by a state that its
// waker changes only after it sees the fiber parked. Seldom right; prefer the other.
void Park(WaitReason reason);

// Makes a parked fiber runnable, exactly once for each park: it goes to this P's runnext, so it
// runs next here unless another P steals it. Never parks; may be called on the scheduler's stack.
// On a thread without a P it is ReadyFromThread.
void Ready(G* g);

// The same from a thread without a P (the signal thread, Blocking code): through the global queue.
void ReadyFromThread(G* g);

// A word for whoever readies a fiber to leave for it (which channel operation woke it). Owned by
// the waker between the dequeue of the fiber and Ready, by the fiber otherwise.
void*& WakeParam(G* g);

// Select's race for its one winner: the waker that changes it from 0 to 1 (acquire and release)
// wins. Reset by the fiber itself before it parks.
std::atomic<uint32_t>& SelectDone(G* g);

// Called after a timer with deadline `when` was put on some P: an M that sleeps in the netpoller
// longer than that is woken, or an idle P is started.
void WakeForTimer(int64_t when);

// True if spinning briefly before a park may pay: more than one P, another one runs, and this P
// has nothing else to do (Go's sync_runtime_canSpin); `iteration` counts from 0, at most 3 pay.
bool CanSpin(int iteration);
// 30 pauses.
void DoSpin();

// Counts what may wake fibers from outside the scheduler's sight (a signal thread): while it is
// not 0, "all fibers are asleep" is not reported.
void AddExternalWaker(int delta);

}  // namespace xebec::runtime
