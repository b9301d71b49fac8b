#include "runtime/sched/fiber.h"

#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/panic.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/switch.h"
#include "runtime/sched/time.h"

namespace xebec::runtime {
namespace internal {

// A fiber's FiberLocal values, by key.
struct FiberLocals {
  struct Entry {
    void* value = nullptr;
    void (*destroy)(void*) = nullptr;
  };
  std::vector<Entry> entries;
};

namespace {

constexpr uint64_t kIdBatch = 64;

uint64_t NextId(P* p) {
  if (p == nullptr || SimActive()) return sched.id_batch.fetch_add(1, std::memory_order_relaxed);
  if (p->next_id == p->last_id) {
    p->next_id = sched.id_batch.fetch_add(kIdBatch, std::memory_order_relaxed);
    p->last_id = p->next_id + kIdBatch;
  }
  return p->next_id++;
}

void DestroyLocals(G* g) {
  // A destructor may ask for another value; so until none is left.
  while (g->locals != nullptr) {
    FiberLocals* locals = g->locals;
    g->locals = nullptr;
    for (FiberLocals::Entry& entry : locals->entries) {
      if (entry.value != nullptr) entry.destroy(entry.value);
    }
    delete locals;
  }
}

void FreeClosure(G* g) {
  if (g->closure != nullptr && g->closure != g->inline_closure) std::free(g->closure);
  g->closure = nullptr;
  g->closure_size = 0;
}

std::atomic<size_t> next_local_key{0};

}  // namespace

NewFiber BeginGo(std::string_view name, std::source_location where, size_t size, size_t align) {
  P* p = CurrentP();
  G* g = AcquireG(p);
  g->id = NextId(p);
  g->where = where;
  g->name_size = 0;
  if (!name.empty()) [[unlikely]] {
    const size_t length = name.size() < kMaxName ? name.size() : kMaxName;
    std::memcpy(g->name, name.data(), length);
    g->name[length] = '\0';
    g->name_size = static_cast<uint8_t>(length);
  }
  g->system = false;
  g->wait_reason = WaitReason::kNone;
  if (size <= kInlineClosure && align <= 16) {
    g->closure = g->inline_closure;
  } else {
    g->closure = std::aligned_alloc(align, (size + align - 1) / align * align);
    if (g->closure == nullptr) Fatal("no memory for another fiber's function");
  }
  g->closure_size = size;
  G* self = CurrentG();
  g->parent = self != nullptr ? self->id : 0;
  if (self != nullptr) {
    self->starting_lo = g->closure;
    self->starting_hi = static_cast<std::byte*>(g->closure) + size;
  }
  return {g, g->closure};
}

void FinishGo(G* g, void (*run)(void*)) {
  g->run = run;
  g->saved_errno = 0;
  g->eh_globals[0] = g->eh_globals[1] = nullptr;
  G* self = CurrentG();
  if (self != nullptr) self->starting_lo = self->starting_hi = nullptr;
  P* p = CurrentP();
  if (p == nullptr) {
    if (sched.frozen.load(std::memory_order_relaxed)) {
      AbandonGo(g);
      ThrowPanic("Go was called while no scheduler runs: use Main, RunScheduler or XEBEC_TEST");
    }
    sched.spawned_without_p.fetch_add(1, std::memory_order_relaxed);
    g->status.store(GStatus::kWaiting, std::memory_order_release);
    ReadyFromThread(g);
    return;
  }
  Count(p->spawned);
  g->status.store(GStatus::kRunnable, std::memory_order_release);
  if (SimActive()) {
    SimReady(g);
    return;
  }
  RunqPut(p, g, /*next=*/true);
  WakeP();
}

void AbandonGo(G* g) noexcept {
  G* self = CurrentG();
  if (self != nullptr) self->starting_lo = self->starting_hi = nullptr;
  FreeClosure(g);
  ReleaseG(CurrentP(), g);
}

// The body of every fiber, on its own stack. Never instrumented by TSan (switch.h), never returns.
// An exception that leaves the function finds no handler here, so the terminate handler sees the
// whole stack.
extern "C" XEBEC_NO_TSAN void xebec_fiber_main() {
#ifdef XEBEC_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  G* g = CurrentG();
  g->run(g->closure);
  // g is the same on whichever thread this is now.
  FreeClosure(g);
  if (g->locals != nullptr) DestroyLocals(g);
  CurrentM()->request = Request::kExit;
  SwitchToSchedulerForever(g);
}

void PollSlow() {
  G* g = CurrentG();
  if (g == nullptr) return;
  P* p = CurrentP();
  if (SimActive()) {
    if (sched.world_owner == g || !SimWantsYield()) return;
    Yield();
    return;
  }
  if (sched.world_owner == g) {  // it stopped the world itself
    p->poll_request.store(0, std::memory_order_relaxed);
    return;
  }
  g->wait_reason = WaitReason::kPreempted;
  if (sched.stopping.load(std::memory_order_seq_cst)) {
    CurrentM()->request = Request::kYield;  // the fiber only steps aside
  } else if ((p->poll_request.load(std::memory_order_relaxed) & kPollSliceOver) != 0) {
    CurrentM()->request = Request::kStopped;  // its slice is over: behind all others
  } else {
    // A request to stop that came too late: the world runs again. One that comes just now is
    // repeated by its stopper.
    p->poll_request.store(0, std::memory_order_relaxed);
    return;
  }
  SwitchToScheduler(g);
}

size_t NewFiberLocalKey() { return next_local_key.fetch_add(1, std::memory_order_relaxed); }

void* FiberLocalValue(size_t key, void* (*make)(), void (*destroy)(void*)) {
  G* g = CurrentG();
  if (g == nullptr) ThrowPanic("FiberLocal is used outside of a fiber");
  if (g->locals != nullptr && key < g->locals->entries.size() &&
      g->locals->entries[key].value != nullptr) {
    return g->locals->entries[key].value;
  }
  void* value = make();  // may use other fiber locals, so the table is looked up after it
  if (g->locals == nullptr) g->locals = new FiberLocals();
  if (key >= g->locals->entries.size()) g->locals->entries.resize(key + 1);
  g->locals->entries[key] = {value, destroy};
  return value;
}

}  // namespace internal

using internal::sched;

void Yield() {
  G* g = CurrentG();
  if (g == nullptr) {
    sched_yield();
    return;
  }
  CurrentM()->request = Request::kYield;
  internal::SwitchToScheduler(g);
}

FiberId CurrentFiberId() {
  const G* g = CurrentG();
  return g != nullptr ? g->id : 0;
}

std::string_view CurrentFiberName() {
  G* g = CurrentG();
  if (g == nullptr) return "thread";
  if (g->name_size == 0) {
    // Written into the fiber itself on demand; name_size stays 0.
    const int n = std::snprintf(g->name, sizeof(g->name), "fiber %llu",
                                static_cast<unsigned long long>(g->id));
    return {g->name, static_cast<size_t>(n)};
  }
  return {g->name, g->name_size};
}

void Park(bool (*commit)(G*, void*), void* arg, WaitReason reason) {
  G* g = CurrentG();
  if (g == nullptr) ThrowPanic("a call that waits was made outside of a fiber");
  M* m = CurrentM();
  if (m->p == nullptr) ThrowPanic("a call that waits was made in Blocking code");
  g->wait_reason = reason;
  g->wait_since = internal::CoarseNow();
  m->request = Request::kPark;
  m->commit = commit;
  m->commit_arg = arg;
  internal::SwitchToScheduler(g);
}

void Park(WaitReason reason) { Park(nullptr, nullptr, reason); }

void Ready(G* g) {
  P* p = CurrentP();
  if (p == nullptr) {
    ReadyFromThread(g);
    return;
  }
  internal::ChangeStatus(g, GStatus::kWaiting, GStatus::kRunnable);
  if (internal::SimActive()) {
    internal::SimReady(g);
    return;
  }
  internal::RunqPut(p, g, /*next=*/true);
  internal::WakeP();
}

void ReadyFromThread(G* g) {
  internal::ChangeStatus(g, GStatus::kWaiting, GStatus::kRunnable);
  if (internal::SimActive()) {  // the main fiber, before its simulation begins
    internal::SimReady(g);
    return;
  }
  P* p = nullptr;
  {
    std::lock_guard lock(sched.lock);
    internal::GlobalPut(g);
    // Under the lock no P can go idle without seeing g.
    if (!sched.stopping.load(std::memory_order_relaxed)) p = internal::IdleGet(/*spinning=*/true);
  }
  if (p != nullptr) internal::StartM(p, /*spinning=*/false);
}

void*& WakeParam(G* g) { return g->wake_param; }
std::atomic<uint32_t>& SelectDone(G* g) { return g->select_done; }

void AddExternalWaker(int delta) {
  sched.external_wakers.fetch_add(delta, std::memory_order_acq_rel);
}

bool CanSpin(int iteration) {
  if (iteration >= 4 || internal::SimActive()) return false;
  const int procs = sched.procs.load(std::memory_order_relaxed);
  if (procs <= sched.idle_p_count.load(std::memory_order_relaxed) +
                   sched.spinning.load(std::memory_order_relaxed) + 1) {
    return false;
  }
  P* p = CurrentP();
  return p != nullptr && internal::RunqEmpty(p);
}

void DoSpin() {
  for (int i = 0; i < 30; ++i) CpuPause();
}

LockThread::LockThread() {
  G* g = CurrentG();
  if (g == nullptr) ThrowPanic("LockThread is used outside of a fiber");
  if (internal::SimActive()) return;
  if (g->lock_count++ == 0) {
    M* m = CurrentM();
    g->locked_m = m;
    m->locked_g = g;
  }
}

LockThread::~LockThread() {
  G* g = CurrentG();
  if (internal::SimActive() || g == nullptr || g->lock_count == 0) return;
  if (--g->lock_count == 0) {
    CurrentM()->locked_g = nullptr;
    g->locked_m = nullptr;
  }
}

std::string_view ToString(WaitReason reason) {
  switch (reason) {
    case WaitReason::kNone:
      return "";
    case WaitReason::kChanReceive:
      return "chan receive";
    case WaitReason::kChanSend:
      return "chan send";
    case WaitReason::kChanReceiveNil:
      return "chan receive (nil chan)";
    case WaitReason::kChanSendNil:
      return "chan send (nil chan)";
    case WaitReason::kSelect:
      return "select";
    case WaitReason::kSelectNoCases:
      return "select (no cases)";
    case WaitReason::kSleep:
      return "sleep";
    case WaitReason::kMutexLock:
      return "sync.Mutex.Lock";
    case WaitReason::kRWMutexLock:
      return "sync.RWMutex.Lock";
    case WaitReason::kRWMutexRLock:
      return "sync.RWMutex.RLock";
    case WaitReason::kCondWait:
      return "sync.Cond.Wait";
    case WaitReason::kWaitGroupWait:
      return "sync.WaitGroup.Wait";
    case WaitReason::kSemacquire:
      return "semacquire";
    case WaitReason::kOnce:
      return "sync.Once.Do";
    case WaitReason::kIoWait:
      return "IO wait";
    case WaitReason::kTimer:
      return "timer";
    case WaitReason::kBlocking:
      return "blocking call";
    case WaitReason::kGcAssist:
      return "GC assist wait";
    case WaitReason::kGcWorker:
      return "GC worker (idle)";
    case WaitReason::kGcSweepWait:
      return "GC sweep wait";
    case WaitReason::kGcWait:
      return "wait for GC cycle";
    case WaitReason::kFinalizerWait:
      return "finalizer wait";
    case WaitReason::kStopTheWorld:
      return "stopping the world";
    case WaitReason::kPreempted:
      return "preempted";
    case WaitReason::kContext:
      return "context";
    case WaitReason::kJoin:
      return "join";
  }
  return "?";
}

}  // namespace xebec::runtime
