#include "object/ids.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace xebec {
namespace {

TEST(NamespacedName, PrintsAndParses) {
  NamespacedName key{"team-a", "web"};
  EXPECT_EQ(key.ToString(), "team-a/web");
  EXPECT_EQ(NamespacedName::Parse("team-a/web"), key);
  EXPECT_EQ((NamespacedName{"", "node-1"}).ToString(), "node-1");
  EXPECT_EQ(NamespacedName::Parse("node-1"), (NamespacedName{"", "node-1"}));
}

TEST(NamespacedName, OrdersByNamespaceThenName) {
  EXPECT_LT((NamespacedName{"a", "z"}), (NamespacedName{"b", "a"}));
  EXPECT_LT((NamespacedName{"a", "a"}), (NamespacedName{"a", "b"}));
}

TEST(NamespacedName, HashesBothParts) {
  std::unordered_set<NamespacedName> set;
  for (int i = 0; i < 100; ++i) {
    set.insert({"ns" + std::to_string(i % 10), "name" + std::to_string(i)});
    set.insert({"name" + std::to_string(i), "ns" + std::to_string(i % 10)});
  }
  EXPECT_EQ(set.size(), 200u);
  EXPECT_TRUE(set.contains({"ns3", "name13"}));
}

TEST(GroupVersionKind, TakesAnApiVersionApart) {
  EXPECT_EQ(GroupVersionKind::From("apps/v1", "Deployment"),
            (GroupVersionKind{"apps", "v1", "Deployment"}));
  EXPECT_EQ(GroupVersionKind::From("v1", "Pod"), (GroupVersionKind{"", "v1", "Pod"}));
  EXPECT_EQ((GroupVersionKind{"apps", "v1", "Deployment"}).ToString(), "apps/v1, Kind=Deployment");
  EXPECT_EQ((GroupVersionKind{"", "v1", "Pod"}).APIVersion(), "v1");
}

TEST(GroupVersionResource, KnowsItsPath) {
  EXPECT_EQ((GroupVersionResource{"", "v1", "pods"}).PathPrefix(), "/api/v1");
  EXPECT_EQ((GroupVersionResource{"apps", "v1", "deployments"}).PathPrefix(), "/apis/apps/v1");
}

}  // namespace
}  // namespace xebec
