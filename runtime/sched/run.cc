#include "runtime/sched/internal/run.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string_view>

#include "runtime/main.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/time.h"

namespace xebec::runtime {
namespace internal {
namespace {

int AllowedProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return CPU_COUNT(&set);
}

// XEBEC_PROCS, or how many processors this process may use. A value that is no number in 1…256 is
// told once and ignored.
int DefaultProcs() {
  const int allowed = std::min(AllowedProcessors(), kMaxProcs);
  const char* text = std::getenv("XEBEC_PROCS");
  if (text == nullptr || *text == '\0') return allowed;
  int n = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, n);
  if (error != std::errc() || rest != end || n < 1 || n > kMaxProcs) {
    std::fprintf(stderr, "xebec: XEBEC_PROCS is \"%s\": give a number from 1 to %d; using %d\n",
                 text, kMaxProcs, allowed);
    return allowed;
  }
  return n;
}

int default_procs = 0;  // set once, by StartScheduler
bool started = false;
std::mutex run_mutex;  // one RunMain at a time; guards `started` and `default_procs`

}  // namespace

int64_t ThreadSeed() {
  static std::atomic<int64_t> counter{0};
  return NanoTime() ^ (counter.fetch_add(1, std::memory_order_relaxed) << 40) ^ getpid();
}

void StartScheduler() {
  default_procs = DefaultProcs();
  sched.stopping.store(true, std::memory_order_seq_cst);
  sched.coarse_now.store(NanoTime(), std::memory_order_relaxed);
  InstallCrashHandlers();
  InstallAlternateStack();
  NetpollInit();
  MakeP(0);
  StartSysmon();
}

void RunMain(std::function<void()> body, const RunOptions& options) {
  if (OnFiber()) ThrowPanic("a scheduler is started from a fiber: it runs already");
  std::unique_lock lock(run_mutex, std::try_to_lock);
  if (!lock.owns_lock()) ThrowPanic("two threads run a scheduler at the same time");
  if (!started) {
    StartScheduler();
    started = true;
  }
  int procs = options.procs;
  if (procs == 0) procs = sched.wanted_procs;
  if (procs == 0) procs = default_procs;
  if (!options.simulated) sched.wanted_procs = 0;

  // Nothing can run yet, so the count cannot reach "all asleep" before the main fiber does.
  AddExternalWaker(1);
  std::exception_ptr failure;
  sched.ended.Clear();
  sim_active.store(options.simulated, std::memory_order_seq_cst);
  sched.frozen.store(false, std::memory_order_seq_cst);
  GoNamed("main", [&] {
    AddExternalWaker(-1);
    if (options.catching) {
      try {
        body();
      } catch (...) {
        failure = std::current_exception();
      }
    } else {
      body();
    }
    body = nullptr;  // what it captured is destroyed while the world still runs
    FreezeWorld();
  });
  // Before the world runs: from then on the turn is somebody else's. One who waited for it when
  // the last main fiber ended gets it now.
  PassWorldOwnership();
  StartStoppedWorld(procs);
  sched.ended.Sleep();
  sim_active.store(false, std::memory_order_seq_cst);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace internal

void RunScheduler(std::function<void()> body, SchedOptions options) {
  internal::RunOptions run;
  run.procs = options.procs;
  internal::RunMain(std::move(body), run);
}

}  // namespace xebec::runtime
