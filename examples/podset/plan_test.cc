#include "plan.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <xebec/runtime/testing.h>

namespace podset {
namespace {

PodSet MakeSet(int replicas, const char* image = "nginx:2") {
  PodSet::Builder set;
  set.SetName("web").SetNamespace("default").SetUid("u1");
  set.spec().SetReplicas(replicas).SetImage(image);
  return set.Build();
}

Pod WithPhase(const Pod& pod, const char* phase) {
  return Pod(pod.object().Edit().Set({"status", "phase"}, phase).Build());
}

TEST(PodName, NumbersAreReadBackOnlyFromNamesThatWeGive) {
  EXPECT_EQ(NumberOf("web", PodName("web", 17)), 17);
  for (const char* other :
       {"web", "web-", "web-x", "web-1x", "web-01", "web2-1", "we-1", "web--1"}) {
    EXPECT_EQ(NumberOf("web", other), -1) << other;
  }
}

XEBEC_TEST(Plan, MakesWhatIsMissingAndRemovesWhatFailedOrIsSurplus) {
  const PodSet set = MakeSet(4);
  const Plan plan =
      MakePlan(set, {WithPhase(MakePod(set, 0), "Running"), WithPhase(MakePod(set, 2), "Failed"),
                     WithPhase(MakePod(set, 7), "Running")});
  EXPECT_EQ(plan.create, (std::vector<int>{1, 3}))
      << "the failed pod's number is free only once it is gone";
  ASSERT_EQ(plan.remove.size(), 2u);
  EXPECT_EQ(plan.remove[0].name(), "web-2");
  EXPECT_EQ(plan.remove[1].name(), "web-7");
}

XEBEC_TEST(Plan, ReplacesAQuarterOfTheOutdatedPodsAtATimeAndOnlyWhenAllRun) {
  const PodSet before = MakeSet(8, "nginx:1"), set = MakeSet(8, "nginx:2");
  std::vector<Pod> pods;
  for (int i = 0; i < 8; ++i) pods.push_back(WithPhase(MakePod(before, i), "Running"));
  EXPECT_EQ(MakePlan(set, pods).remove.size(), 2u);
  pods[0] = WithPhase(pods[0], "Pending");
  EXPECT_TRUE(MakePlan(set, pods).remove.empty());
  EXPECT_TRUE(MakePlan(before, pods).remove.empty());
}

}  // namespace
}  // namespace podset
