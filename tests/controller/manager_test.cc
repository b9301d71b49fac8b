#include "controller/manager.h"

#include <gtest/gtest.h>

#include "apiserver/server.h"
#include "controller/builder.h"
#include "object/api/core/v1.h"
#include "runtime/net/dialer.h"
#include "runtime/net/transport.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::controller {
namespace {

using namespace std::chrono_literals;
using api::core::v1::ConfigMap;
using api::core::v1::Secret;
using runtime::testing::WaitUntilAllBlocked;

ConfigMap MakeConfigMap(const std::string& name) {
  ConfigMap::Builder map;
  map.SetName(name).SetNamespace("default");
  return map.Build();
}

struct Fixture {
  explicit Fixture(ManagerOptions options = {}) {
    options.metrics = &metrics;
    manager = std::make_unique<Manager>(client, options);
    std::tie(ctx, stop) = Context::WithCancel(Context::Background());
  }
  void Start() {
    running.Go([this] { result = manager->Start(ctx); });
  }
  ~Fixture() {
    stop();
    running.Wait();
    manager.reset();
  }

  runtime::Metrics metrics;
  apiserver::Server server;
  client::Client client{server.InProcessTransport()};
  std::unique_ptr<Manager> manager;
  Context ctx;
  CancelFunc stop;
  runtime::WaitGroup running;
  Result<void> result;
};

XEBEC_SIM_TEST(Manager, ReconcilesWhatExistsAndWhatIsOwned) {
  Fixture f;
  std::map<std::string, int> runs;
  auto reconcile = [&](Context ctx, const Request& request) -> Result<ReconcileResult> {
    ++runs[request.key.name];
    auto map = f.manager->ListerFor<ConfigMap>().Get(request.key);
    if (!map) return ReconcileResult::Done();
    Secret::Builder secret;
    secret.SetName(std::string(map->name()) + "-secret").SetNamespace(map->ns());
    XEBEC_TRY(secret.SetControllerReference(map->object()));
    auto made = f.client.Create<Secret>(ctx, secret.Build());
    if (!made && !IsAlreadyExists(made.error())) return std::move(made).error();
    return ReconcileResult::Done();
  };
  ASSERT_TRUE(f.client.Create(f.ctx, MakeConfigMap("early")).ok());
  ASSERT_TRUE(Builder(*f.manager).For<ConfigMap>().Owns<Secret>().Complete(reconcile).ok());
  f.Start();
  (void)SleepFor(f.ctx, 1s);
  EXPECT_TRUE(f.client.Get<Secret>(f.ctx, {"default", "early-secret"}).ok());
  ASSERT_TRUE(f.client.Create(f.ctx, MakeConfigMap("late")).ok());
  (void)SleepFor(f.ctx, 1s);
  EXPECT_TRUE(f.client.Get<Secret>(f.ctx, {"default", "late-secret"}).ok());
  // The deletion of what is owned reconciles its owner, which makes it again.
  ASSERT_TRUE(f.client.Delete<Secret>(f.ctx, {"default", "late-secret"}).ok());
  (void)SleepFor(f.ctx, 1s);
  EXPECT_TRUE(f.client.Get<Secret>(f.ctx, {"default", "late-secret"}).ok());
  f.stop();
  f.running.Wait();
  EXPECT_TRUE(f.result.ok()) << f.result.error().ToString();
}

XEBEC_SIM_TEST(Manager, EventsThatAPredicateHoldsBackDoNotReconcile) {
  Fixture f;
  int runs = 0;
  auto reconcile = [&](Context, const Request&) -> Result<ReconcileResult> {
    ++runs;
    return ReconcileResult::Done();
  };
  auto wanted = [](const ConfigMap& map) { return map.name() == "wanted"; };
  ASSERT_TRUE(Builder(*f.manager).For<ConfigMap>({.on_create = wanted}).Complete(reconcile).ok());
  f.Start();
  ASSERT_TRUE(f.client.Create(f.ctx, MakeConfigMap("wanted")).ok());
  ASSERT_TRUE(f.client.Create(f.ctx, MakeConfigMap("other")).ok());
  (void)SleepFor(f.ctx, 1s);
  EXPECT_EQ(runs, 1);
}

XEBEC_TEST(Manager, RefusesAControllerWithoutAKindOrWithATakenName) {
  Fixture f;
  auto reconcile = [](Context, const Request&) -> Result<ReconcileResult> {
    return ReconcileResult::Done();
  };
  auto none = Builder(*f.manager).Named("x").Owns<Secret>().Complete(reconcile);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("call For exactly once"), std::string::npos);
  ASSERT_TRUE(Builder(*f.manager).For<ConfigMap>().Complete(reconcile).ok());
  auto taken = Builder(*f.manager).For<ConfigMap>().Complete(reconcile);
  ASSERT_FALSE(taken.ok());
  EXPECT_NE(taken.error().message.find("configmap"), std::string::npos);
}

XEBEC_TEST(Manager, ServesHealthAndMetrics) {
  Fixture f({.listen = "127.0.0.1:0"});
  bool healthy = true;
  f.manager->health_checks().Add("disk", [&](Context) -> Result<void> {
    if (healthy) return {};
    return Error::Internal("disk is full");
  });
  runtime::Chan<Unit> up;
  f.manager->AddRunnable("signal", [&](Context) -> Result<void> {
    up.Close();
    return {};
  });
  f.Start();
  up.Receive();
  const std::string address = f.manager->address();
  const size_t colon = address.rfind(':');
  auto transport = runtime::http::MakeTransport(std::make_shared<runtime::net::TcpDialer>(
      address.substr(0, colon), std::stoi(address.substr(colon + 1))));
  auto get = [&](std::string path, std::string query = "") {
    runtime::http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    auto response = transport->RoundTrip(f.ctx, request);
    return response ? std::to_string(response->status) + " " + response->body
                    : response.error().ToString();
  };
  EXPECT_EQ(get("/healthz"), "200 ok");
  EXPECT_EQ(get("/healthz", "verbose"), "200 [+]disk ok\n[+]ping ok\nhealthz check passed\n");
  EXPECT_EQ(get("/livez"), "200 ok");
  EXPECT_EQ(get("/readyz/ping"), "200 ok");
  EXPECT_EQ(get("/readyz/nothing"), "404 no check named \"nothing\"\n");
  healthy = false;
  EXPECT_EQ(get("/healthz"),
            "500 [-]disk failed: reason withheld\n[+]ping ok\nhealthz check failed\n");
  EXPECT_EQ(get("/healthz", "exclude=disk"), "200 ok");
  EXPECT_NE(get("/metrics").find("200 "), std::string::npos);
}

XEBEC_TEST(Manager, TellsWhereItCannotListen) {
  Fixture f({.listen = "nonsense"});
  auto started = f.manager->Start(f.ctx);
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("nonsense"), std::string::npos) << started.error().message;
}

XEBEC_SIM_TEST(Manager, EndsWithTheFirstPartThatFails) {
  Fixture f;
  f.manager->AddRunnable("broken", [](Context ctx) -> Result<void> {
    (void)SleepFor(ctx, 3s);
    return Error::Internal("no more");
  });
  bool stopped = false;
  f.manager->AddRunnable("other", [&](Context ctx) -> Result<void> {
    ctx.Done().Receive();
    stopped = true;
    return {};
  });
  auto ended = f.manager->Start(f.ctx);
  ASSERT_FALSE(ended.ok());
  EXPECT_NE(ended.error().message.find("broken"), std::string::npos);
  EXPECT_TRUE(stopped);
}

XEBEC_SIM_TEST(Manager, CancelsAReconcileThatOutlastsTheGrace) {
  Fixture f({.graceful_shutdown_timeout = 10s});
  auto reconcile = [&](Context ctx, const Request&) -> Result<ReconcileResult> {
    ctx.Done().Receive();
    return *ctx.Err();
  };
  ASSERT_TRUE(Builder(*f.manager)
                  .For<ConfigMap>()
                  .WithOptions({.reconcile_timeout = 1h})
                  .Complete(reconcile)
                  .ok());
  ASSERT_TRUE(f.client.Create(f.ctx, MakeConfigMap("a")).ok());
  f.Start();
  (void)SleepFor(f.ctx, 1s);
  f.stop();
  f.running.Wait();
  ASSERT_FALSE(f.result.ok());
  EXPECT_TRUE(IsDeadlineExceeded(f.result.error()));
}

}  // namespace
}  // namespace xebec::controller
