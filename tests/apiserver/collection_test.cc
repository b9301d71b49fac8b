// Deletion in all its forms: finalizers, preconditions, owner references, namespaces.
#include <gtest/gtest.h>

#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

const std::string kCms = kConfigMaps;

Json Owned(const std::string& name, const Json& owner, bool block = false) {
  Json object = ConfigMap(name);
  object["metadata"]["ownerReferences"] = {Owner(owner, block)};
  return object;
}

XEBEC_TEST(ApiDelete, AnswersWithTheUidOfWhatWent) {
  Api api;
  const Answer created = api.Post(kCms, ConfigMap("a"));
  const Answer deleted = api.Delete(kCms + "/a");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body["status"], "Success");
  EXPECT_EQ(deleted.body["details"]["uid"], created.body["metadata"]["uid"]);
  EXPECT_EQ(api.Delete(kCms + "/a").status, 404);
}

XEBEC_TEST(ApiDelete, PreconditionsGuardAgainstAnotherObjectOfTheName) {
  Api api;
  const Json object = api.Post(kCms, ConfigMap("a")).body;
  EXPECT_EQ(api.Delete(kCms + "/a", {{"preconditions", {{"uid", "x"}}}}).status, 409);
  EXPECT_EQ(api.Delete(kCms + "/a", {{"preconditions", {{"resourceVersion", "1"}}}}).status, 409);
  EXPECT_EQ(
      api.Delete(kCms + "/a", {{"preconditions", {{"uid", object["metadata"]["uid"]}}}}).status,
      200);
}

XEBEC_TEST(ApiDelete, AFinalizerHoldsTheObjectUntilItIsTakenAway) {
  Api api;
  Json object = ConfigMap("a");
  object["metadata"]["finalizers"] = {"example.com/hold"};
  api.Post(kCms, object);
  const Answer deleting = api.Delete(kCms + "/a");
  EXPECT_EQ(deleting.status, 200);
  ASSERT_TRUE(deleting.body["metadata"].contains("deletionTimestamp")) << deleting.body;
  const Answer again = api.Delete(kCms + "/a");
  EXPECT_EQ(again.Revision(), deleting.Revision()) << "deleting twice changes nothing";
  Json more = api.Get(kCms + "/a").body;
  more["metadata"]["finalizers"] = {"example.com/hold", "example.com/new"};
  EXPECT_EQ(api.Put(kCms + "/a", more).status, 422) << "no new finalizers while deleting";
  const Answer kept = api.MergePatch(kCms + "/a", {{"metadata", {{"deletionTimestamp", nullptr}}}});
  EXPECT_TRUE(kept.body["metadata"].contains("deletionTimestamp"));
  const Answer freed = api.MergePatch(kCms + "/a", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_EQ(freed.status, 200) << freed.body;
  EXPECT_EQ(api.Get(kCms + "/a").status, 404);
}

XEBEC_TEST(ApiDelete, OptionsArriveAsProtobufToo) {
  Api api;
  api.Post(kCms, ConfigMap("a"));
  auto field = [](int number, const std::string& bytes) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
  };
  const std::string wrong = std::string("k8s\0", 4) +
                            field(1, field(1, "v1") + field(2, "DeleteOptions")) +
                            field(2, field(2, field(1, "some-uid")));
  EXPECT_EQ(api.Do("DELETE", kCms + "/a", wrong, "application/vnd.kubernetes.protobuf").status,
            409);
  EXPECT_EQ(api.Do("DELETE", kCms + "/a", std::string("k8s\0\x12\x7f", 6),
                   "application/vnd.kubernetes.protobuf")
                .status,
            400);
  const std::string plain =
      std::string("k8s\0", 4) + field(1, field(1, "v1") + field(2, "DeleteOptions")) + field(2, "");
  EXPECT_EQ(api.Do("DELETE", kCms + "/a", plain, "application/vnd.kubernetes.protobuf").status,
            200);
}

XEBEC_SIM_TEST(ApiCollector, DependentsGoAfterTheirLastOwner) {
  Api api;
  const Json one = api.Post(kCms, ConfigMap("one")).body;
  const Json two = api.Post(kCms, ConfigMap("two")).body;
  Json both = Owned("both", one);
  both["metadata"]["ownerReferences"].push_back(Owner(two));
  api.Post(kCms, both);
  api.Post(kCms, Owned("first", one));
  api.Delete(kCms + "/one");
  EXPECT_TRUE(WaitGone(api, kCms + "/first"));
  EXPECT_EQ(api.Get(kCms + "/both").status, 200);
  api.Delete(kCms + "/two");
  EXPECT_TRUE(WaitGone(api, kCms + "/both"));
}

XEBEC_SIM_TEST(ApiCollector, AnOwnerIsKnownByItsUidNotItsName) {
  Api api;
  Json stale = api.Post(kCms, ConfigMap("owner")).body;
  stale["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000";
  api.Post(kCms, Owned("a", stale));
  EXPECT_TRUE(WaitGone(api, kCms + "/a"));
  EXPECT_EQ(api.Get(kCms + "/owner").status, 200);
}

XEBEC_SIM_TEST(ApiCollector, ForegroundDeletionWaitsForBlockingDependents) {
  Api api;
  const Json owner = api.Post(kCms, ConfigMap("owner")).body;
  Json held = Owned("held", owner, true);
  held["metadata"]["finalizers"] = {"example.com/hold"};
  api.Post(kCms, held);
  api.Post(kCms, Owned("loose", owner));
  const Answer deleting = api.Delete(kCms + "/owner", {{"propagationPolicy", "Foreground"}});
  EXPECT_EQ(deleting.body["metadata"]["finalizers"], Json({"foregroundDeletion"}));
  EXPECT_TRUE(WaitGone(api, kCms + "/loose"));
  runtime::testing::WaitUntilAllBlocked();
  EXPECT_EQ(api.Get(kCms + "/owner").status, 200) << "it waits for the one that is held";
  api.MergePatch(kCms + "/held", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_TRUE(WaitGone(api, kCms + "/owner"));
  EXPECT_EQ(api.Get(kCms + "/held").status, 404);
}

XEBEC_SIM_TEST(ApiCollector, OrphansStayWithoutTheirOwner) {
  Api api;
  const Json owner = api.Post(kCms, ConfigMap("owner")).body;
  api.Post(kCms, Owned("a", owner));
  EXPECT_EQ(api.Delete(kCms + "/owner?propagationPolicy=Orphan").status, 200);
  EXPECT_TRUE(WaitGone(api, kCms + "/owner"));
  const Answer orphan = api.Get(kCms + "/a");
  EXPECT_EQ(orphan.status, 200);
  EXPECT_FALSE(orphan.body["metadata"].contains("ownerReferences"));
  EXPECT_EQ(api.Delete(kCms + "/a?propagationPolicy=Sideways").status, 422);
}

XEBEC_TEST(ApiNamespaces, TheUsualOnesExistAndStay) {
  Api api;
  for (const char* name : {"default", "kube-system", "kube-public"}) {
    const std::string path = std::string("/api/v1/namespaces/") + name;
    EXPECT_EQ(api.Get(path).body["status"]["phase"], "Active");
    EXPECT_EQ(api.Delete(path).status, 403);
  }
}

XEBEC_TEST(ApiNamespaces, AWriteIntoAMissingOneIsNotFound) {
  Api api;
  const Answer answer = api.Post("/api/v1/namespaces/nowhere/configmaps", ConfigMap("a"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body["details"]["kind"], "namespaces");
  EXPECT_EQ(answer.body["details"]["name"], "nowhere");
}

XEBEC_SIM_TEST(ApiNamespaces, DeletingOneDeletesWhatIsInIt) {
  Api api;
  const std::string space = "/api/v1/namespaces/team";
  api.Post("/api/v1/namespaces", {{"metadata", {{"name", "team"}}}});
  Json held = ConfigMap("held");
  held["metadata"]["finalizers"] = {"example.com/hold"};
  api.Post(space + "/configmaps", held);
  api.Post(space + "/configmaps", ConfigMap("free"));
  api.Post(space + "/pods", Pod("web"));
  const Answer deleting = api.Delete(space);
  EXPECT_EQ(deleting.body["status"]["phase"], "Terminating") << deleting.body;
  EXPECT_TRUE(WaitGone(api, space + "/configmaps/free"));
  EXPECT_TRUE(WaitGone(api, space + "/pods/web"));
  const Answer refused = api.Post(space + "/configmaps", ConfigMap("late"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body["details"]["causes"][0]["reason"], "NamespaceTerminating");
  EXPECT_EQ(api.Get(space).status, 200);
  api.MergePatch(space + "/configmaps/held", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_TRUE(WaitGone(api, space));
  EXPECT_EQ(api.Post("/api/v1/namespaces", {{"metadata", {{"name", "team"}}}}).status, 201);
}

}  // namespace
}  // namespace xebec::apiserver::testing
