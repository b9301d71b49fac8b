// One seed is one run: the whole controller, its client, caches and server, with faults in between.
#include <gtest/gtest.h>

#include <xebec/apiserver/server.h>
#include <xebec/runtime/sim.h>

#include "fake_kubelet.h"
#include "podset_controller.h"

namespace podset {
namespace {

using namespace std::chrono_literals;
using xebec::apiserver::Fault;
using xebec::apiserver::FaultPoint;

// An answer that is lost after the pod was made, a refused create, and watches of pods that are
// cut.
Fault LossyServer(const FaultPoint& call) {
  Fault fault;
  if (call.resource != "pods") return fault;
  if (call.verb == "create" && call.index == 2) fault.kind = Fault::Kind::kDropAfter;
  if (call.verb == "create" && call.index == 5) return Fault::Status(500);
  if (call.verb == "watch" && call.index < 3) fault.cut_after_events = 4;
  return fault;
}

struct Seeded {
  xebec::runtime::sim::Outcome outcome;
  int ready = -1;
  uint64_t faults = 0;
};

Seeded RunOnce(uint64_t seed) {
  Seeded run;
  run.outcome = xebec::runtime::sim::Run(seed, [&](xebec::Context parent) {
    xebec::apiserver::Server server({.faults = [&](const FaultPoint& call) {
      Fault fault = LossyServer(call);
      run.faults += fault.kind != Fault::Kind::kNone || fault.cut_after_events.has_value();
      return fault;
    }});
    xebec::client::Client client(server.InProcessTransport());
    auto [ctx, stop] = xebec::Context::WithCancel(parent);
    xebec::runtime::Metrics metrics;
    xebec::controller::Manager manager(client, {.metrics = &metrics});
    ASSERT_TRUE(InstallPodSetCrd(ctx, client).ok());
    ASSERT_TRUE(AddPodSetController(manager).ok());
    ASSERT_TRUE(AddFakeKubelet(manager, {.seed = seed, .fail_percent = 20}).ok());
    xebec::runtime::WaitGroup running;
    running.Go([&, ctx = ctx] { EXPECT_TRUE(manager.Start(ctx).ok()); });
    PodSet::Builder web;
    web.SetName("web").SetNamespace("default").spec().SetReplicas(12).SetImage("nginx");
    ASSERT_TRUE(client.Create(ctx, PodSet(web.Build())).ok());
    ASSERT_TRUE(xebec::SleepFor(ctx, 5min).ok());
    auto set = client.Get<PodSet>(ctx, {"default", "web"});
    ASSERT_TRUE(set.ok());
    run.ready = set->status().ready_replicas();
    stop();
    running.Wait();
  });
  return run;
}

TEST(PodSetReplay, OneSeedGivesOneTraceAndAnotherSeedAnother) {
  const Seeded first = RunOnce(1), again = RunOnce(1), other = RunOnce(2);
  EXPECT_EQ(first.ready, 12);
  EXPECT_EQ(other.ready, 12);
  EXPECT_GE(first.faults, 3u) << "the faults must have happened";
  EXPECT_EQ(first.outcome.trace_hash, again.outcome.trace_hash);
  EXPECT_EQ(first.outcome.steps, again.outcome.steps);
  EXPECT_NE(first.outcome.trace_hash, other.outcome.trace_hash);
}

TEST(PodSetReplay, ConvergesUnderFaultsWhateverTheSeed) {
  for (uint64_t seed = 10; seed < 20; ++seed) EXPECT_EQ(RunOnce(seed).ready, 12) << "seed " << seed;
}

}  // namespace
}  // namespace podset
