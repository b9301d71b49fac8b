#include "cluster_fixture.h"

#include "controller/controller.h"
#include "fake_kubelet.h"
#include "podset_controller.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::cluster {
namespace {

using controller::ReconcileResult;
using podset::PodSet;

// Runs a manager until its end; what it returned is checked.
class Running {
 public:
  Running(controller::Manager& manager, const Context& parent) {
    std::tie(ctx_, stop_) = Context::WithCancel(parent);
    running_.Go([this, &manager] {
      auto ended = manager.Start(ctx_);
      EXPECT_TRUE(ended.ok()) << ended.error().ToString();
    });
  }
  ~Running() {
    stop_();
    running_.Wait();
  }

 private:
  Context ctx_;
  CancelFunc stop_;
  runtime::WaitGroup running_;
};

XEBEC_TEST(ClusterController, MakesAndRemakesWhatItOwns) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  const auto& client = cluster.client();
  controller::Manager manager(
      client, {.informers = {.scope = {.ns = cluster.ns(), .label_selector = "app=xebec"}}});
  auto maps = manager.ListerFor<ConfigMap>();
  auto reconcile = [&](Context ctx, const controller::Request& request) -> Result<ReconcileResult> {
    auto map = maps.Get(request.key);
    if (!map) return ReconcileResult::Done();
    Secret::Builder secret;
    secret.SetName(map->name()).SetNamespace(map->ns()).SetLabel("app", "xebec");
    XEBEC_TRY(secret.SetControllerReference(map->object()));
    auto made = client.Create(ctx, Secret(secret.Build()));
    if (!made && !IsAlreadyExists(made.error())) return std::move(made).error();
    return ReconcileResult::Done();
  };
  ASSERT_TRUE(
      controller::Builder(manager).For<ConfigMap>().Owns<Secret>().Complete(reconcile).ok());
  Running running(manager, cluster.ctx());
  ASSERT_TRUE(client.Create(cluster.ctx(), cluster.MakeConfigMap("a", "1")).ok());
  const NamespacedName key{cluster.ns(), "a"};
  EXPECT_TRUE(
      Eventually(cluster.ctx(), [&] { return client.Get<Secret>(cluster.ctx(), key).ok(); }));
  EXPECT_TRUE(client.Delete<Secret>(cluster.ctx(), key).ok());
  EXPECT_TRUE(
      Eventually(cluster.ctx(), [&] { return client.Get<Secret>(cluster.ctx(), key).ok(); }));
}

XEBEC_TEST(ClusterPodSet, ScalesUpAndDownReplacesFailedPodsAndCleansUp) {
  Cluster cluster;
  ASSERT_TRUE(cluster.ok());
  const auto& client = cluster.client();
  const auto& ctx = cluster.ctx();
  auto installed = podset::InstallPodSetCrd(ctx, client);
  ASSERT_TRUE(installed.ok()) << installed.error().ToString();
  controller::Manager manager(client, {.informers = {.scope = {.ns = cluster.ns()}}});
  ASSERT_TRUE(podset::AddPodSetController(manager).ok());
  ASSERT_TRUE(podset::AddFakeKubelet(manager, {.fail_percent = 10}).ok());
  Running running(manager, ctx);

  const NamespacedName key{cluster.ns(), "web"};
  PodSet::Builder web;
  web.SetName(key.name).SetNamespace(key.ns).spec().SetReplicas(30).SetImage(
      "registry.k8s.io/pause:3.10");
  auto made = client.Create(ctx, PodSet(web.Build()));
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  auto reaches = [&](int replicas) {
    return Eventually(ctx, [&] {
      auto set = client.Get<PodSet>(ctx, key);
      return set.ok() && set->status().ready_replicas() == replicas &&
             set->status().replicas() == replicas;
    });
  };
  EXPECT_TRUE(reaches(30));
  EXPECT_TRUE(
      client.Patch<PodSet>(ctx, key, client::PatchType::kMerge, R"({"spec":{"replicas":5}})").ok());
  EXPECT_TRUE(reaches(5));
  EXPECT_TRUE(client.Delete<PodSet>(ctx, key).ok());
  EXPECT_TRUE(client::WaitForDeletion<PodSet>(ctx, client, key, std::chrono::seconds(30)).ok());
  EXPECT_TRUE(Eventually(ctx, [&] {
    auto pods = client.List<Pod>(ctx, {.ns = cluster.ns()});
    return pods.ok() && pods->empty();
  }));
}

}  // namespace
}  // namespace xebec::cluster
