#include "cluster_fixture.h"

#include "informer/informer.h"
#include "runtime/testing.h"

namespace xebec::cluster {
namespace {

XEBEC_TEST(ClusterInformer, HoldsWhatTheServerHolds) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  const auto& client = cluster.client();
  ASSERT_TRUE(client.Create(cluster.ctx(), cluster.MakeConfigMap("early", "1")).ok());

  auto [ctx, stop] = Context::WithCancel(cluster.ctx());
  informer::SharedInformerFactory factory(
      client, {.scope = {.ns = cluster.ns(), .label_selector = "app=xebec"}});
  auto maps = factory.ListerFor<ConfigMap>();
  factory.Start(ctx);
  auto synced = factory.WaitForCacheSync(ctx);
  EXPECT_TRUE(synced.ok()) << synced.error().ToString();
  EXPECT_TRUE(maps.Get({cluster.ns(), "early"}).ok());

  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(client.Create(ctx, cluster.MakeConfigMap(fmt::format("m{}", i), "1")).ok());
  }
  EXPECT_TRUE(Eventually(ctx, [&] { return maps.List().size() == 51; }));
  EXPECT_TRUE(client
                  .Patch<ConfigMap>(ctx, {cluster.ns(), "m7"}, client::PatchType::kMerge,
                                    R"({"data":{"key":"changed"}})")
                  .ok());
  EXPECT_TRUE(client.Delete<ConfigMap>(ctx, {cluster.ns(), "m8"}).ok());
  EXPECT_TRUE(Eventually(ctx, [&] {
    auto m7 = maps.Get({cluster.ns(), "m7"});
    return m7.ok() && (*m7)["data"]["key"].AsString() == "changed" &&
           !maps.Get({cluster.ns(), "m8"}).ok();
  }));
  stop();
  factory.Shutdown();
}

}  // namespace
}  // namespace xebec::cluster
