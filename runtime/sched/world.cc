#include "runtime/sched/world.h"

#include <algorithm>
#include <mutex>

#include "runtime/heap/hooks.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/switch.h"
#include "runtime/sched/netpoll.h"

namespace xebec::runtime {
namespace internal {
namespace {

// Stoppers take turns: world_owner is whose turn it is, the others wait here in order.
RawSpinLock turn_lock;
GList turn_waiters;  // guarded by turn_lock

void TakeTurn(G* g) {
  turn_lock.lock();
  if (sched.world_owner.load(std::memory_order_relaxed) == nullptr) {
    sched.world_owner.store(g, std::memory_order_release);
    turn_lock.unlock();
    return;
  }
  turn_waiters.PushBack(g);
  Park(
      [](G*, void*) {
        turn_lock.unlock();
        return true;
      },
      nullptr, WaitReason::kStopTheWorld);
}

}  // namespace

P* MakeP(int id) {
  auto* p = new P();
  p->id = id;
  p->status.store(PStatus::kStopped, std::memory_order_relaxed);
  p->heap_cache = heap::NewPCache();
  sched.all_ps[id].store(p, std::memory_order_release);  // pairs with PAt
  return p;
}

namespace {

// A P goes out of use: its fibers go to the global queue, its timers to P 0, its caches to the
// shared ones.
void RetireP(P* p) {
  GList fibers;
  RunqDrain(p, &fibers);
  if (!fibers.empty()) {
    std::lock_guard lock(sched.lock);
    GlobalPutBatch(&fibers);
  }
  p->timers.MoveAllTo(PAt(0)->timers);
  PurgeFreeGs(p);
  PurgeStacks(p);
  if (p->heap_cache != nullptr) heap::FreePCache(p->heap_cache);
  p->heap_cache = nullptr;
  p->poll_request.store(0, std::memory_order_relaxed);
  p->status.store(PStatus::kDead, std::memory_order_seq_cst);
}

}  // namespace

void RequestPolls() {
  const int n = sched.procs.load(std::memory_order_relaxed);
  for (int i = 0; i < n; ++i) PAt(i)->poll_request.fetch_or(kPollStop, std::memory_order_seq_cst);
}

void StartStoppedWorld(int procs) {
  M* m = CurrentM();
  P* own = CurrentP();
  const int before = sched.procs.load(std::memory_order_relaxed);
  const int n = procs != 0 ? procs : before;
  for (int i = 0; i < n; ++i) {
    P* p = PAt(i);
    if (p == nullptr) p = MakeP(i);
    if (p->heap_cache == nullptr) p->heap_cache = heap::NewPCache();
  }
  if (own != nullptr && own->id >= n) {
    ReleaseP(m);
    own = PAt(0);
    AcquireP(m, own);
  }
  for (int i = n; i < before; ++i) RetireP(PAt(i));
  P* with_work = nullptr;
  {
    std::lock_guard lock(sched.lock);
    sched.procs.store(n, std::memory_order_relaxed);
    for (int i = n - 1; i >= 0; --i) {
      P* p = PAt(i);
      if (p == own) {
        p->status.store(PStatus::kRunning, std::memory_order_seq_cst);
      } else if (RunqEmpty(p)) {
        IdlePut(p);
      } else {
        p->status.store(PStatus::kIdle, std::memory_order_seq_cst);
        p->link = with_work;
        with_work = p;
      }
    }
    sched.stopping.store(false, std::memory_order_seq_cst);
    WakeSysmon();
  }
  while (with_work != nullptr) {
    P* p = with_work;
    with_work = p->link;
    p->link = nullptr;
    StartM(p, /*spinning=*/false);
  }
  WakeP();
}

void PassWorldOwnership() {
  turn_lock.lock();
  G* next = turn_waiters.PopFront();
  sched.world_owner.store(next, std::memory_order_release);
  turn_lock.unlock();
  if (next != nullptr) Ready(next);
}

void FreezeWorld() {
  G* g = CurrentG();
  StopTheWorld("the main fiber has ended");
  sched.world_stopped.store(false, std::memory_order_relaxed);
  sched.world_owner.store(nullptr, std::memory_order_release);
  CurrentM()->request = Request::kFreeze;
  SwitchToSchedulerForever(g);
}

}  // namespace internal

using namespace internal;  // NOLINT(google-build-using-namespace)

void StopTheWorld(const char* reason) {
  static_cast<void>(reason);
  G* g = CurrentG();
  if (g == nullptr) ThrowPanic("StopTheWorld is called outside of a fiber");
  if (sched.world_owner.load(std::memory_order_acquire) == g) {
    ThrowPanic("StopTheWorld is called by the fiber that stopped the world already");
  }
  TakeTurn(g);
  sched.world_stops.fetch_add(1, std::memory_order_relaxed);
  P* own = CurrentP();
  bool wait = false;
  {
    std::lock_guard lock(sched.lock);
    const int n = sched.procs.load(std::memory_order_relaxed);
    sched.stop_wait = n;
    // Before the requests and the looks at the Ps: whoever misses a request sees this
    // (FindRunnable, EnterBlocking).
    sched.stopping.store(true, std::memory_order_seq_cst);
    RequestPolls();
    own->status.store(PStatus::kStopped, std::memory_order_seq_cst);
    --sched.stop_wait;
    for (int i = 0; i < n; ++i) {
      PStatus expected = PStatus::kBlocking;
      if (PAt(i)->status.compare_exchange_strong(expected, PStatus::kStopped,
                                                 std::memory_order_seq_cst)) {
        --sched.stop_wait;
      }
    }
    while (P* idle = IdleGet(/*spinning=*/false)) {
      idle->status.store(PStatus::kStopped, std::memory_order_seq_cst);
      --sched.stop_wait;
    }
    wait = sched.stop_wait > 0;
  }
  while (wait) {
    // A request may have been taken for an older one; so it is repeated.
    if (sched.stop_note.SleepFor(100 * 1000)) {
      sched.stop_note.Clear();
      break;
    }
    RequestPolls();
  }
  own->poll_request.store(0, std::memory_order_relaxed);
  sched.world_stopped.store(true, std::memory_order_relaxed);
}

void StartTheWorld() {
  G* g = CurrentG();
  if (!WorldIsStopped()) ThrowPanic("StartTheWorld is called by a fiber that did not stop it");
  static_cast<void>(g);
  sched.world_stopped.store(false, std::memory_order_relaxed);
  StartStoppedWorld(0);
  PassWorldOwnership();
}

bool WorldIsStopped() {
  return sched.world_stopped.load(std::memory_order_relaxed) && CurrentG() != nullptr &&
         sched.world_owner.load(std::memory_order_relaxed) == CurrentG();
}

void SetProcs(int n) {
  n = std::clamp(n, 1, kMaxProcs);
  if (SimActive()) return;
  if (CurrentG() == nullptr) {
    if (!sched.frozen.load(std::memory_order_acquire)) {
      ThrowPanic("SetProcs is called outside of a fiber while the scheduler runs");
    }
    sched.wanted_procs = n;
    return;
  }
  if (n == Procs()) return;
  StopTheWorld("SetProcs");
  sched.world_stopped.store(false, std::memory_order_relaxed);
  StartStoppedWorld(n);
  PassWorldOwnership();
}

int Procs() { return sched.procs.load(std::memory_order_relaxed); }

namespace {

struct Visitor {
  void (*visit)(const void* lo, const void* hi, void* arg);
  void* arg;
  G* self;
};

void VisitRange(const Visitor& visitor, const void* lo, const void* hi) {
  if (lo != nullptr && lo < hi) visitor.visit(lo, hi, visitor.arg);
}

// Called with the caller's registers on the stack above sp.
void VisitAll(const void* sp, void* arg) {
  const auto& visitor = *static_cast<Visitor*>(arg);
  ForEachG([&](G* g) {
    if (g->closure != nullptr) {
      VisitRange(visitor, g->closure, static_cast<std::byte*>(g->closure) + g->closure_size);
    }
    VisitRange(visitor, g->starting_lo, g->starting_hi);
    const auto* hi = reinterpret_cast<const void*>(g->stack_hi);
    if (g == visitor.self) {
      VisitRange(visitor, sp, hi);
      return;
    }
    switch (g->status.load(std::memory_order_acquire)) {
      case GStatus::kBlocking:
        VisitRange(visitor, g->blocking_registers, g->blocking_registers + 6);
        VisitRange(visitor, reinterpret_cast<const void*>(g->blocking_sp), hi);
        break;
      case GStatus::kRunnable:
      case GStatus::kWaiting:
        VisitRange(visitor, g->sp, hi);  // the saved registers lie at sp
        break;
      case GStatus::kRunning:
        Throw("a fiber runs while the world is stopped");
      case GStatus::kDead:
        break;
    }
  });
}

}  // namespace

void ForEachRootRange(void (*visit)(const void* lo, const void* hi, void* arg), void* arg) {
  Visitor visitor{visit, arg, CurrentG()};
  xebec_with_registers(&VisitAll, &visitor);
}

bool IsFiberMemory(const void* p) {
  const G* g = CurrentG();
  if (g == nullptr) return false;
  const auto address = reinterpret_cast<uintptr_t>(p);
  if (address >= g->stack_lo && address < g->stack_hi) return true;
  const auto* byte = static_cast<const std::byte*>(p);
  const auto* closure = static_cast<const std::byte*>(g->closure);
  if (closure != nullptr && byte >= closure && byte < closure + g->closure_size) return true;
  return g->starting_lo != nullptr && p >= g->starting_lo && p < g->starting_hi;
}

void ForEachP(void (*fn)(P* p, void* arg), void* arg) {
  const int n = Procs();
  for (int i = 0; i < n; ++i) fn(PAt(i), arg);
}
heap::PCache* HeapCacheOf(P* p) { return p->heap_cache; }
int PId(P* p) { return p->id; }

}  // namespace xebec::runtime
