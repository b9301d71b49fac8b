// How a controller is tested: in this process, against the embedded API server, under a seed and in
// virtual time (nothing here waits for real).
#include <gtest/gtest.h>

#include <xebec/apiserver/server.h>
#include <xebec/runtime/testing.h>

#include "fake_kubelet.h"
#include "podset_controller.h"

using namespace std::chrono_literals;

XEBEC_SIM_TEST(PodSet, KeepsItsPodsThroughFailuresAndDeletions) {
  xebec::apiserver::Server server;
  xebec::client::Client client(server.InProcessTransport());
  auto [ctx, stop] = xebec::Context::WithCancel(xebec::Context::Background());
  xebec::runtime::Metrics metrics;
  xebec::controller::Manager manager(client, {.metrics = &metrics});
  ASSERT_TRUE(podset::InstallPodSetCrd(ctx, client).ok());
  ASSERT_TRUE(podset::AddPodSetController(manager).ok());
  ASSERT_TRUE(podset::AddFakeKubelet(manager, {.fail_percent = 20}).ok());
  xebec::runtime::WaitGroup running;
  running.Go([&, ctx = ctx] { EXPECT_TRUE(manager.Start(ctx).ok()); });

  podset::PodSet::Builder web;
  web.SetName("web").SetNamespace("default").spec().SetReplicas(10).SetImage("nginx");
  ASSERT_TRUE(client.Create(ctx, podset::PodSet(web.Build())).ok());
  ASSERT_TRUE(xebec::SleepFor(ctx, 60s).ok());
  EXPECT_EQ(client.Get<podset::PodSet>(ctx, {"default", "web"})->status().ready_replicas(), 10);

  ASSERT_TRUE(client.Delete<podset::PodSet>(ctx, {"default", "web"}).ok());
  ASSERT_TRUE(xebec::SleepFor(ctx, 60s).ok());
  EXPECT_TRUE(client.List<podset::Pod>(ctx)->empty());
  stop();
  running.Wait();
}
