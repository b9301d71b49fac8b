#include "cluster_fixture.h"

#include "runtime/testing.h"

namespace xebec::cluster {
namespace {

XEBEC_TEST(ClusterClient, ReadsWritesAndDeletes) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  const auto& client = cluster.client();
  const auto& ctx = cluster.ctx();
  auto created = client.Create(ctx, cluster.MakeConfigMap("a", "1"));
  ASSERT_TRUE(created.ok()) << created.error().ToString();
  EXPECT_FALSE(created->uid().empty());
  auto again = client.Create(ctx, cluster.MakeConfigMap("a", "1"));
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(IsAlreadyExists(again.error()));

  auto changed =
      client.Update(ctx, ConfigMap(created->object().Edit().Set({"data", "key"}, "2").Build()));
  ASSERT_TRUE(changed.ok()) << changed.error().ToString();
  auto stale =
      client.Update(ctx, ConfigMap(created->object().Edit().Set({"data", "key"}, "3").Build()));
  ASSERT_FALSE(stale.ok());
  EXPECT_TRUE(IsConflict(stale.error())) << stale.error().ToString();

  for (auto [type, body] :
       {std::pair{client::PatchType::kMerge, R"({"data":{"merge":"x"}})"},
        std::pair{client::PatchType::kStrategicMerge, R"({"data":{"strategic":"x"}})"},
        std::pair{client::PatchType::kJson,
                  R"([{"op":"replace","path":"/data/key","value":"4"}])"}}) {
    auto patched = client.Patch<ConfigMap>(ctx, created->key(), type, body);
    ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  }
  auto read = client.Get<ConfigMap>(ctx, created->key());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)["data"]["key"].AsString(), "4");
  EXPECT_EQ((*read)["data"]["merge"].AsString(), "x");
  EXPECT_EQ((*read)["data"]["strategic"].AsString(), "x");

  ASSERT_TRUE(client.Delete<ConfigMap>(ctx, created->key()).ok());
  EXPECT_TRUE(IsNotFound(client.Get<ConfigMap>(ctx, created->key()).error()));
}

XEBEC_TEST(ClusterClient, ReadsAllPagesOfAList) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(cluster.client()
                    .Create(cluster.ctx(), cluster.MakeConfigMap(fmt::format("m{}", i), "v"))
                    .ok());
  }
  auto all = cluster.client().ListAll<ConfigMap>(
      cluster.ctx(), {.ns = cluster.ns(), .label_selector = "app=xebec", .limit = 10});
  ASSERT_TRUE(all.ok()) << all.error().ToString();
  EXPECT_EQ(all->size(), 25u);
}

XEBEC_TEST(ClusterClient, WatchesChangesInOrder) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  const auto& ctx = cluster.ctx();
  auto list = cluster.client().List<ConfigMap>(ctx, {.ns = cluster.ns()});
  ASSERT_TRUE(list.ok());
  auto watch =
      cluster.client().Watch<ConfigMap>(ctx, {.ns = cluster.ns(),
                                              .label_selector = "app=xebec",
                                              .resource_version = list->resource_version()});
  ASSERT_TRUE(watch.ok()) << watch.error().ToString();
  auto created = cluster.client().Create(ctx, cluster.MakeConfigMap("a", "1"));
  ASSERT_TRUE(created.ok());
  ASSERT_TRUE(cluster.client()
                  .Patch<ConfigMap>(ctx, created->key(), client::PatchType::kMerge,
                                    R"({"data":{"key":"2"}})")
                  .ok());
  ASSERT_TRUE(cluster.client().Delete<ConfigMap>(ctx, created->key()).ok());
  for (auto type :
       {client::EventType::kAdded, client::EventType::kModified, client::EventType::kDeleted}) {
    auto event = watch->Next(ctx);
    ASSERT_TRUE(event.has_value());
    ASSERT_TRUE(event->ok()) << event->error().ToString();
    EXPECT_EQ((*event)->type, type);
    EXPECT_EQ((*event)->object.name(), "a");
  }
}

XEBEC_TEST(ClusterClient, TellsWhatTheServerRejected) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  Pod::Builder pod;
  pod.SetName("Bad_Name").SetNamespace(cluster.ns());
  auto made = cluster.client().Create(cluster.ctx(), Pod(pod.Build()));
  ASSERT_FALSE(made.ok());
  EXPECT_TRUE(IsInvalid(made.error())) << made.error().ToString();
  EXPECT_GE(made.error().details.causes.size(), 2u) << "the name, and the missing containers";
}

}  // namespace
}  // namespace xebec::cluster
