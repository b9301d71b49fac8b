// The thread without a P that keeps the others honest: takes Ps back from long Blocking calls, asks
// for a yield after 10 ms, and polls the network when nobody else finds the time.

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include <mutex>

#include "runtime/heap/hooks.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/time.h"

namespace xebec::runtime {
namespace internal {
namespace {

constexpr int64_t kPollEvery = 10 * 1000 * 1000;
constexpr int64_t kCollectionCheck = 1000LL * 1000 * 1000;
constexpr int64_t kDeepSleep = 60LL * 1000 * 1000 * 1000;

void SleepMicros(int64_t micros) {
  timespec ts{micros / 1000000, (micros % 1000000) * 1000};
  nanosleep(&ts, nullptr);
}

// sysmon counts as one more running thread while it holds something that only it can pass on; else
// CheckDead could report a deadlock meanwhile.
class CountsAsRunning {
 public:
  CountsAsRunning() { Add(-1); }
  ~CountsAsRunning() { Add(1); }

 private:
  static void Add(int n) {
    std::lock_guard lock(sched.lock);
    sched.locked_idle_m_count += n;
    if (n > 0) CheckDead();
  }
};

// Takes p from its thread in Blocking code, if it is there for more than one round and somebody
// could use it. True if it was taken.
bool RetakeBlocked(P* p, int64_t now) {
  const uint32_t tick = p->blocking_tick.load(std::memory_order_relaxed);
  if (tick != p->seen_blocking_tick) {
    p->seen_blocking_tick = tick;
    p->seen_blocking_when = now;
    return false;
  }
  // Nothing to do for it, and others are idle: leave it for up to 10 ms.
  if (RunqEmpty(p) &&
      sched.spinning.load(std::memory_order_relaxed) +
              sched.idle_p_count.load(std::memory_order_relaxed) >
          0 &&
      p->seen_blocking_when + kTimeSlice > now) {
    return false;
  }
  CountsAsRunning counted;
  PStatus expected = PStatus::kBlocking;
  if (!p->status.compare_exchange_strong(expected, PStatus::kIdle, std::memory_order_seq_cst)) {
    return false;
  }
  Count(p->handoffs);
  p->blocking_tick.store(tick + 1, std::memory_order_relaxed);
  HandOffP(p);
  return true;
}

bool Retake(int64_t now) {
  bool any = false;
  const int n = sched.procs.load(std::memory_order_relaxed);
  for (int i = 0; i < n; ++i) {
    P* p = PAt(i);
    const PStatus status = p->status.load(std::memory_order_seq_cst);
    if (status == PStatus::kRunning || status == PStatus::kBlocking) {
      const uint32_t tick = p->sched_tick.load(std::memory_order_relaxed);
      if (tick != p->seen_sched_tick) {
        p->seen_sched_tick = tick;
        p->seen_sched_when = now;
      } else if (p->seen_sched_when + kTimeSlice <= now && status == PStatus::kRunning) {
        p->poll_request.fetch_or(kPollSliceOver, std::memory_order_relaxed);
        sched.preempt_requests.fetch_add(1, std::memory_order_relaxed);
      }
    }
    if (status == PStatus::kBlocking && RetakeBlocked(p, now)) any = true;
  }
  return any;
}

void PollNetwork(int64_t now) {
  int64_t last = sched.last_poll.load(std::memory_order_relaxed);
  if (last == 0 || last + kPollEvery >= now || NetpollWaiters() == 0) return;
  if (!sched.last_poll.compare_exchange_strong(last, now, std::memory_order_seq_cst)) return;
  if (sched.polling.exchange(1, std::memory_order_acquire) != 0) return;
  GList ready = Netpoll(0);
  sched.polling.store(0, std::memory_order_release);
  if (ready.empty()) return;
  CountsAsRunning counted;
  InjectList(&ready);
}

bool NothingRuns() {
  return sched.stopping.load(std::memory_order_seq_cst) ||
         sched.frozen.load(std::memory_order_seq_cst) ||
         sched.idle_p_count.load(std::memory_order_seq_cst) ==
             sched.procs.load(std::memory_order_relaxed);
}

// Sleeps until somebody runs again; true if it was woken by one.
bool DeepSleep(int64_t limit) {
  {
    std::lock_guard lock(sched.lock);
    // Whoever takes a P from the idle list does so under the lock, and wakes us (IdleGet).
    sched.sysmon_waits.store(true, std::memory_order_seq_cst);
    if (!NothingRuns()) {
      sched.sysmon_waits.store(false, std::memory_order_seq_cst);
      return false;
    }
  }
  const bool woken = sched.sysmon_note.SleepFor(limit);
  std::lock_guard lock(sched.lock);
  sched.sysmon_waits.store(false, std::memory_order_seq_cst);
  sched.sysmon_note.Clear();
  return woken;
}

void* SysmonMain(void*) {
  prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);  // 20 µs are meant to be 20, not 70
  int idle = 0;
  int quiet = 0;
  int64_t last_collection_check = NanoTime();
  int64_t delay = 20;
  for (;;) {
    if (idle == 0) {
      delay = 20;
    } else if (idle > 50) {
      delay *= 2;
    }
    if (delay > 10 * 1000) delay = 10 * 1000;
    SleepMicros(delay);
    if (SimActive()) {
      SleepMicros(10 * 1000);
      continue;
    }
    // A process that is busy now and then should not pay a wake-up of this thread each time: it
    // sleeps deeply only after all was quiet for a while (0.2 s).
    quiet = NothingRuns() ? quiet + 1 : 0;
    if (quiet > 20 && delay == 10 * 1000) {
      if (DeepSleep(kDeepSleep)) {
        idle = 0;
        delay = 20;
      }
      quiet = 0;
    }
    const int64_t now = NanoTime();
    sched.coarse_now.store(now, std::memory_order_relaxed);
    PollNetwork(now);
    if (Retake(now)) {
      idle = 0;
    } else {
      ++idle;
    }
    if (now - last_collection_check >= kCollectionCheck) {
      last_collection_check = now;
      if (!sched.frozen.load(std::memory_order_acquire) && heap::PeriodicCollectionDue(now)) {
        GoNamed("periodic collection", [] { heap::RunPeriodicCollection(); });
      }
    }
  }
  return nullptr;
}

}  // namespace

void StartSysmon() {
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t thread;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  const int error = pthread_create(&thread, &attr, &SysmonMain, nullptr);
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (error != 0) Fatal("cannot start the monitor thread: the system's limit is reached");
}

void WakeSysmon() {
  if (sched.sysmon_waits.load(std::memory_order_relaxed)) {
    sched.sysmon_waits.store(false, std::memory_order_seq_cst);
    sched.sysmon_note.Wake();
  }
}

}  // namespace internal
}  // namespace xebec::runtime
