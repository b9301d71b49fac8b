// The factory, against the embedded server.
#include "informer/factory.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "apiserver/apiserver.h"
#include "object/api/core/v1.h"
#include "object/builder.h"
#include "runtime/sched/fiber.h"
#include "runtime/testing.h"

namespace xebec::informer {
namespace {

using api::core::v1::ConfigMap;
using api::core::v1::Secret;

ConfigMap MapNamed(const std::string& name) {
  return ConfigMap(object::Builder(object::KindOf<ConfigMap>())
                       .SetNamespace("default")
                       .SetName(name)
                       .SetLabel("app", "test")
                       .Build());
}

struct Fixture {
  Fixture() { std::tie(ctx, cancel) = Context::WithCancel({}); }
  ~Fixture() {
    cancel();
    factory.Shutdown();
  }
  apiserver::Server server;
  client::Client client{server.InProcessTransport()};
  SharedInformerFactory factory{client};
  Context ctx;
  CancelFunc cancel;
};

XEBEC_SIM_TEST(Factory, OneInformerServesAllWhoAskForAKind) {
  Fixture f;
  EXPECT_EQ(f.factory.InformerFor<ConfigMap>(), f.factory.InformerFor<ConfigMap>());
  EXPECT_NE(f.factory.InformerFor<ConfigMap>(), f.factory.InformerFor<Secret>());
}

XEBEC_SIM_TEST(Factory, StartUnderItsLockStartsEachInformerOnceInAFiberOfItsOwn) {
  Fixture f;
  auto maps = f.factory.InformerFor<ConfigMap>();
  // Run panics when it is called twice: many Starts at once must not.
  runtime::WaitGroup starters;
  for (int i = 0; i < 20; ++i) starters.Go([&] { f.factory.Start(f.ctx); });
  starters.Wait();
  ASSERT_TRUE(f.factory.WaitForCacheSync(f.ctx).ok());
  EXPECT_EQ(maps->lists(), 1u);
  // What is asked for later is started by the next Start, and only that.
  auto secrets = f.factory.InformerFor<Secret>();
  EXPECT_EQ(secrets->state(), Reflector::State::kNew);
  f.factory.Start(f.ctx);
  ASSERT_TRUE(f.factory.WaitForCacheSync(f.ctx).ok());
  EXPECT_EQ(secrets->lists(), 1u);
  EXPECT_EQ(maps->lists(), 1u);
}

XEBEC_SIM_TEST(Factory, ShutdownWaitsForTheInformersAndStartsNothingMore) {
  Fixture f;
  auto maps = f.factory.InformerFor<ConfigMap>();
  f.factory.Start(f.ctx);
  ASSERT_TRUE(f.factory.WaitForCacheSync(f.ctx).ok());
  f.cancel();
  f.factory.Shutdown();
  EXPECT_EQ(maps->state(), Reflector::State::kStopped);
  auto secrets = f.factory.InformerFor<Secret>();
  f.factory.Start(Context());
  EXPECT_EQ(secrets->state(), Reflector::State::kNew);
}

XEBEC_SIM_TEST(Factory, ListersReadTheCacheAndSendNothing) {
  Fixture f;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(f.client.Create({}, MapNamed(fmt::format("m{}", i))).ok());
  }
  auto lister = f.factory.ListerFor<ConfigMap>();
  f.factory.Start(f.ctx);
  ASSERT_TRUE(f.factory.WaitForCacheSync(f.ctx).ok());
  EXPECT_EQ(lister.ListNamespace("default", *object::LabelSelector::Parse("app=test")).size(), 3u);
  EXPECT_EQ(lister.Get({"default", "m1"})->name(), "m1");
  EXPECT_TRUE(IsNotFound(lister.Get({"default", "none"}).error()));
  f.server.Stop();
  EXPECT_EQ(lister.Get({"default", "m1"})->name(), "m1") << "the cache outlives the server";
}

}  // namespace
}  // namespace xebec::informer
