#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/reconciler.h"
#include "controller/request.h"
#include "ratelimit/ratelimit.h"
#include "runtime/clock.h"
#include "runtime/context.h"
#include "runtime/debug/metrics.h"
#include "runtime/sync/wait_group.h"
#include "workqueue/workqueue.h"

namespace xebec::controller {

using RequestQueue = workqueue::RateLimitingQueue<Request>;

struct LoopOptions {
  // Reconciles that may run at once. A key is never reconciled by two of them.
  int max_concurrent_reconciles = 1;
  // The deadline of each reconcile's Context. No reconcile holds a worker for ever by default
  // (kubernetes#53191).
  std::chrono::nanoseconds reconcile_timeout = std::chrono::seconds(30);
  // How long Start waits for the sources' caches before it gives up.
  std::chrono::nanoseconds cache_sync_timeout = std::chrono::minutes(2);
  // Delays of failed keys; null is ratelimit::DefaultControllerRateLimiter (5 ms doubled to 1,000
  // s, 10/s overall).
  std::shared_ptr<ratelimit::RateLimiter<Request>> rate_limiter;
  // Must outlive the loop. The runtime's by default (virtual in a simulation).
  runtime::Clock* clock = runtime::RealClock();
  // Null is the default registry.
  runtime::Metrics* metrics = nullptr;
};

// Where requests come from: `start` hooks up event handlers that add to the queue, `wait_for_sync`
// returns once everything that existed at the start has been handed to them.
struct Source {
  std::string name;
  std::function<Result<void>(Context, std::shared_ptr<RequestQueue>)> start;
  std::function<Result<void>(Context)> wait_for_sync;
};

// Figures of one loop so far, for tests, the demo's table and health checks.
struct LoopStats {
  uint64_t reconciles = 0;
  uint64_t errors = 0;
  uint64_t panics = 0;
  uint64_t timeouts = 0;
  uint64_t retries = 0;  // keys put back by an error or Requeue()
  int active_workers = 0;
  std::chrono::nanoseconds longest_running{0};  // of the reconciles that run now; 0 if none does
  std::chrono::nanoseconds shortest_running{0};
};

// One queue of requests and the workers that reconcile them (controller-runtime's Controller).
//
// Thread and fiber safety: AddSource before Start; everything else from any fiber.
class ReconcileLoop {
 public:
  ReconcileLoop(std::string name, std::shared_ptr<Reconciler> reconciler, LoopOptions options = {});
  ~ReconcileLoop();
  ReconcileLoop(const ReconcileLoop&) = delete;
  ReconcileLoop& operator=(const ReconcileLoop&) = delete;

  void AddSource(Source source);

  // Starts the sources, waits for their caches, reconciles until `ctx` is cancelled, then takes no
  // further request and waits for the reconciles that run. `work` is the parent of each reconcile's
  // Context: it outlives `ctx` by the grace that the caller gives. Blocks. Errors: a source that
  // cannot start or does not sync in time.
  Result<void> Start(Context ctx, Context work);

  const std::string& name() const { return name_; }
  const std::shared_ptr<RequestQueue>& queue() const { return queue_; }
  const LoopOptions& options() const { return options_; }
  LoopStats Stats() const;
  // Sorted copy of the latest reconciles' durations (at most 4,096 of them), for percentiles.
  std::vector<std::chrono::nanoseconds> RecentDurations() const;

 private:
  struct State;
  void Work(int worker, Context work);
  void ReconcileOne(int worker, const Context& work, const Request& request);

  std::string name_;
  std::shared_ptr<Reconciler> reconciler_;
  LoopOptions options_;
  std::shared_ptr<RequestQueue> queue_;
  std::vector<Source> sources_;
  std::unique_ptr<State> state_;
};

}  // namespace xebec::controller
