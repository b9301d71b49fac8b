#include "runtime/heap/internal/collector.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "runtime/heap/control.h"
#include "runtime/heap/hooks.h"
#include "runtime/heap/internal/central.h"
#include "runtime/heap/internal/checks.h"
#include "runtime/heap/internal/mark.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/heap/internal/roots.h"
#include "runtime/heap/internal/settings.h"
#include "runtime/heap/internal/specials.h"
#include "runtime/heap/internal/sweep.h"
#include "runtime/heap/root.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/world.h"
#include "runtime/sim.h"

namespace xebec::runtime::heap {

namespace {

constexpr uint64_t kMinimumHeap = uint64_t{4} << 20;
constexpr int64_t kPeriod = int64_t{120} * 1000 * 1000 * 1000;

// Written by the fiber that runs the cycle (g_running), under the lock; read under it.
struct Record {
  std::mutex lock;
  gc::Stats stats;
};
Record& Records() {
  static constinit Record record;
  return record;
}

// True while a cycle runs: whoever changes it from false runs it. Acquire and release, so that one
// cycle sees what the last one wrote.
constinit std::atomic<bool> g_running{false};
constinit std::atomic<uint64_t> g_started{0};   // cycles begun
constinit std::atomic<uint64_t> g_finished{0};  // cycles ended
constinit std::atomic<int64_t> g_last_start{0};
constinit std::atomic<uint64_t> g_live_after_mark{0};

std::atomic<int>& Percent() {
  static std::atomic<int> percent{GetSettings().initial_percent};
  return percent;
}
std::atomic<size_t>& Limit() {
  static std::atomic<size_t> limit{GetSettings().initial_limit};
  return limit;
}

int64_t ThreadCpuNanos() {
  timespec ts;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Real time, also in a simulation: for figures only.
int64_t RealNanos() {
  timespec ts;
  ::clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Grows by `percent` of what is alive, and at least to 4 MiB (scaled by the percentage, as Go's).
// Under a memory limit the goal is what is left of it, but never so little that the next
// collection comes before a sixteenth of the heap has been allocated: a limit that cannot be kept
// costs memory, not all the time.
uint64_t GoalFor(uint64_t live) {
  const int percent = Percent().load(std::memory_order_relaxed);
  const size_t limit = Limit().load(std::memory_order_relaxed);
  uint64_t goal = UINT64_MAX;
  if (percent >= 0) {
    const auto p = static_cast<uint64_t>(percent);
    goal = std::max(live + live / 100 * p + live % 100 * p / 100, kMinimumHeap * p / 100);
  }
  if (limit != SIZE_MAX) {
    const PageStats pages = Pages().Stats();
    // What is resident beside objects: metadata, and the free slots within spans.
    const uint64_t slack = pages.in_use > live ? pages.in_use - live : 0;
    const uint64_t other = pages.metadata + slack / 2;
    const uint64_t room = limit > other ? limit - other : 0;
    const uint64_t least = live + std::max<uint64_t>(live / 16, uint64_t{256} << 10);
    goal = std::min(goal, std::max(room, least));
  }
  return goal;
}

void UpdateGoal() {
  g_goal.store(GoalFor(g_live_after_mark.load(std::memory_order_relaxed)),
               std::memory_order_relaxed);
}

void MarkRoots(Marker& marker) {
  ForEachRoot([](uintptr_t p, void* arg) { static_cast<Marker*>(arg)->MarkPointer(p); }, &marker);
  const auto range = [](const void* lo, const void* hi, void* arg) {
    static_cast<Marker*>(arg)->MarkConservatively(lo, hi);
  };
  ForEachRegisteredRange(range, &marker);
  ForEachRootRange(range, &marker);
}

// Keeps a tenth more than the heap needs until its next collection, and returns the rest.
size_t Scavenge() {
  const PageStats pages = Pages().Stats();
  const uint64_t live = std::max<uint64_t>(Allocated().live.load(std::memory_order_relaxed), 1);
  const uint64_t goal = g_goal.load(std::memory_order_relaxed);
  uint64_t keep = goal == UINT64_MAX ? UINT64_MAX : goal + goal / 10;
  if (goal != UINT64_MAX && pages.in_use > live) keep += pages.in_use - live;
  const size_t limit = Limit().load(std::memory_order_relaxed);
  if (limit != SIZE_MAX) keep = std::min<uint64_t>(keep, limit - std::min(limit, pages.metadata));
  const uint64_t resident = pages.in_use + pages.idle;
  return resident > keep ? Pages().Release(std::min<uint64_t>(resident - keep, pages.idle)) : 0;
}

struct Cycle {
  CollectReason reason = CollectReason::kGrowth;
  int64_t begin = 0;
  int64_t stop_request = 0;
  int64_t stopped = 0;
  int64_t marked = 0;
  int64_t started = 0;
  int64_t swept = 0;
  int64_t mark_cpu = 0;
  int64_t sweep_cpu = 0;
  uint64_t live_before = 0;
  uint64_t live_after = 0;
  uint64_t root_bytes = 0;
  uint64_t goal = 0;
};

// Go's line, phases included: sweep termination (and the stop), mark, mark termination.
void Trace(const Cycle& c, uint64_t number) {
  static const int64_t process_start = c.begin;
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  const auto mb = [](uint64_t bytes) { return (bytes + (1 << 19)) >> 20; };
  static int64_t total_cpu = 0;  // by the one running cycle
  total_cpu += c.mark_cpu + c.sweep_cpu;
  const int64_t elapsed = std::max<int64_t>(c.swept - process_start, 1);
  const double share =
      100.0 * static_cast<double>(total_cpu) / static_cast<double>(elapsed) / std::max(Procs(), 1);
  const std::string line = fmt::format(
      "gc {} @{:.3f}s {:.0f}%: {:.3f}+{:.2f}+{:.3f} ms clock, {:.3f}+{:.2f}/{:.2f}/0+{:.3f} ms "
      "cpu, "
      "{}->{}->{} MB, {} MB goal, {} MB stacks, 0 MB globals, {} P{}\n",
      number, ms(c.begin - process_start) / 1e3, share, ms(c.stopped - c.stop_request),
      ms(c.marked - c.stopped), ms(c.started - c.marked), ms(c.stopped - c.stop_request),
      ms(c.mark_cpu), ms(c.sweep_cpu), ms(c.started - c.marked), mb(c.live_before),
      mb(c.live_before), mb(c.live_after), mb(c.goal), mb(c.root_bytes), Procs(),
      c.reason == CollectReason::kForced ? " (forced)" : "");
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void RecordCycle(const Cycle& c) {
  Record& record = Records();
  std::lock_guard lock(record.lock);
  gc::Stats& s = record.stats;
  const auto pause = static_cast<uint64_t>(c.started - c.stop_request);
  ++s.collections;
  if (c.reason == CollectReason::kForced) ++s.forced_collections;
  if (c.reason == CollectReason::kPeriodic) ++s.periodic_collections;
  s.pause_last_ns = pause;
  s.pause_total_ns += pause;
  s.pause_max_ns = std::max(s.pause_max_ns, pause);
  s.mark_total_ns += static_cast<uint64_t>(c.mark_cpu);
  s.sweep_total_ns += static_cast<uint64_t>(c.sweep_cpu);
  s.live_after_mark = c.live_after;
}

// Step 2: between StopTheWorld and StartTheWorld.
void MarkWorld(Cycle& c) {
  SweepAll([] {});
  FlushAll();
  c.stopped = RealNanos();
  c.live_before = Allocated().live.load(std::memory_order_relaxed);
  const int64_t cpu = ThreadCpuNanos();
  Marker marker;
  {
    std::lock_guard roots(RootsLock());
    MarkRoots(marker);
    marker.Drain();
    if (GetSettings().heap_verify) VerifyHeap();
    c.live_after = marker.marked_bytes();
    c.root_bytes = marker.root_bytes();
    g_sweepgen.fetch_add(2, std::memory_order_release);
  }
  c.mark_cpu = ThreadCpuNanos() - cpu;
  Allocated().live.store(c.live_after, std::memory_order_relaxed);
  g_live_after_mark.store(c.live_after, std::memory_order_relaxed);
  c.goal = g_goal.load(std::memory_order_relaxed);
  UpdateGoal();
  c.marked = RealNanos();
}

void RunCycle(CollectReason reason) {
  Cycle c;
  c.reason = reason;
  c.begin = RealNanos();
  g_last_start.store(NanoTime(), std::memory_order_relaxed);
  const auto pause = [] {
    if (!sim::Active()) Poll();
  };
  SweepAll(pause);
  c.stop_request = RealNanos();
  StopTheWorld("garbage collection");
  MarkWorld(c);
  StartTheWorld();
  c.started = RealNanos();
  const int64_t cpu = ThreadCpuNanos();
  SweepAll(pause);
  c.sweep_cpu = std::max<int64_t>(ThreadCpuNanos() - cpu, 0);  // the fiber may have moved
  c.swept = RealNanos();
  Scavenge();
  RecordCycle(c);
  const uint64_t number = g_finished.load(std::memory_order_relaxed) + 1;
  if (GetSettings().gc_trace) Trace(c, number);
  // In a simulation cleanups wait for a Collect by hand: when a collection by growth comes depends
  // on what earlier runs left in the heap.
  if ((!sim::Active() || reason == CollectReason::kForced) && ClaimCleanups()) {
    GoNamed("gc cleanups", [] { RunCleanups(); });
  }
}

void EndCycle() {
  g_finished.fetch_add(1, std::memory_order_release);
  g_running.store(false, std::memory_order_release);
}

bool TryBeginCycle() {
  bool expected = false;
  if (!g_running.compare_exchange_strong(expected, true, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
    return false;
  }
  g_started.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace

constinit std::atomic<uint64_t> g_goal{0};

void Collect(CollectReason reason) {
  gc::internal::RequireFiber("gc::Collect");
  while (!TryBeginCycle()) Yield();
  RunCycle(reason);
  EndCycle();
}

bool CollectByGrowth() {
  if (g_goal.load(std::memory_order_relaxed) == 0) {  // the first time
    UpdateGoal();
    return true;
  }
  if (!TryBeginCycle()) return false;
  if (CollectionDue()) RunCycle(CollectReason::kGrowth);
  EndCycle();
  return true;
}

void StressPoint() {
  static constinit std::atomic<uint32_t> calls{0};
  const uint32_t every = GetSettings().gc_stress;
  if (calls.fetch_add(1, std::memory_order_relaxed) % every != 0 || !TryBeginCycle()) return;
  RunCycle(CollectReason::kStress);
  EndCycle();
}

bool PeriodicCollectionDue(int64_t now) {
  if (g_running.load(std::memory_order_relaxed)) return false;
  if (Percent().load(std::memory_order_relaxed) < 0) return false;
  return now - g_last_start.load(std::memory_order_relaxed) > kPeriod &&
         Allocated().live.load(std::memory_order_relaxed) != 0;
}

void RunPeriodicCollection() {
  if (!TryBeginCycle()) return;
  RunCycle(CollectReason::kPeriodic);
  EndCycle();
}

}  // namespace xebec::runtime::heap

namespace xebec::gc {

using namespace runtime::heap;  // NOLINT: the other half of this file

void Collect() { runtime::heap::Collect(CollectReason::kForced); }

int SetPercent(int percent) {
  const int old = Percent().exchange(percent < 0 ? -1 : percent, std::memory_order_relaxed);
  UpdateGoal();
  return old;
}

size_t SetMemoryLimit(size_t bytes) {
  const size_t old = Limit().exchange(bytes, std::memory_order_relaxed);
  UpdateGoal();
  return old;
}

Stats ReadStats() {
  Stats s;
  {
    std::lock_guard lock(Records().lock);
    s = Records().stats;
  }
  const PageStats pages = Pages().Stats();
  s.last_start_ns = static_cast<uint64_t>(g_last_start.load(std::memory_order_relaxed));
  s.heap_live = Allocated().live.load(std::memory_order_relaxed);
  s.goal = g_goal.load(std::memory_order_relaxed);
  s.in_use = pages.in_use;
  s.idle = pages.idle;
  s.released = pages.released;
  s.mapped = pages.mapped;
  s.metadata = pages.metadata;
  s.total_allocated = Allocated().bytes.load(std::memory_order_relaxed);
  s.objects_allocated = Allocated().objects.load(std::memory_order_relaxed);
  s.objects_freed = runtime::heap::Swept().objects_freed.load(std::memory_order_relaxed);
  s.root_slots = RootSlotsInUse();
  s.weak_cleared = WeakCleared();
  s.cleanups_run = CleanupsRun();
  return s;
}

}  // namespace xebec::gc
