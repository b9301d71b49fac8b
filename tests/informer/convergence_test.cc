// An informer on a bad network: whatever is cut, garbled, refused or forgotten on the way, the
// cache comes to equal the server's state, handlers learn of it, and nothing cached is lost
// meanwhile.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "apiserver/apiserver.h"
#include "client/client.h"
#include "client/helpers.h"
#include "informer/informer.h"
#include "object/api/core/v1.h"
#include "object/builder.h"
#include "runtime/net/transport.h"
#include "runtime/rand.h"
#include "runtime/sched/timer.h"
#include "runtime/testing.h"
#include "tests/fault/fault_proxy.h"

namespace xebec::informer {
namespace {

using namespace std::chrono_literals;
using api::core::v1::ConfigMap;
using fault::Fault;
using Versions = std::map<std::string, std::string>;  // name to resourceVersion

ConfigMap MapNamed(const std::string& name) {
  return ConfigMap(object::Builder(object::KindOf<ConfigMap>())
                       .SetNamespace("default")
                       .SetName(name)
                       .SetLabel("app", "test")
                       .Set({"data", "n"}, "0")
                       .Build());
}

// What a handler was told, folded into a state.
class Mirror final : public EventHandler {
 public:
  void OnAdd(const object::Object& o, bool) override { Set(o); }
  void OnUpdate(const object::Object&, const object::Object& o) override { Set(o); }
  void OnDelete(const object::Object& o, bool) override {
    std::lock_guard lock(mu_);
    state_.erase(std::string(o.name()));
  }
  Versions state() const {
    std::lock_guard lock(mu_);
    return state_;
  }

 private:
  void Set(const object::Object& o) {
    std::lock_guard lock(mu_);
    state_[std::string(o.name())] = o.resource_version();
  }
  mutable runtime::Mutex mu_;
  Versions state_;  // guarded by mu_
};

// A writer that reaches the server directly, and an informer that reaches it through the proxy.
struct Fixture {
  Fixture() {
    serve.SetHandler(server.Handler());
    std::tie(ctx, cancel) = Context::WithCancel({});
    InformerOptions options;
    options.metrics = options.reflector.metrics = &metrics;
    informer.emplace(
        MakeListerWatcher(proxied.ResourceOf<ConfigMap>(), {.label_selector = "app=test"}),
        options);
    informer->AddEventHandler(mirror);
  }
  void Start() {
    running.Go([this] { informer->Run(ctx); });
  }
  ~Fixture() {
    cancel();
    running.Wait();
  }
  Versions Cached() const {
    Versions out;
    for (const auto& o : informer->indexer().List()) {
      out[std::string(o.name())] = o.resource_version();
    }
    return out;
  }
  Versions Served() const {
    Versions out;
    auto list = direct.ListAll<ConfigMap>({}, {.label_selector = "app=test"});
    EXPECT_TRUE(list.ok()) << list.error().ToString();
    if (!list.ok()) return out;
    for (const auto& o : *list) out[std::string(o.name())] = o.resource_version();
    return out;
  }
  void ExpectConverged() {
    const Versions served = Served();
    auto waited = client::Poll(
        {}, [&]() -> Result<bool> { return Cached() == served && mirror->state() == served; },
        {.timeout = 10min});
    EXPECT_TRUE(waited.ok()) << "cache " << Cached().size() << ", handler "
                             << mirror->state().size() << ", server " << served.size();
  }
  double Lists(const std::string& cause) {
    return metrics
        .GetCounter("xebec_reflector_lists_total", "",
                    {{"resource", "configmaps"}, {"cause", cause}})
        .Value();
  }

  runtime::Metrics metrics;
  apiserver::Server server;
  client::Client direct{server.InProcessTransport()};
  runtime::http::Server serve;
  fault::FaultProxy proxy{std::make_shared<runtime::net::PipeDialer>(
      [this](std::unique_ptr<runtime::net::Conn> conn) { serve.ServeConn(std::move(conn)); })};
  client::Client proxied{runtime::http::MakeTransport(proxy.InMemory())};
  std::shared_ptr<Mirror> mirror = std::make_shared<Mirror>();
  std::optional<SharedIndexInformer> informer;
  Context ctx;
  CancelFunc cancel;
  runtime::WaitGroup running;
};

Fault RandomFault() {
  runtime::Rand& rand = runtime::ThreadRand();
  const size_t at = 150 + rand.Below(2000);
  switch (rand.Below(8)) {
    case 0:
      return Fault::Refuse();
    case 1:
      return Fault::CutAfter(at);
    case 2:
      return Fault::CorruptAfter(at, "\x01{]");
    case 3:
      return Fault::TruncateBodyAfter(at);
    case 4:
      return Fault::Status(410);
    case 5:
      return Fault::Status(429);
    case 6:
      return Fault::Status(500);
    default:
      return Fault::Delay(std::chrono::milliseconds(rand.Below(3000)));
  }
}

XEBEC_SIM_TEST(Convergence, CacheAndHandlersReachTheServersStateThroughCutsGarbageAndCompaction) {
  Fixture f;
  f.Start();
  for (int step = 0; step < 120; ++step) {
    const uint64_t what = runtime::ThreadRand().Below(10);
    const std::string name = fmt::format("m{}", runtime::ThreadRand().Below(12));
    if (what < 4) {
      (void)f.direct.Create({}, MapNamed(name));  // it may be there already
    } else if (what < 7) {
      (void)f.direct.Patch<ConfigMap>({}, {"default", name}, client::PatchType::kMerge,
                                      fmt::format(R"({{"data":{{"n":"{}"}}}})", step));
    } else if (what < 8) {
      (void)f.direct.Delete<ConfigMap>({}, {"default", name});  // it may be gone
    } else if (what < 9) {
      f.proxy.Set(RandomFault());  // and cuts what is open
    } else {
      f.server.CompactLog();
      f.proxy.Set(Fault::None());
    }
    runtime::Sleep(std::chrono::milliseconds(runtime::ThreadRand().Below(2000)));
  }
  f.proxy.Set(Fault::None());
  f.ExpectConverged();
}

XEBEC_SIM_TEST(Convergence, NoFaultLosesWhatIsCachedAndEachIsRecoveredFrom) {
  Fixture f;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(f.direct.Create({}, MapNamed(fmt::format("m{}", i))).ok());
  }
  f.Start();
  ASSERT_TRUE(f.informer->WaitForSync(f.ctx).ok());
  int step = 0;
  for (const Fault& fault :
       {Fault::Refuse(), Fault::Hang(), Fault::CutAfter(0), Fault::CutAfter(300),
        Fault::TruncateBodyAfter(40), Fault::CorruptAfter(250, "\x01{]"), Fault::Status(401),
        Fault::Status(403), Fault::Status(404), Fault::Status(409), Fault::Status(410),
        Fault::Status(429), Fault::Status(500), Fault::Json("{\"kind\":\"PodList\",\"items\":[{"),
        Fault::Raw("no HTTP at all\r\n")}) {
    f.proxy.Set(fault);
    runtime::Sleep(2min);
    EXPECT_EQ(f.Cached().size(), 5u) << "fault " << step;
    ASSERT_TRUE(f.direct
                    .Patch<ConfigMap>({}, {"default", "m1"}, client::PatchType::kMerge,
                                      fmt::format(R"({{"data":{{"n":"{}"}}}})", ++step))
                    .ok());
    f.proxy.Set(Fault::None());
    f.ExpectConverged();
  }
}

XEBEC_SIM_TEST(Convergence, ACutAloneNeedsNoListAndACompactionOne) {
  Fixture f;
  ASSERT_TRUE(f.direct.Create({}, MapNamed("a")).ok());
  f.Start();
  ASSERT_TRUE(f.informer->WaitForSync(f.ctx).ok());
  for (int i = 0; i < 5; ++i) {
    f.proxy.CutAll();
    runtime::Sleep(1min);
  }
  EXPECT_EQ(f.informer->lists(), 1u);
  EXPECT_EQ(f.Lists("first"), 1);
  f.proxy.Set(Fault::Refuse());
  ASSERT_TRUE(f.direct.Create({}, MapNamed("b")).ok());
  ASSERT_TRUE(f.direct.Delete<ConfigMap>({}, {"default", "a"}).ok());
  f.server.CompactLog();
  f.proxy.Set(Fault::None());
  f.ExpectConverged();
  EXPECT_EQ(f.Lists("expired"), 1);
}

XEBEC_SIM_TEST(Convergence, AServerThatIsDownAtStartIsWaitedFor) {
  Fixture f;
  ASSERT_TRUE(f.direct.Create({}, MapNamed("a")).ok());
  f.proxy.Set(Fault::Refuse());
  f.Start();
  runtime::Sleep(5min);
  EXPECT_FALSE(f.informer->HasSynced());
  f.proxy.Set(Fault::None());
  ASSERT_TRUE(f.informer->WaitForSync(f.ctx).ok());
  f.ExpectConverged();
}

}  // namespace
}  // namespace xebec::informer
