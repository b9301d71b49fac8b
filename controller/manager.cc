#include "controller/manager.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "runtime/check.h"
#include "runtime/debug/log.h"
#include "runtime/sched/fiber.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"

namespace xebec::controller {
namespace {

ManagerOptions WithDefaults(ManagerOptions options) {
  if (options.metrics == nullptr) options.metrics = &runtime::Metrics::Default();
  if (options.informers.informer.metrics == nullptr)
    options.informers.informer.metrics = options.metrics;
  return options;
}

// The percentiles of a loop's latest reconciles, in seconds, as a summary has them.
void ExportPercentiles(runtime::Metrics& metrics, const std::shared_ptr<ReconcileLoop>& loop) {
  for (double q : {0.5, 0.9, 0.99}) {
    metrics.SetGaugeFunction(
        "xebec_reconcile_recent_seconds", "Duration of the latest 4,096 reconciles, by quantile",
        {{"controller", loop->name()}, {"quantile", fmt::format("{}", q)}},
        [weak = std::weak_ptr<ReconcileLoop>(loop), q]() -> double {
          auto loop = weak.lock();
          if (!loop) return 0;
          auto sorted = loop->RecentDurations();
          if (sorted.empty()) return 0;
          const auto at = std::min(sorted.size() - 1, static_cast<size_t>(q * sorted.size()));
          return std::chrono::duration<double>(sorted[at]).count();
        });
  }
}

}  // namespace

Manager::Manager(client::Client client, ManagerOptions options)
    : client_(std::move(client)),
      options_(WithDefaults(std::move(options))),
      informers_(client_, options_.informers) {
  HealthCheck ping = [](Context) -> Result<void> { return {}; };
  healthz_.Add("ping", ping);
  livez_.Add("ping", ping);
  readyz_.Add("ping", ping);
  readyz_.Add("caches", [this](Context) -> Result<void> {
    if (caches_synced_.load(std::memory_order_acquire)) return {};
    return Error::Timeout("the caches do not hold their first list yet");
  });
}

Manager::~Manager() = default;

void Manager::Add(std::shared_ptr<ReconcileLoop> loop) {
  ExportPercentiles(*options_.metrics, loop);
  HealthCheck stuck = [weak = std::weak_ptr<ReconcileLoop>(loop)](Context) -> Result<void> {
    auto loop = weak.lock();
    if (!loop) return {};
    // Alive as long as one worker makes progress: only all of them, for several deadlines, mean
    // that it is stuck.
    const LoopStats stats = loop->Stats();
    if (stats.active_workers < loop->options().max_concurrent_reconciles ||
        stats.shortest_running < 3 * loop->options().reconcile_timeout) {
      return {};
    }
    return Error::Timeout(
        fmt::format("every worker of {} has been in one reconcile for more than three deadlines",
                    loop->name()));
  };
  livez_.Add(loop->name(), stuck);
  healthz_.Add(loop->name(), stuck);
  loops_.push_back(std::move(loop));
}

void Manager::AddRunnable(std::string name, Runnable runnable) {
  runnables_.emplace_back(std::move(name), std::move(runnable));
}

std::string Manager::address() const {
  std::lock_guard lock(mu_);
  return address_;
}

Result<void> Manager::Serve() {
  if (options_.listen.empty()) return {};
  server_ = std::make_unique<runtime::http::Server>();
  for (HealthChecks* checks : {&healthz_, &livez_, &readyz_}) {
    auto serve = [checks](runtime::http::Request& request,
                          runtime::http::ResponseWriter& response) {
      checks->Serve(request, response);
    };
    server_->HandleFunc("/" + checks->endpoint(), serve);
    server_->HandleFunc("/" + checks->endpoint() + "/", serve);
  }
  server_->HandleFunc(
      "/metrics", [this](runtime::http::Request&, runtime::http::ResponseWriter& response) {
        const std::string text = options_.metrics->Text();
        response.headers().Set("Content-Type", std::string(runtime::Metrics::kContentType));
        response.headers().Set("Content-Length", std::to_string(text.size()));
        (void)response.Write(text);
      });
  XEBEC_ASSIGN_OR_RETURN(std::string address, server_->Start(options_.listen));
  XLOG(Info, "serving health and metrics", {"address", address});
  std::lock_guard lock(mu_);
  address_ = std::move(address);
  return {};
}

Result<void> Manager::Start(Context ctx) {
  if (auto served = Serve(); !served) {
    return std::move(served).error().Wrap(
        fmt::format("cannot serve health and metrics on {}", options_.listen));
  }
  // The caches outlive the controllers that read them, so they have a Context that ends after those
  // did.
  auto [cache_ctx, stop_caches] = Context::WithCancel(Context::Background());
  informers_.Start(cache_ctx);
  Result<void> result = RunAll(ctx);
  stop_caches();
  informers_.Shutdown();
  if (server_) {
    auto [shutdown_ctx, cancel] =
        Context::WithTimeout(Context::Background(), std::chrono::seconds(5));
    (void)server_->Shutdown(shutdown_ctx);  // a probe that does not end is cut
    cancel();
    server_->Close();
  }
  return result;
}

Result<void> Manager::RunAll(const Context& ctx) {
  // `running` ends with ctx or the first failure; `work` ends when the grace is over too.
  auto [running, stop] = Context::WithCancel(ctx);
  auto [work, abandon] = Context::WithCancel(Context::Background());
  struct Shared {
    runtime::Mutex mu;
    Result<void> first;  // guarded by mu
    runtime::WaitGroup parts;
    runtime::Chan<Unit> all_ended;
  };
  auto shared = std::make_shared<Shared>();
  auto run = [&, stop = stop](std::string name, std::function<Result<void>()> part) {
    shared->parts.Add(1);
    runtime::GoNamed(name, [shared, stop, name, part = std::move(part)] {
      if (auto ended = part(); !ended) {
        std::lock_guard lock(shared->mu);
        if (shared->first.ok()) shared->first = std::move(ended).error().Wrap(name);
        stop();
      }
      shared->parts.Done();
    });
  };

  run("caches", [this, running = running]() -> Result<void> {
    if (informers_.WaitForCacheSync(running)) caches_synced_.store(true, std::memory_order_release);
    return {};  // a loop whose cache does not come says so itself
  });
  for (const auto& loop : loops_) {
    run(loop->name(),
        [loop, running = running, work = work] { return loop->Start(running, work); });
  }
  for (const auto& [name, runnable] : runnables_) {
    run(name, [runnable, running = running] { return runnable(running); });
  }
  runtime::GoNamed("manager/wait", [shared] {
    shared->parts.Wait();
    shared->all_ended.Close();
  });

  running.Done().Receive();
  bool in_time = true;
  runtime::Select(runtime::OnReceive(shared->all_ended),
                  runtime::OnTimeout(options_.graceful_shutdown_timeout, [&] { in_time = false; }));
  abandon();
  runtime::Select(
      runtime::OnReceive(shared->all_ended), runtime::OnTimeout(std::chrono::seconds(5), [&] {
        for (const auto& loop : loops_) {
          if (int active = loop->Stats().active_workers; active > 0) {
            XLOG(Error,
                 "reconciles ignore that their Context was cancelled; still waiting for them",
                 {"controller", loop->name()}, {"reconciles", active});
          }
        }
      }));
  shared->all_ended.Receive();
  stop();
  std::lock_guard lock(shared->mu);
  if (!shared->first) return shared->first;
  if (!in_time) {
    return Error::DeadlineExceeded(
        fmt::format("reconciles were still running {} s after the stop and were cancelled",
                    std::chrono::duration<double>(options_.graceful_shutdown_timeout).count()));
  }
  return {};
}

}  // namespace xebec::controller
