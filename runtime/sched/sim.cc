// The simulated mode: one P, one thread; the next fiber is drawn by the seed; the clock jumps to
// the next timer when all wait.

#include "runtime/sim.h"

#include <atomic>
#include <vector>

#include "runtime/context.h"
#include "runtime/rand.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/run.h"
#include "runtime/sched/netpoll.h"

namespace xebec::runtime {
namespace internal {

std::atomic<bool> sim_active{false};

namespace {

// Only the simulation's one thread touches it while a simulation runs.
struct Simulation {
  uint64_t seed = 0;
  Rand choices{0};  // the scheduler's draws
  Rand values{0};   // ThreadRand's: apart, so that one does not shift the other
  int64_t now = kSimStart;
  uint64_t trace = 0;
  uint64_t steps = 0;
  uint64_t first_id = 0;
  std::vector<G*> runnable;
  G* idle_waiter = nullptr;  // runs only when nobody else can (WaitUntilAllBlocked)
};
Simulation simulation;

void Mix(uint64_t value) {
  uint64_t h = simulation.trace ^ (value + 0x9e3779b97f4a7c15ULL);
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
  simulation.trace = h ^ (h >> 31);
}

uint64_t Number(const G* g) { return g->id - simulation.first_id; }

}  // namespace

Rand& SimRand() { return simulation.values; }
// Threads of an earlier scheduler in this process may still be on their way to sleep and look at
// it.
int64_t SimNow() {
  return std::atomic_ref<int64_t>(simulation.now).load(std::memory_order_relaxed);
}

void SimReady(G* g) { simulation.runnable.push_back(g); }

// One poll in four lets others run: enough to interleave, few enough to get on.
bool SimWantsYield() { return simulation.choices.Below(4) == 0; }

void SimSetIdleWaiter(G* g) { simulation.idle_waiter = g; }

G* SimPick(M* m) {
  P* p = m->p;
  p->poll_request.store(kPollSimulated, std::memory_order_relaxed);
  for (;;) {
    const int64_t next = p->timers.Next();
    if (next != 0 && next <= simulation.now) {
      p->timers.Check(simulation.now);
      continue;
    }
    if (!simulation.runnable.empty()) break;
    if (NetpollWaiters() > 0) {  // real sockets make a run irreproducible, but they work
      GList ready = Netpoll(0);
      while (G* g = ready.PopFront()) Ready(g);
      if (!simulation.runnable.empty()) break;
    }
    if (simulation.idle_waiter != nullptr) {
      G* g = simulation.idle_waiter;
      simulation.idle_waiter = nullptr;
      Ready(g);
      continue;
    }
    if (next != 0) {
      std::atomic_ref<int64_t>(simulation.now).store(next, std::memory_order_relaxed);
      Mix(static_cast<uint64_t>(next));
      continue;
    }
    if (NetpollWaiters() > 0) {
      GList ready = Netpoll(-1);
      while (G* g = ready.PopFront()) Ready(g);
      continue;
    }
    Fatal("all fibers are asleep - deadlock!");
  }
  const size_t count = simulation.runnable.size();
  const size_t pick = count == 1 ? 0 : simulation.choices.Below(count);
  G* g = simulation.runnable[pick];
  simulation.runnable[pick] = simulation.runnable.back();
  simulation.runnable.pop_back();
  ++simulation.steps;
  Mix(Number(g) * 1000003 + count);
  return g;
}

#ifdef XEBEC_SEEDED
void SeededPoint() {
  if (!SimActive()) return;
  G* g = CurrentG();
  if (g == nullptr || CurrentM()->locks != 0 || sched.world_owner.load() == g) return;
  if (simulation.choices.Below(4) == 0) Yield();
}
void SpinLockTaken() {
  if (M* m = CurrentM()) ++m->locks;
}
void SpinLockReleased() {
  if (M* m = CurrentM()) --m->locks;
}
#endif

}  // namespace internal

namespace sim {

using internal::simulation;

Outcome Run(uint64_t seed, std::function<void()> body) {
  simulation.seed = seed;
  simulation.choices.Seed(seed);
  simulation.values.Seed(seed ^ 0x5851f42d4c957f2dULL);
  std::atomic_ref<int64_t>(simulation.now).store(internal::kSimStart, std::memory_order_relaxed);
  simulation.trace = seed;
  simulation.steps = 0;
  simulation.runnable.clear();
  simulation.idle_waiter = nullptr;
  simulation.first_id = internal::sched.id_batch.load(std::memory_order_relaxed);
  internal::RunOptions options;
  options.procs = 1;
  options.simulated = true;
  internal::RunMain(std::move(body), options);
  return {simulation.trace, simulation.steps, simulation.now - internal::kSimStart};
}

Outcome Run(uint64_t seed, std::function<void(Context)> body) {
  return Run(seed, std::function<void()>([&body] {
               auto [ctx, cancel] = Context::WithCancel(Context::Background());
               body(ctx);
               cancel();
             }));
}

bool Active() { return internal::SimActive(); }
uint64_t Seed() { return Active() ? simulation.seed : 0; }
void Trace(uint64_t value) {
  if (Active()) internal::Mix(value);
}

}  // namespace sim

Rand& ThreadRand() {
  if (internal::SimActive()) return internal::SimRand();
  if (M* m = CurrentM()) return m->rand;
  static thread_local Rand rand(static_cast<uint64_t>(internal::ThreadSeed()));
  return rand;
}

}  // namespace xebec::runtime
