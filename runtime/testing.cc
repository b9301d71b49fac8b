#include "runtime/internal/test_run.h"

#include <fmt/format.h>
#include <time.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <set>
#include <string>

#include "runtime/main.h"
#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/time.h"
#include "runtime/sched/world.h"
#include "runtime/sim.h"

namespace xebec::runtime::internal {
void SimSetIdleWaiter(G* g);
}

namespace xebec::runtime::testing {
namespace {

constexpr int64_t kSettleLimit = 5LL * 1000 * 1000 * 1000;

std::set<uint64_t> LivingFibers() {
  std::set<uint64_t> ids;
  internal::ForEachG([&](const G* g) {
    if (g->status.load(std::memory_order_acquire) != GStatus::kDead && !g->system)
      ids.insert(g->id);
  });
  return ids;
}

// The fibers that were not there before `known`, but the calling one.
std::vector<FiberInfo> NewFibers(const std::set<uint64_t>& known) {
  std::vector<FiberInfo> fibers;
  const uint64_t self = CurrentFiberId();
  for (FiberInfo& fiber : ListFibers()) {
    if (fiber.id != self && !known.contains(fiber.id)) fibers.push_back(std::move(fiber));
  }
  return fibers;
}

bool OthersLeft(const std::set<uint64_t>& known) {
  bool any = false;
  const uint64_t self = CurrentFiberId();
  internal::ForEachG([&](const G* g) {
    const GStatus status = g->status.load(std::memory_order_acquire);
    if (status != GStatus::kDead && !g->system && g->id != self && !known.contains(g->id))
      any = true;
  });
  return any;
}

// A millisecond of the thread's time, for the others to get on.
void Breathe() {
  Blocking([] {
    timespec ts{0, 200 * 1000};
    nanosleep(&ts, nullptr);
  });
}

// What the body left behind, after those that are just about to end had their time.
std::string LeakReport(const std::set<uint64_t>& known) {
  if (sim::Active()) {
    if (OthersLeft(known)) WaitUntilAllBlocked();
  } else {
    const int64_t limit = NanoTime() + kSettleLimit;
    for (int round = 0; OthersLeft(known) && NanoTime() < limit; ++round) {
      if (round < 100) {
        Yield();
      } else {
        Breathe();
      }
    }
  }
  if (!OthersLeft(known)) return {};
  const std::vector<FiberInfo> leaked = NewFibers(known);
  std::string text = fmt::format("the test left {} fiber{} running:\n", leaked.size(),
                                 leaked.size() == 1 ? "" : "s");
  return text + FormatFibers(leaked);
}

std::string Describe(const PanicInfo& info) {
  return fmt::format("{} in {}: {}\n{}", info.is_panic ? "panic" : "exception", info.fiber,
                     info.message, info.stack);
}

std::string RunChecked(const std::function<void()>& body, const std::set<uint64_t>& known) {
  std::string failure;
  if (std::optional<PanicInfo> thrown = RunRecovering(body)) failure = Describe(*thrown);
  return failure + LeakReport(known);
}

uint64_t NumberFromEnv(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  return std::strtoull(text, nullptr, 0);
}

}  // namespace

std::string RunTestBody(const std::function<void()>& body) {
  std::string failure;
  const std::set<uint64_t> known = LivingFibers();
  // At least four Ps, so that stealing and hand-off happen on small machines too.
  SchedOptions options;
  options.procs = std::getenv("XEBEC_PROCS") != nullptr ? 0 : 4;
  RunScheduler([&] { failure = RunChecked(body, known); }, options);
  return failure;
}

std::string RunSimTestBody(const std::function<void()>& body, const std::function<bool()>& failed) {
  const bool replay = std::getenv("XEBEC_SEED") != nullptr;
  const uint64_t first = NumberFromEnv("XEBEC_SEED", 1);
  const uint64_t count = replay ? 1 : NumberFromEnv("XEBEC_SEEDS", 20);
  uint64_t first_trace = 0;
  for (uint64_t i = 0; i <= count; ++i) {
    const uint64_t seed = i < count ? first + i : first;  // the first one again at the end
    std::string failure;
    const std::set<uint64_t> known = LivingFibers();
    const sim::Outcome outcome = sim::Run(seed, [&] { failure = RunChecked(body, known); });
    if (!failure.empty() || failed()) {
      return fmt::format("with XEBEC_SEED={}: {}", seed, failure);
    }
    if (i == 0) first_trace = outcome.trace_hash;
    if (i == count && outcome.trace_hash != first_trace) {
      return fmt::format(
          "two runs with XEBEC_SEED={} differ: something in the test depends on more "
          "than the seed",
          seed);
    }
  }
  return {};
}

void WaitUntilAllBlocked() {
  G* self = CurrentG();
  if (self == nullptr) ThrowPanic("WaitUntilAllBlocked is called outside of a fiber");
  if (sim::Active()) {
    Park(
        [](G* g, void*) {
          internal::SimSetIdleWaiter(g);
          return true;
        },
        nullptr, WaitReason::kNone);
    return;
  }
  for (int round = 0;; ++round) {
    bool all = true;
    StopTheWorld("looking whether all fibers are blocked");
    internal::ForEachG([&](const G* g) {
      const GStatus status = g->status.load(std::memory_order_acquire);
      if (g != self && status != GStatus::kDead && status != GStatus::kWaiting) all = false;
    });
    StartTheWorld();
    if (all) return;
    if (round < 20) {
      Yield();
    } else {
      Breathe();
    }
  }
}

bool WaitForFiberCount(int64_t n) {
  const int64_t limit = NanoTime() + 10LL * 1000 * 1000 * 1000;
  for (int round = 0; FiberCount() != n; ++round) {
    if (sim::Active() ? round > 100000 : NanoTime() > limit) return false;
    if (round < 100) {
      Yield();
    } else {
      Breathe();
    }
  }
  return true;
}

}  // namespace xebec::runtime::testing
