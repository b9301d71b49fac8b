#include "controller/reconcile_loop.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "runtime/debug/log.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sync/mutex.h"

namespace xebec::controller {
namespace {

constexpr size_t kRecentDurations = 4096;

// controller-runtime's names and buckets, so that existing dashboards go on working.
const std::vector<double> kReconcileBuckets = {
    0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
    0.7,   0.8,  0.9,   1.0,  1.25, 1.5,  1.75, 2.0,  2.5, 3.0,  3.5, 4.0,  4.5, 5,
    6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60};

struct LoopMetrics {
  LoopMetrics(runtime::Metrics& m, const std::string& name)
      : success(m.GetCounter("controller_runtime_reconcile_total", "Reconciles by result",
                             {{"controller", name}, {"result", "success"}})),
        error(m.GetCounter("controller_runtime_reconcile_total", "Reconciles by result",
                           {{"controller", name}, {"result", "error"}})),
        requeue(m.GetCounter("controller_runtime_reconcile_total", "Reconciles by result",
                             {{"controller", name}, {"result", "requeue"}})),
        requeue_after(m.GetCounter("controller_runtime_reconcile_total", "Reconciles by result",
                                   {{"controller", name}, {"result", "requeue_after"}})),
        errors(m.GetCounter("controller_runtime_reconcile_errors_total", "Failed reconciles",
                            {{"controller", name}})),
        terminal(m.GetCounter("controller_runtime_terminal_reconcile_errors_total",
                              "Failed reconciles that are not tried again",
                              {{"controller", name}})),
        panics(m.GetCounter("controller_runtime_reconcile_panics_total", "Reconciles that panicked",
                            {{"controller", name}})),
        timeouts(m.GetCounter("controller_runtime_reconcile_timeouts_total",
                              "Reconciles that met their deadline", {{"controller", name}})),
        workers(m.GetGauge("controller_runtime_active_workers", "Workers that reconcile now",
                           {{"controller", name}})),
        max_workers(m.GetGauge("controller_runtime_max_concurrent_reconciles",
                               "Most reconciles at once", {{"controller", name}})),
        seconds(m.GetHistogram("controller_runtime_reconcile_time_seconds",
                               "Seconds of a reconcile", kReconcileBuckets,
                               {{"controller", name}})) {}

  runtime::Counter& success;
  runtime::Counter& error;
  runtime::Counter& requeue;
  runtime::Counter& requeue_after;
  runtime::Counter& errors;
  runtime::Counter& terminal;
  runtime::Counter& panics;
  runtime::Counter& timeouts;
  runtime::Gauge& workers;
  runtime::Gauge& max_workers;
  runtime::Histogram& seconds;
};

double Seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

struct ReconcileLoop::State {
  State(runtime::Metrics& m, const std::string& name) : metrics(m, name) {}

  LoopMetrics metrics;
  runtime::WaitGroup workers;

  mutable runtime::Mutex mu;
  LoopStats stats;                                  // guarded by mu
  std::vector<int64_t> running_since;               // guarded by mu; by worker, 0 when idle
  std::vector<std::chrono::nanoseconds> durations;  // guarded by mu; a ring once full
  size_t next_duration = 0;                         // guarded by mu
};

ReconcileLoop::ReconcileLoop(std::string name, std::shared_ptr<Reconciler> reconciler,
                             LoopOptions options)
    : name_(std::move(name)), reconciler_(std::move(reconciler)), options_(std::move(options)) {
  if (!options_.metrics) options_.metrics = &runtime::Metrics::Default();
  if (!options_.rate_limiter) {
    options_.rate_limiter = ratelimit::DefaultControllerRateLimiter<Request>(options_.clock);
  }
  options_.max_concurrent_reconciles = std::max(1, options_.max_concurrent_reconciles);
  workqueue::QueueOptions<Request> queue_options{
      .name = name_, .metrics = options_.metrics, .clock = options_.clock};
  queue_ = std::make_shared<RequestQueue>(options_.rate_limiter, std::move(queue_options));
  state_ = std::make_unique<State>(*options_.metrics, name_);
  state_->running_since.assign(options_.max_concurrent_reconciles, 0);
  state_->metrics.max_workers.Set(options_.max_concurrent_reconciles);
}

ReconcileLoop::~ReconcileLoop() = default;

void ReconcileLoop::AddSource(Source source) { sources_.push_back(std::move(source)); }

Result<void> ReconcileLoop::Start(Context ctx, Context work) {
  for (const Source& source : sources_) {
    if (auto started = source.start(ctx, queue_); !started) {
      queue_->ShutDown();
      return std::move(started).error().Wrap(
          fmt::format("controller {}: cannot start its source {}", name_, source.name));
    }
  }
  auto [sync_ctx, cancel_sync] = Context::WithTimeout(ctx, options_.cache_sync_timeout);
  for (const Source& source : sources_) {
    if (auto synced = source.wait_for_sync(sync_ctx); !synced) {
      queue_->ShutDown();
      cancel_sync();
      if (ctx.Err()) return {};  // stopped before it began
      return std::move(synced).error().Wrap(fmt::format(
          "controller {}: the cache of {} did not sync within {} s (is the kind served, and may "
          "this user list and watch it?)",
          name_, source.name, Seconds(options_.cache_sync_timeout)));
    }
  }
  cancel_sync();

  XLOG(Info, "starting workers", {"controller", name_},
       {"workers", options_.max_concurrent_reconciles});
  for (int worker = 0; worker < options_.max_concurrent_reconciles; ++worker) {
    state_->workers.Add(1);
    runtime::GoNamed(fmt::format("{}/worker-{}", name_, worker), [this, worker, work] {
      Work(worker, work);
      state_->workers.Done();
    });
  }
  ctx.Done().Receive();
  queue_->ShutDown();
  state_->workers.Wait();
  XLOG(Info, "all workers finished", {"controller", name_});
  return {};
}

void ReconcileLoop::Work(int worker, Context work) {
  // Get's own Context is the background one: the queue's ShutDown ends the loop, and what is queued
  // by then is drained by client-go's rule only while reconciles may still run.
  while (!work.Err()) {
    std::optional<Request> request = queue_->Get(work);
    if (!request) return;
    if (!queue_->ShuttingDown()) ReconcileOne(worker, work, *request);
    queue_->Done(*request);
  }
}

void ReconcileLoop::ReconcileOne(int worker, const Context& work, const Request& request) {
  const int64_t start = options_.clock->Now();
  {
    std::lock_guard lock(state_->mu);
    state_->running_since[worker] = start;
    ++state_->stats.active_workers;
  }
  state_->metrics.workers.Add(1);

  auto [ctx, cancel] = Context::WithTimeout(work, options_.reconcile_timeout);
  Result<ReconcileResult> result = ReconcileResult::Done();
  std::optional<runtime::PanicInfo> panic =
      runtime::RunRecovering([&] { result = reconciler_->Reconcile(ctx, request); });
  if (panic) {
    XLOG(Error, "reconcile panicked", {"controller", name_}, {"request", request.ToString()},
         {"panic", panic->message}, {"stack", panic->stack});
    result = Error::Internal("panic: " + panic->message);
  }
  const bool timed_out = ctx.Err() && IsDeadlineExceeded(*ctx.Err());
  cancel();

  const std::chrono::nanoseconds took(options_.clock->Now() - start);
  LoopMetrics& metrics = state_->metrics;
  metrics.workers.Add(-1);
  metrics.seconds.Observe(Seconds(took));
  if (panic) metrics.panics.Add(1);
  if (timed_out) metrics.timeouts.Add(1);

  bool retry = false;
  if (!result) {
    metrics.errors.Add(1);
    metrics.error.Add(1);
    if (IsTerminalError(result.error())) {
      metrics.terminal.Add(1);
      queue_->Forget(request);
    } else {
      retry = true;
      queue_->AddRateLimited(request);
    }
    XLOG(Error, "reconcile failed", {"controller", name_}, {"request", request.ToString()},
         {"error", result.error().ToString()}, {"took", took});
  } else if (result->requeue()) {
    retry = true;
    metrics.requeue.Add(1);
    queue_->AddRateLimited(request);
  } else if (result->after()) {
    metrics.requeue_after.Add(1);
    queue_->Forget(request);
    queue_->AddAfter(request, *result->after());
  } else {
    metrics.success.Add(1);
    queue_->Forget(request);
  }

  std::lock_guard lock(state_->mu);
  LoopStats& stats = state_->stats;
  state_->running_since[worker] = 0;
  --stats.active_workers;
  ++stats.reconciles;
  stats.errors += !result;
  stats.panics += panic.has_value();
  stats.timeouts += timed_out;
  stats.retries += retry;
  if (state_->durations.size() < kRecentDurations) {
    state_->durations.push_back(took);
  } else {
    state_->durations[state_->next_duration++ % kRecentDurations] = took;
  }
}

LoopStats ReconcileLoop::Stats() const {
  const int64_t now = options_.clock->Now();
  std::lock_guard lock(state_->mu);
  LoopStats stats = state_->stats;
  for (int64_t since : state_->running_since) {
    if (since == 0) continue;
    const std::chrono::nanoseconds ran(now - since);
    stats.shortest_running =
        stats.longest_running.count() == 0 ? ran : std::min(stats.shortest_running, ran);
    stats.longest_running = std::max(stats.longest_running, ran);
  }
  return stats;
}

std::vector<std::chrono::nanoseconds> ReconcileLoop::RecentDurations() const {
  std::vector<std::chrono::nanoseconds> sorted;
  {
    std::lock_guard lock(state_->mu);
    sorted = state_->durations;
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace xebec::controller
