#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/rand.h"
#include "runtime/sched/glist.h"
#include "runtime/sched/internal/futex.h"
#include "runtime/sched/internal/g.h"
#include "runtime/sched/internal/stack.h"
#include "runtime/sched/spinlock.h"
#include "runtime/sched/timers.h"

// The scheduler's state. docs/runtime.md explains it; the names are Go's.
namespace xebec::runtime {

// States of a P. Idle ↔ Running by the scheduler under sched.lock; Running → Blocking by the owner
// (release store); Blocking → Running by the returning owner, → Idle by sysmon, → Stopped by the
// stopper of the world, each by compare-and-swap, so that exactly one of them gets it.
enum class PStatus : uint32_t { kIdle, kRunning, kBlocking, kStopped, kDead };

// A processor: the right to run fibers, with the queues and caches that go with it. `procs` of
// them are in use; they are never freed.
struct alignas(64) P : internal::PHead {
  static constexpr uint32_t kQueue = 256;
  static constexpr uint32_t kStackPool = 64;
  static constexpr uint32_t kMaxFreeGs = 64;

  int id = 0;
  std::atomic<PStatus> status{PStatus::kDead};
  M* m = nullptr;     // while Running; sched.lock or the owner
  P* link = nullptr;  // idle list; sched.lock
  heap::PCache* heap_cache = nullptr;
  std::atomic<uint32_t> sched_tick{0};     // +1 for each fresh time slice; written by the owner
  std::atomic<uint32_t> blocking_tick{0};  // +1 for each Blocking call; written by the owner

  // Owner only.
  GList free_gs;
  uint32_t stack_count = 0;
  uintptr_t stacks[kStackPool];
  // Written by the owner alone (load, add, store: no locked instruction); read by anyone.
  std::atomic<uint64_t> spawned{0};
  std::atomic<uint64_t> exited{0};
  std::atomic<uint64_t> switches{0};
  std::atomic<uint64_t> steals{0};
  std::atomic<uint64_t> handoffs{0};
  uint64_t next_id = 0;  // fiber ids are given out in batches
  uint64_t last_id = 0;

  // sysmon only.
  uint32_t seen_sched_tick = 0;
  uint32_t seen_blocking_tick = 0;
  int64_t seen_sched_when = 0;
  int64_t seen_blocking_when = 0;

  Timers timers;

  // The run queue: runq.cc has its invariants.
  alignas(64) std::atomic<uint32_t> queue_head{0};
  alignas(64) std::atomic<uint32_t> queue_tail{0};
  std::atomic<G*> run_next{nullptr};
  std::atomic<G*> queue[kQueue] = {};
};

// What a fiber asks of the scheduler when it switches to it.
enum class Request : uint8_t { kNone, kPark, kYield, kExit, kBlockingExit, kStopped, kFreeze };

// A thread that runs fibers. Never freed; parked when there is nothing to do.
struct M {
  int id = 0;
  pthread_t thread{};
  void* sp = nullptr;  // the scheduler's own context while a fiber runs
  G* cur_g = nullptr;
  P* p = nullptr;
  P* next_p = nullptr;  // handed over together with `park`
  P* old_p = nullptr;   // the P that it entered Blocking with
  bool spinning = false;
  uint32_t blocking_tick = 0;
  uint32_t locks = 0;  // SpinLocks held, counted in the seeded build
  internal::Note park;
  M* link = nullptr;      // idle list; sched.lock
  M* all_link = nullptr;  // all Ms
  G* locked_g = nullptr;  // LockThread

  Request request = Request::kNone;
  bool (*commit)(G*, void*) = nullptr;
  void* commit_arg = nullptr;

  void** eh_globals = nullptr;  // this thread's __cxa_get_globals()
  int* errno_address = nullptr;
  Rand rand{0};
  void* scheduler_sanitizer = nullptr;
  uintptr_t stack_lo = 0;
  uintptr_t stack_hi = 0;
};

namespace internal {

inline constexpr int kMaxProcs = 256;
inline constexpr int kMaxThreads = 10000;
inline constexpr int64_t kTimeSlice = 10 * 1000 * 1000;

// The one scheduler of the process.
struct Sched {
  RawSpinLock lock;

  // Guarded by lock.
  GList global_queue;
  P* idle_ps = nullptr;
  M* idle_ms = nullptr;
  int idle_m_count = 0;
  int locked_idle_m_count = 0;  // Ms that wait for their locked fiber
  int m_count = 0;
  int stop_wait = 0;  // Ps that have not stopped yet
  M* all_ms = nullptr;

  // Written under lock, read without it where marked so.
  std::atomic<int32_t> global_size{0};  // relaxed peeks; a wrong one is corrected under lock
  std::atomic<int32_t> idle_p_count{0};
  std::atomic<int32_t> procs{0};

  // The spinning protocol (proc.cc). seq_cst.
  std::atomic<int32_t> spinning{0};
  std::atomic<uint32_t> need_spinning{0};

  std::atomic<bool> stopping{false};  // somebody stops the world, or has stopped it
  std::atomic<bool> frozen{true};     // between two RunScheduler calls
  Note stop_note;

  std::atomic<int64_t> last_poll{1};   // when the network was polled last; 0: a thread blocks there
  std::atomic<int64_t> poll_until{0};  // that thread's deadline, 0: none
  std::atomic<uint32_t> polling{0};

  std::atomic<bool> sysmon_waits{false};
  Note sysmon_note;

  std::atomic<int64_t> coarse_now{0};
  std::atomic<int> external_wakers{0};
  std::atomic<uint64_t> spawned_without_p{0};
  std::atomic<uint64_t> exited_without_p{0};
  std::atomic<uint64_t> preempt_requests{0};
  std::atomic<uint64_t> world_stops{0};
  std::atomic<uint64_t> id_batch{1};

  std::atomic<P*> all_ps[kMaxProcs + 1] = {};  // only ever added to; ends with null
  // World stoppers take turns by this; parks fibers (world.cc).
  std::atomic<G*> world_owner{nullptr};
  std::atomic<bool> world_stopped{false};
  int wanted_procs = 0;  // SetProcs before the start; 0: none
  Note ended;            // the main fiber's end, for RunScheduler
};
extern Sched sched;

// The P with this number, or null. Acquire pairs with the release that published it.
inline P* PAt(int i) { return sched.all_ps[i].load(std::memory_order_acquire); }

// Bits of PHead::poll_request.
inline constexpr uint32_t kPollSliceOver = 1;  // sysmon: others wait for this P
inline constexpr uint32_t kPollStop = 2;       // the world is to stop
inline constexpr uint32_t kPollSimulated = 4;  // a simulation looks at every poll

inline int64_t CoarseNow() { return sched.coarse_now.load(std::memory_order_relaxed); }
// Adds to a counter that only the calling thread writes.
inline void Count(std::atomic<uint64_t>& counter, uint64_t n = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

// runq.cc: the local queues.
void RunqPut(P* p, G* g, bool next);
G* RunqGet(P* p, bool* inherit);
bool RunqEmpty(P* p);
// The time slice that run_next would inherit is over: it goes to the tail if others wait.
void RunqDemoteNext(P* p);
G* RunqSteal(P* thief, P* victim, bool steal_run_next);
// Puts as many of `list` as fit; the rest stays in it.
void RunqPutBatch(P* p, GList* list);
// Everything in p's queue, for procresize and tests: only by the owner or with the world stopped.
void RunqDrain(P* p, GList* out);

// The global queue; sched.lock is held.
void GlobalPut(G* g);
void GlobalPutHead(G* g);
void GlobalPutBatch(GList* list);
// One for the caller, a fair share (at most `max` more) into p's queue.
G* GlobalGet(P* p, int32_t max);

// proc.cc
void StartScheduler();
[[noreturn]] void ScheduleLoop(M* m);
void AcquireP(M* m, P* p);
P* ReleaseP(M* m);
P* IdleGet(bool spinning);  // sched.lock is held
void IdlePut(P* p);         // sched.lock is held
void StartM(P* p, bool spinning);
void StopM(M* m);
void WakeP();
void HandOffP(P* p);
// Makes a list of fibers (taken from the poller) runnable.
void InjectList(GList* list);
void CheckDead();  // sched.lock is held
// Switches from fiber g to its M's scheduler with what is set in m->request.
void SwitchToScheduler(G* g);
[[noreturn]] void SwitchToSchedulerForever(G* g);
void ChangeStatus(G* g, GStatus from, GStatus to);
void StopThisP(M* m);  // on the scheduler's stack, while the world stops

// sysmon.cc
void StartSysmon();
void WakeSysmon();  // sched.lock is held

// world.cc
// Creates the P with this number, which must be the next one, stopped.
P* MakeP(int id);
// Sets all Ps' poll requests.
void RequestPolls();
// With the world stopped: makes it run again with `procs` Ps (0: as many as before). Does not
// give up world_owner.
void StartStoppedWorld(int procs);
// The next fiber that waits to stop the world gets its turn.
void PassWorldOwnership();
// As the last act of a main fiber: leaves the world stopped, and wakes RunScheduler.
[[noreturn]] void FreezeWorld();

// fatal.cc
// Prints "fatal error: <message>", the fibers, and ends the process with status 2.
[[noreturn]] void Fatal(std::string_view message);
// The same for a broken invariant of the scheduler itself, without looking at fibers.
[[noreturn]] void Throw(const char* what);
void InstallCrashHandlers();
void InstallAlternateStack();

// sim.cc
extern std::atomic<bool> sim_active;
inline bool SimActive() { return sim_active.load(std::memory_order_relaxed); }
void SimReady(G* g);
G* SimPick(M* m);
Rand& SimRand();
// What NanoTime says at a simulation's beginning: not 0, which means "no timer".
inline constexpr int64_t kSimStart = 1000 * 1000 * 1000;
int64_t SimNow();
bool SimWantsYield();

}  // namespace internal
}  // namespace xebec::runtime
