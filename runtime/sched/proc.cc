// The scheduler: who runs what, and who sleeps. Ported from the ideas of Go 1.26's runtime/proc.go.
//
// Waking threads. A thread without work spins for a while (looks for work everywhere) before it
// parks; whoever makes a fiber runnable starts another thread only if none spins and a P is idle.
// That loses no wake-up because of two orders, both sequentially consistent:
//
//   S1. Submitter: put the fiber into a queue, THEN look at `spinning` and `idle_p_count`.
//   S2. Spinner that gives up: lower `spinning`, THEN look into all queues, timers and the poller
//       once more. Its P was put on the idle list before that.
//
// Either the submitter sees no spinner (and an idle P) and starts a thread, or the spinner's second
// look finds the fiber. A spinner that finds work passes the torch: it lowers `spinning` and calls
// WakeP, since there may be more. A thread that goes idle without having spun relies on those that
// spin; `need_spinning` covers the moment when a finder of work saw no idle P while such a thread
// was on its way to give its P up:
//
//   S3. Finder: set need_spinning, THEN look at idle_p_count. Idler: put P on the idle list, THEN
//       look at need_spinning, and take the P back as a spinner if it is set.

#include "runtime/sched/internal/proc.h"

#include <cxxabi.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <new>

#include "runtime/heap/hooks.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/switch.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/time.h"

extern "C" {
thread_local xebec::runtime::internal::ThreadState xebec_thread_state
    __attribute__((tls_model("initial-exec"))) = {};
}

namespace xebec::runtime::internal {

Sched sched;

namespace {

void BecomeSpinning(M* m) {
  m->spinning = true;
  sched.spinning.fetch_add(1, std::memory_order_seq_cst);
  sched.need_spinning.store(0, std::memory_order_seq_cst);
}

// The M has found work: it is not spinning any more, and passes the torch.
void ResetSpinning(M* m) {
  m->spinning = false;
  if (sched.spinning.fetch_sub(1, std::memory_order_seq_cst) <= 0) Throw("negative spinning count");
  WakeP();
}

G* GlobalGetLocked(M* m) {
  std::lock_guard lock(sched.lock);
  return GlobalGet(m->p, static_cast<int32_t>(P::kQueue) / 2);
}

bool GlobalNotEmpty() { return sched.global_size.load(std::memory_order_relaxed) != 0; }

// Runs p's due timers. Returns its next deadline or 0; *now is read once it is needed.
int64_t CheckTimers(P* p, int64_t* now) {
  const int64_t next = p->timers.Next();
  if (next == 0) return 0;
  if (*now == 0) *now = NanoTime();
  if (next > *now) return next;
  return p->timers.Check(*now);
}

int64_t Earlier(int64_t a, int64_t b) {
  if (a == 0) return b;
  if (b == 0) return a;
  return a < b ? a : b;
}

// The earliest deadline of all Ps.
int64_t NextTimerOfAll() {
  int64_t next = 0;
  for (int i = 0; P* p = PAt(i); ++i) next = Earlier(next, p->timers.Next());
  return next;
}

// Four passes over the Ps in random order; timers and run_next are touched in the last one only.
// *poll_until becomes the earliest deadline seen; *again is set if a timer ran.
G* StealWork(M* m, int64_t* now, int64_t* poll_until, bool* again) {
  P* p = m->p;
  const auto n = static_cast<uint32_t>(sched.procs.load(std::memory_order_relaxed));
  for (int pass = 0; pass < 4; ++pass) {
    const bool last = pass == 3;
    const auto start = static_cast<uint32_t>(m->rand.Below(n));
    for (uint32_t i = 0; i < n; ++i) {
      if (sched.stopping.load(std::memory_order_relaxed)) {
        *again = true;
        return nullptr;
      }
      P* victim = PAt(static_cast<int>((start + i) % n));
      if (victim == p) continue;
      if (last) {
        const int64_t before = victim->timers.Next();
        const int64_t next = CheckTimers(victim, now);
        *poll_until = Earlier(*poll_until, next);
        if (before != 0 && before <= *now) {
          // A timer ran: the fiber that it woke is in our own queue.
          bool inherit = false;
          if (G* g = RunqGet(p, &inherit)) return g;
          *again = true;
        }
      }
      if (victim->status.load(std::memory_order_relaxed) == PStatus::kIdle) continue;
      if (G* g = RunqSteal(p, victim, last)) {
        Count(p->steals);
        return g;
      }
    }
  }
  return nullptr;
}

// S2's second look: a P to run what was found, or null. The M has no P.
P* RecheckQueues() {
  const int n = sched.procs.load(std::memory_order_relaxed);
  for (int i = 0; i < n; ++i) {
    if (RunqEmpty(PAt(i))) continue;
    std::lock_guard lock(sched.lock);
    return IdleGet(/*spinning=*/true);
  }
  return nullptr;
}

// Lowers last_poll to 0 if it was not: the caller is the one thread that may block in the poller.
bool ClaimPoller() { return sched.last_poll.exchange(0, std::memory_order_seq_cst) != 0; }

// A fiber to run; blocks until there is one. On the scheduler's stack, with a P.
G* FindRunnable(M* m, bool* inherit) {
  for (;;) {
    P* p = m->p;
    *inherit = false;
    // The request is taken back before the look at `stopping`; a stopper sets them in the other
    // order (both seq_cst), so it is never overlooked.
    bool slice_over = false;
    if (p->poll_request.load(std::memory_order_relaxed) != 0) {
      slice_over = (p->poll_request.exchange(0, std::memory_order_seq_cst) & kPollSliceOver) != 0;
    }
    if (sched.stopping.load(std::memory_order_seq_cst)) {
      StopThisP(m);
      continue;
    }
    if (SimActive()) return SimPick(m);
    if (slice_over) RunqDemoteNext(p);

    int64_t now = 0;
    int64_t poll_until = CheckTimers(p, &now);

    // Now and then the global queue comes first: else two fibers that ready each other could keep
    // the others waiting for ever.
    if (p->sched_tick.load(std::memory_order_relaxed) % 61 == 0 && GlobalNotEmpty()) {
      std::lock_guard lock(sched.lock);
      if (G* g = GlobalGet(p, 0)) return g;
    }
    if (G* g = RunqGet(p, inherit)) return g;
    if (GlobalNotEmpty()) {
      if (G* g = GlobalGetLocked(m)) return g;
    }
    // One look at the network. Skipped if a thread blocks there already, or polls right now.
    if (NetpollWaiters() > 0 && sched.last_poll.load(std::memory_order_relaxed) != 0 &&
        sched.polling.exchange(1, std::memory_order_acquire) == 0) {
      GList ready = Netpoll(0);
      sched.polling.store(0, std::memory_order_release);
      if (G* g = ready.PopFront()) {
        ChangeStatus(g, GStatus::kWaiting, GStatus::kRunnable);
        InjectList(&ready);
        return g;
      }
    }

    // Steal, with at most half as many spinners as busy Ps.
    const int32_t busy = sched.procs.load(std::memory_order_relaxed) -
                         sched.idle_p_count.load(std::memory_order_relaxed);
    if (m->spinning || 2 * sched.spinning.load(std::memory_order_relaxed) < busy) {
      if (!m->spinning) BecomeSpinning(m);
      bool again = false;
      if (G* g = StealWork(m, &now, &poll_until, &again)) return g;
      if (again) continue;
    }

    // Give the P up.
    sched.lock.lock();
    if (sched.stopping.load(std::memory_order_seq_cst)) {
      sched.lock.unlock();
      continue;
    }
    if (G* g = GlobalGet(p, static_cast<int32_t>(P::kQueue) / 2)) {
      sched.lock.unlock();
      return g;
    }
    if (!m->spinning && sched.need_spinning.load(std::memory_order_seq_cst) != 0) {
      BecomeSpinning(m);
      sched.lock.unlock();
      continue;
    }
    ReleaseP(m);
    IdlePut(p);
    if (!m->spinning && sched.need_spinning.load(std::memory_order_seq_cst) != 0) {  // S3
      AcquireP(m, IdleGet(/*spinning=*/false));
      BecomeSpinning(m);
      sched.lock.unlock();
      continue;
    }
    sched.lock.unlock();

    if (m->spinning) {
      m->spinning = false;
      if (sched.spinning.fetch_sub(1, std::memory_order_seq_cst) <= 0) {
        Throw("negative spinning count");
      }
      // S2: the second look.
      P* found = nullptr;
      {
        std::lock_guard lock(sched.lock);
        if (!sched.global_queue.empty()) found = IdleGet(/*spinning=*/true);
      }
      if (found == nullptr) found = RecheckQueues();
      if (found != nullptr) {
        AcquireP(m, found);
        BecomeSpinning(m);
        continue;
      }
      poll_until = NextTimerOfAll();
    }

    // Wait for the network and the next timer, if nobody else does.
    if ((NetpollWaiters() > 0 || poll_until != 0) && ClaimPoller()) {
      sched.poll_until.store(poll_until, std::memory_order_seq_cst);
      int64_t delay = -1;
      if (poll_until != 0) {
        delay = poll_until - NanoTime();
        if (delay < 0) delay = 0;
      }
      // A timer that was put before poll_until was set, and saw no poller to break: look again.
      const int64_t next = NextTimerOfAll();
      if (next != 0 && (poll_until == 0 || next < poll_until)) delay = 0;
      GList ready = Netpoll(delay);
      now = NanoTime();
      sched.coarse_now.store(now, std::memory_order_relaxed);
      sched.poll_until.store(0, std::memory_order_seq_cst);
      sched.last_poll.store(now, std::memory_order_seq_cst);
      P* idle = nullptr;
      {
        std::lock_guard lock(sched.lock);
        idle = IdleGet(/*spinning=*/false);
      }
      if (idle == nullptr) {
        InjectList(&ready);
      } else {
        AcquireP(m, idle);
        if (G* g = ready.PopFront()) {
          ChangeStatus(g, GStatus::kWaiting, GStatus::kRunnable);
          InjectList(&ready);
          return g;
        }
        BecomeSpinning(m);
        continue;
      }
    } else if (poll_until != 0) {
      const int64_t polled_until = sched.poll_until.load(std::memory_order_seq_cst);
      if (polled_until == 0 || polled_until > poll_until) NetpollBreak();
    }
    StopM(m);
  }
}

// Parks the M until its locked fiber is to run; returns with a P.
void StopLockedM(M* m) {
  if (m->p != nullptr) HandOffP(ReleaseP(m));
  {
    std::lock_guard lock(sched.lock);
    ++sched.locked_idle_m_count;
    CheckDead();
  }
  m->park.Sleep();
  m->park.Clear();
  P* p = m->next_p;
  m->next_p = nullptr;
  AcquireP(m, p);
}

// g is locked to another M: that one gets our P, and we look for another.
void StartLockedM(M* m, G* g) {
  M* owner = g->locked_m;
  {
    std::lock_guard lock(sched.lock);
    --sched.locked_idle_m_count;
  }
  owner->next_p = ReleaseP(m);
  owner->park.Wake();
  StopM(m);
}

void Execute(M* m, G* g, bool inherit) {
  P* p = m->p;
  if (!inherit) {
    p->sched_tick.store(p->sched_tick.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  }
  Count(p->switches);
  if (g->sp == nullptr) {
    const Stack stack = AcquireStack(p);
    g->stack_lo = stack.lo;
    g->stack_hi = stack.hi;
    PrepareContext(g);
#ifdef XEBEC_TSAN
    if (g->sanitizer == nullptr) g->sanitizer = __tsan_create_fiber(0);
#endif
  }
  m->cur_g = g;
  g->m = m;
  g->status.store(GStatus::kRunning, std::memory_order_release);
  m->request = Request::kNone;
  SwitchToFiber(m, g);
}

void FinishFiber(M* m, G* g) {
  P* p = m->p;
  ReleaseStack(p, {g->stack_lo, g->stack_hi});
  g->sp = nullptr;
  g->stack_lo = g->stack_hi = 0;
  g->status.store(GStatus::kDead, std::memory_order_release);
  Count(p->exited);
  ReleaseG(p, g);
}

// What the fiber asked for when it switched here. Returns a fiber to go on with, or null.
G* Serve(M* m, G* g) {
  const Request request = m->request;
  if (request != Request::kBlockingExit) {
    m->cur_g = nullptr;
    g->m = nullptr;
  }
  switch (request) {
    case Request::kPark: {
      bool (*commit)(G*, void*) = m->commit;
      void* arg = m->commit_arg;
      // After this, or at the latest after commit, another thread may run g: it is ours no more.
      ChangeStatus(g, GStatus::kRunning, GStatus::kWaiting);
      if (commit != nullptr && !commit(g, arg)) {
        ChangeStatus(g, GStatus::kWaiting, GStatus::kRunnable);
        return g;
      }
      return nullptr;
    }
    case Request::kYield:
      ChangeStatus(g, GStatus::kRunning, GStatus::kRunnable);
      if (SimActive()) {
        SimReady(g);
      } else {
        RunqPut(m->p, g, /*next=*/false);
      }
      return nullptr;
    case Request::kStopped: {  // its time slice is over: behind all others
      ChangeStatus(g, GStatus::kRunning, GStatus::kRunnable);
      if (SimActive()) {
        SimReady(g);
        return nullptr;
      }
      std::lock_guard lock(sched.lock);
      GlobalPut(g);
      return nullptr;
    }
    case Request::kExit:
      FinishFiber(m, g);
      return nullptr;
    case Request::kFreeze: {
      FinishFiber(m, g);
      ReleaseP(m)->status.store(PStatus::kStopped, std::memory_order_seq_cst);
      sched.frozen.store(true, std::memory_order_seq_cst);
      sched.ended.Wake();
      StopM(m);
      return nullptr;
    }
    case Request::kBlockingExit: {
      // Back from Blocking, and no P was free.
      m->cur_g = nullptr;
      g->m = nullptr;
      const bool locked = g->locked_m != nullptr;
      P* p = nullptr;
      {
        std::lock_guard lock(sched.lock);
        p = IdleGet(/*spinning=*/false);
        ChangeStatus(g, GStatus::kBlocking, GStatus::kRunnable);
        if (p == nullptr) GlobalPut(g);
      }
      if (p != nullptr) {
        AcquireP(m, p);
        return g;
      }
      if (!locked) StopM(m);
      return nullptr;
    }
    case Request::kNone:
      break;
  }
  Throw("a fiber switched to the scheduler without a request");
}

void* ThreadMain(void* arg) {
  auto* m = static_cast<M*>(arg);
  WriteThreadState<offsetof(ThreadState, m)>(m);
  m->eh_globals = reinterpret_cast<void**>(abi::__cxa_get_globals());
  m->errno_address = &errno;
  pthread_attr_t attr;
  if (pthread_getattr_np(pthread_self(), &attr) == 0) {
    void* lo = nullptr;
    size_t size = 0;
    pthread_attr_getstack(&attr, &lo, &size);
    m->stack_lo = reinterpret_cast<uintptr_t>(lo);
    m->stack_hi = m->stack_lo + size;
    pthread_attr_destroy(&attr);
  }
#ifdef XEBEC_TSAN
  m->scheduler_sanitizer = __tsan_get_current_fiber();
#endif
  // Sleeps of some microseconds (stealing, timers) should not take the default 50 more.
  prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
  InstallAlternateStack();
  if (m->spinning) sched.need_spinning.store(0, std::memory_order_seq_cst);
  P* p = m->next_p;
  m->next_p = nullptr;
  AcquireP(m, p);
  ScheduleLoop(m);
}

// A new thread to run p. Its number was reserved under sched.lock (m_count), so that CheckDead
// counts it from then on.
void NewM(P* p, bool spinning, int id) {
  auto* m = new M();
  m->id = id;
  m->next_p = p;
  m->spinning = spinning;
  m->rand.Seed(static_cast<uint64_t>(NanoTime()) * 31 + static_cast<uint64_t>(id));
  pthread_attr_t attr;
  pthread_attr_init(&attr);
#if defined(XEBEC_ASAN) || defined(XEBEC_TSAN)
  pthread_attr_setstacksize(&attr, 2 * 1024 * 1024);
#else
  pthread_attr_setstacksize(&attr, 512 * 1024);
#endif
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  // Our threads take no signals but those that their own code raises and the profiler's.
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  for (int sig : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF, SIGURG}) {
    sigdelset(&all, sig);
  }
  pthread_sigmask(SIG_SETMASK, &all, &old);
  const int error = pthread_create(&m->thread, &attr, &ThreadMain, m);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  pthread_attr_destroy(&attr);
  if (error != 0) Fatal("cannot start another thread: the system's limit of threads is reached");
  std::lock_guard lock(sched.lock);
  m->all_link = sched.all_ms;
  sched.all_ms = m;
}

}  // namespace

void ScheduleLoop(M* m) {
  G* next = nullptr;
  for (;;) {
    bool inherit = true;
    if (next == nullptr && m->locked_g != nullptr) {
      StopLockedM(m);
      next = m->locked_g;
      inherit = false;
    } else if (next == nullptr) {
      next = FindRunnable(m, &inherit);
      if (m->spinning) ResetSpinning(m);
      if (next->locked_m != nullptr && next->locked_m != m) {
        StartLockedM(m, next);
        next = nullptr;
        continue;
      }
    }
    Execute(m, next, inherit);
    next = Serve(m, next);
  }
}

void ChangeStatus(G* g, GStatus from, GStatus to) {
  if (g->status.load(std::memory_order_relaxed) != from) {
    Throw(to == GStatus::kRunnable ? "a fiber was made ready that does not wait"
                                   : "a fiber is in an unexpected state");
  }
  g->status.store(to, std::memory_order_release);
}

void AcquireP(M* m, P* p) {
  m->p = p;
  p->m = m;
  p->status.store(PStatus::kRunning, std::memory_order_seq_cst);
  WriteThreadState<offsetof(ThreadState, p)>(p);
  WriteThreadState<offsetof(ThreadState, heap_cache)>(p->heap_cache);
}

P* ReleaseP(M* m) {
  P* p = m->p;
  m->p = nullptr;
  p->m = nullptr;
  p->status.store(PStatus::kIdle, std::memory_order_seq_cst);
  WriteThreadState<offsetof(ThreadState, p)>(static_cast<P*>(nullptr));
  WriteThreadState<offsetof(ThreadState, heap_cache)>(static_cast<heap::PCache*>(nullptr));
  return p;
}

P* IdleGet(bool spinning) {
  P* p = sched.idle_ps;
  if (p == nullptr) {
    if (spinning) sched.need_spinning.store(1, std::memory_order_seq_cst);
    return nullptr;
  }
  WakeSysmon();
  sched.idle_ps = p->link;
  p->link = nullptr;
  sched.idle_p_count.fetch_sub(1, std::memory_order_seq_cst);
  return p;
}

void IdlePut(P* p) {
  if (!RunqEmpty(p)) Throw("an idle P has fibers to run");
  p->status.store(PStatus::kIdle, std::memory_order_seq_cst);
  p->link = sched.idle_ps;
  sched.idle_ps = p;
  sched.idle_p_count.fetch_add(1, std::memory_order_seq_cst);
}

void StartM(P* p, bool spinning) {
  sched.lock.lock();
  if (p == nullptr) {
    p = IdleGet(/*spinning=*/false);
    if (p == nullptr) {
      sched.lock.unlock();
      return;
    }
  }
  M* m = sched.idle_ms;
  if (m == nullptr) {
    const int id = sched.m_count++;
    sched.lock.unlock();
    if (id >= kMaxThreads) Fatal("more than 10000 threads: too many fibers are in blocking calls");
    NewM(p, spinning, id);
    return;
  }
  sched.idle_ms = m->link;
  m->link = nullptr;
  --sched.idle_m_count;
  sched.lock.unlock();
  m->spinning = spinning;
  m->next_p = p;
  m->park.Wake();
}

void StopM(M* m) {
  {
    std::lock_guard lock(sched.lock);
    m->link = sched.idle_ms;
    sched.idle_ms = m;
    ++sched.idle_m_count;
    CheckDead();
  }
  m->park.Sleep();
  m->park.Clear();
  sched.coarse_now.store(NanoTime(), std::memory_order_relaxed);
  P* p = m->next_p;
  m->next_p = nullptr;
  AcquireP(m, p);
}

void WakeP() {
  if (sched.spinning.load(std::memory_order_seq_cst) != 0) return;
  if (sched.idle_p_count.load(std::memory_order_seq_cst) == 0) {  // S3
    if (sched.need_spinning.load(std::memory_order_seq_cst) != 0) return;
    sched.need_spinning.store(1, std::memory_order_seq_cst);
    if (sched.idle_p_count.load(std::memory_order_seq_cst) == 0) return;
  }
  int32_t none = 0;
  if (!sched.spinning.compare_exchange_strong(none, 1, std::memory_order_seq_cst)) return;
  P* p = nullptr;
  {
    std::lock_guard lock(sched.lock);
    if (!sched.stopping.load(std::memory_order_relaxed)) p = IdleGet(/*spinning=*/true);
  }
  if (p == nullptr) {
    sched.spinning.fetch_sub(1, std::memory_order_seq_cst);
    return;
  }
  StartM(p, /*spinning=*/true);
}

// Must start a thread whenever FindRunnable would return something for p.
void HandOffP(P* p) {
  if (!RunqEmpty(p) || GlobalNotEmpty()) {
    StartM(p, /*spinning=*/false);
    return;
  }
  int32_t none = 0;
  if (sched.spinning.load(std::memory_order_seq_cst) +
              sched.idle_p_count.load(std::memory_order_seq_cst) ==
          0 &&
      sched.spinning.compare_exchange_strong(none, 1, std::memory_order_seq_cst)) {
    sched.need_spinning.store(0, std::memory_order_seq_cst);
    StartM(p, /*spinning=*/true);
    return;
  }
  sched.lock.lock();
  if (sched.stopping.load(std::memory_order_seq_cst)) {
    p->status.store(PStatus::kStopped, std::memory_order_seq_cst);
    if (--sched.stop_wait == 0) sched.stop_note.Wake();
    sched.lock.unlock();
    return;
  }
  const bool last_one =
      sched.idle_p_count.load(std::memory_order_relaxed) ==
          sched.procs.load(std::memory_order_relaxed) - 1 &&
      sched.last_poll.load(std::memory_order_seq_cst) != 0;  // nobody polls the network
  if (!sched.global_queue.empty() || last_one) {
    sched.lock.unlock();
    StartM(p, /*spinning=*/false);
    return;
  }
  const int64_t when = p->timers.Next();
  IdlePut(p);
  sched.lock.unlock();
  if (when != 0) WakeForTimer(when);
}

void InjectList(GList* list) {
  if (list->empty()) return;
  int32_t n = list->size();
  GList ready;
  while (G* g = list->PopFront()) {
    ChangeStatus(g, GStatus::kWaiting, GStatus::kRunnable);
    ready.PushBack(g);
  }
  {
    std::lock_guard lock(sched.lock);
    GlobalPutBatch(&ready);
  }
  // A thread for each, as far as there are idle Ps.
  while (n-- > 0 && sched.idle_p_count.load(std::memory_order_seq_cst) > 0) {
    P* p = nullptr;
    {
      std::lock_guard lock(sched.lock);
      p = IdleGet(/*spinning=*/true);
    }
    if (p == nullptr) break;
    StartM(p, /*spinning=*/false);
  }
}

namespace {

// Whether threads run that are not the scheduler's: one of them may be about to wake a fiber, and
// nobody can tell (Go gives up in the same way where cgo is used). The scheduler's own are its Ms,
// the one that called RunScheduler, and sysmon. Needs sched.lock, for m_count. Under TSan, whose
// own threads cannot be told apart, a program names its wakers by AddExternalWaker.
bool OtherThreadsRun() {
#ifdef XEBEC_TSAN
  return false;
#else
  struct stat tasks;
  if (stat("/proc/self/task", &tasks) != 0) return false;
  return static_cast<int>(tasks.st_nlink) - 2 > sched.m_count + 2;
#endif
}

}  // namespace

void CheckDead() {
  if (sched.frozen.load(std::memory_order_relaxed) ||
      sched.external_wakers.load(std::memory_order_acquire) > 0) {
    return;
  }
  const int running = sched.m_count - sched.idle_m_count - sched.locked_idle_m_count;
  if (running > 0) return;
  if (running < 0) Throw("inconsistent count of running threads");
  if (NextTimerOfAll() != 0) return;
  if (OtherThreadsRun()) return;
  sched.lock.unlock();
  Fatal("all fibers are asleep - deadlock!");
}

void StopThisP(M* m) {
  if (m->spinning) {
    m->spinning = false;
    if (sched.spinning.fetch_sub(1, std::memory_order_seq_cst) <= 0)
      Throw("negative spinning count");
  }
  {
    std::lock_guard lock(sched.lock);
    P* p = ReleaseP(m);
    p->status.store(PStatus::kStopped, std::memory_order_seq_cst);
    if (--sched.stop_wait == 0) sched.stop_note.Wake();
  }
  StopM(m);
}

XEBEC_NO_TSAN void SwitchToScheduler(G* g) {
  M* m = CurrentM();
#ifdef XEBEC_ASAN
  __sanitizer_start_switch_fiber(&g->sanitizer, reinterpret_cast<void*>(m->stack_lo),
                                 m->stack_hi - m->stack_lo);
#endif
#ifdef XEBEC_TSAN
  __tsan_switch_to_fiber(m->scheduler_sanitizer, 0);
#endif
  xebec_switch(&g->sp, m->sp);
  // Perhaps on another thread: m is stale.
#ifdef XEBEC_ASAN
  __sanitizer_finish_switch_fiber(g->sanitizer, nullptr, nullptr);
#endif
}

XEBEC_NO_TSAN void SwitchToSchedulerForever(G* g) {
  M* m = CurrentM();
#ifdef XEBEC_ASAN
  __sanitizer_start_switch_fiber(nullptr, reinterpret_cast<void*>(m->stack_lo),
                                 m->stack_hi - m->stack_lo);
#endif
#ifdef XEBEC_TSAN
  __tsan_switch_to_fiber(m->scheduler_sanitizer, 0);
#endif
  xebec_switch(&g->sp, m->sp);
  __builtin_unreachable();
}

}  // namespace xebec::runtime::internal
