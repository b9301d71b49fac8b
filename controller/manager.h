#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "controller/health.h"
#include "controller/reconcile_loop.h"
#include "informer/factory.h"
#include "runtime/context.h"
#include "runtime/debug/metrics.h"
#include "runtime/net/http.h"
#include "runtime/result.h"

namespace xebec::controller {

struct ManagerOptions {
  // Where /healthz, /readyz, /livez and /metrics are served, such as "127.0.0.1:8080"; port 0 picks
  // a free one. Empty: nowhere. Keep it on the loopback, or behind something that asks who comes.
  std::string listen;
  // What the caches hold: every namespace by default.
  informer::FactoryOptions informers;
  // How long reconciles that run may go on after a stop was asked for.
  std::chrono::nanoseconds graceful_shutdown_timeout = std::chrono::seconds(30);
  // Null: the process-wide registry. Handed on to all parts that have none of their own.
  runtime::Metrics* metrics = nullptr;
};

// Something else that lives as long as the manager; ends soon after its Context does.
using Runnable = std::function<Result<void>(Context)>;

// Owns what controllers share (client, caches, the HTTP endpoints) and their life: everything
// starts in Start and stops, in reverse order, when its Context ends.
//
//   controller::Manager manager(client);
//   XEBEC_TRY(controller::Builder(manager).For<PodSet>().Owns<Pod>().Complete(reconciler));
//   return manager.Start(ctx);
//
// Thread and fiber safety: set it up from one fiber, before Start.
class Manager {
 public:
  explicit Manager(client::Client client, ManagerOptions options = {});
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  const client::Client& client() const { return client_; }
  informer::SharedInformerFactory& informers() { return informers_; }
  runtime::Metrics& metrics() const { return *options_.metrics; }
  // The cache of T; it is started with the manager.
  template <class T>
  informer::Lister<T> ListerFor() {
    return informers_.ListerFor<T>();
  }

  void Add(std::shared_ptr<ReconcileLoop> loop);
  void AddRunnable(std::string name, Runnable runnable);
  // The checks behind /healthz and /livez, and behind /readyz. "ping" is always there; /readyz also
  // waits for the caches.
  HealthChecks& health_checks() { return healthz_; }
  HealthChecks& ready_checks() { return readyz_; }

  // Serves HTTP, starts the caches, then the controllers and runnables, and blocks until `ctx` ends
  // (a graceful stop) or one of them fails. Once only. Errors: the first failure, by name; a stop
  // that took longer than the grace.
  Result<void> Start(Context ctx);

  // The address that is served, once Start runs: "127.0.0.1:40123". Empty if none is.
  std::string address() const;
  const std::vector<std::shared_ptr<ReconcileLoop>>& loops() const { return loops_; }

 private:
  Result<void> Serve();
  Result<void> RunAll(const Context& ctx);

  const client::Client client_;
  const ManagerOptions options_;
  informer::SharedInformerFactory informers_;
  std::vector<std::shared_ptr<ReconcileLoop>> loops_;
  std::vector<std::pair<std::string, Runnable>> runnables_;
  HealthChecks healthz_{"healthz"};
  HealthChecks livez_{"livez"};
  HealthChecks readyz_{"readyz"};
  std::unique_ptr<runtime::http::Server> server_;
  runtime::Atomic<bool> caches_synced_{false};
  mutable runtime::Mutex mu_;
  std::string address_;  // guarded by mu_
};

}  // namespace xebec::controller
