#include "runtime/sched/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/stackwalk.h"
#include "runtime/sched/internal/switch.h"
#include "runtime/sched/time.h"
#include "runtime/sched/world.h"

namespace xebec::runtime {
namespace {

using internal::sched;

std::string StateOf(const G* g, GStatus status) {
  switch (status) {
    case GStatus::kDead:
      return "dead";
    case GStatus::kRunnable:
      return "runnable";
    case GStatus::kRunning:
      return "running";
    case GStatus::kBlocking:
      return "blocking call";
    case GStatus::kWaiting:
      return std::string(ToString(g->wait_reason));
  }
  return "?";
}

// The stack of a fiber that does not run.
__attribute__((no_sanitize("address", "thread"))) void WalkParked(const G* g,
                                                                  std::vector<uintptr_t>* out) {
  const auto* context = static_cast<const internal::SavedContext*>(g->sp);
  if (context == nullptr || g->stack_hi == 0) return;
  uintptr_t pcs[64];
  const size_t n = internal::WalkFrames(context->return_address, context->rbp, g->stack_lo,
                                        g->stack_hi, pcs, 64);
  out->assign(pcs, pcs + n);
}

FiberInfo Describe(const G* g, GStatus status, bool stacks, const G* self) {
  FiberInfo info;
  info.id = g->id;
  info.name =
      g->name_size != 0 ? std::string(g->name, g->name_size) : fmt::format("fiber {}", g->id);
  info.state = StateOf(g, status);
  if (status == GStatus::kWaiting || status == GStatus::kBlocking) {
    info.waited_ns = std::max<int64_t>(0, NanoTime() - g->wait_since);
  }
  const char* file = std::strrchr(g->where.file_name(), '/');
  info.created_at =
      fmt::format("{}:{}", file != nullptr ? file + 1 : g->where.file_name(), g->where.line());
  if (!stacks) return info;
  if (g == self) {
    info.stack = internal::WalkStack(__builtin_frame_address(0), 1);
  } else if (status == GStatus::kBlocking) {
    uintptr_t pcs[64];
    const size_t n =
        internal::WalkFrames(0, g->blocking_registers[5], g->stack_lo, g->stack_hi, pcs, 64);
    info.stack.assign(pcs, pcs + n);
  } else if (status != GStatus::kRunning) {
    WalkParked(g, &info.stack);
  }
  return info;
}

}  // namespace

std::vector<FiberInfo> ListFibers(const DumpOptions& options) {
  std::vector<FiberInfo> fibers;
  const G* self = CurrentG();
  const bool stop = self != nullptr && CurrentP() != nullptr && !WorldIsStopped();
  if (stop) StopTheWorld("fiber dump");
  // Stacks may be read only where nothing runs.
  const bool still = stop || WorldIsStopped() || sched.frozen.load(std::memory_order_acquire);
  internal::ForEachG([&](G* g) {
    const GStatus status = g->status.load(std::memory_order_acquire);
    if (status == GStatus::kDead || fibers.size() >= options.limit) return;
    fibers.push_back(Describe(g, status, options.stacks && still, self));
  });
  if (stop) StartTheWorld();
  std::sort(fibers.begin(), fibers.end(),
            [](const FiberInfo& a, const FiberInfo& b) { return a.id < b.id; });
  return fibers;
}

std::string FormatFibers(const std::vector<FiberInfo>& fibers) {
  std::string text;
  for (const FiberInfo& fiber : fibers) {
    const std::string unnamed = fmt::format("fiber {}", fiber.id);
    fmt::format_to(std::back_inserter(text), "{}{} [{}", unnamed,
                   fiber.name == unnamed ? "" : fmt::format(" \"{}\"", fiber.name), fiber.state);
    const int64_t minutes = fiber.waited_ns / (60LL * 1000 * 1000 * 1000);
    if (minutes > 0) fmt::format_to(std::back_inserter(text), ", {} minutes", minutes);
    text += "]:\n";
    text += Symbolize(fiber.stack);
    fmt::format_to(std::back_inserter(text), "created at {}\n\n", fiber.created_at);
  }
  return text;
}

std::string DumpFibers(const DumpOptions& options) { return FormatFibers(ListFibers(options)); }

int64_t FiberCount() {
  auto count = static_cast<int64_t>(sched.spawned_without_p.load(std::memory_order_relaxed)) -
               static_cast<int64_t>(sched.exited_without_p.load(std::memory_order_relaxed));
  for (int i = 0; const P* p = internal::PAt(i); ++i) {
    count -= static_cast<int64_t>(p->exited.load(std::memory_order_relaxed));
    count += static_cast<int64_t>(p->spawned.load(std::memory_order_relaxed));
  }
  return count;
}

SchedStats ReadSchedStats() {
  SchedStats stats;
  stats.fibers = FiberCount();
  stats.procs = sched.procs.load(std::memory_order_relaxed);
  stats.idle_procs = sched.idle_p_count.load(std::memory_order_relaxed);
  stats.spinning_threads = sched.spinning.load(std::memory_order_relaxed);
  stats.global_queue = sched.global_size.load(std::memory_order_relaxed);
  stats.preempt_requests = sched.preempt_requests.load(std::memory_order_relaxed);
  stats.world_stops = sched.world_stops.load(std::memory_order_relaxed);
  stats.spawned = sched.spawned_without_p.load(std::memory_order_relaxed);
  for (int i = 0; const P* p = internal::PAt(i); ++i) {
    stats.spawned += p->spawned.load(std::memory_order_relaxed);
    stats.switches += p->switches.load(std::memory_order_relaxed);
    stats.steals += p->steals.load(std::memory_order_relaxed);
    stats.handoffs += p->handoffs.load(std::memory_order_relaxed);
  }
  sched.lock.lock();
  stats.threads = sched.m_count;
  stats.idle_threads = sched.idle_m_count;
  sched.lock.unlock();
  return stats;
}

}  // namespace xebec::runtime
