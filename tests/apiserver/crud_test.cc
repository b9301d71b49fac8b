#include <gtest/gtest.h>

#include <set>

#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

std::string Path(const std::string& collection, const std::string& name) {
  return collection + "/" + name;
}

XEBEC_TEST(ApiServer, ACreatedObjectHasWhatTheServerSets) {
  Api api;
  const Answer created = api.Post(kPods, Pod("web"));
  ASSERT_EQ(created.status, 201) << created.body;
  const Json& metadata = created.body["metadata"];
  EXPECT_EQ(metadata["namespace"], "default");
  EXPECT_EQ(metadata["uid"].get<std::string>().size(), 36u);
  EXPECT_EQ(metadata["generation"], 1);
  EXPECT_EQ(metadata["creationTimestamp"].get<std::string>().back(), 'Z');
  EXPECT_FALSE(created.Revision().empty());
  EXPECT_EQ(created.body["status"]["phase"], "Pending");
  EXPECT_EQ(created.body["kind"], "Pod");
  EXPECT_EQ(api.Get(Path(kPods, "web")).body, created.body);
}

XEBEC_TEST(ApiServer, GenerateNameMakesDistinctNames) {
  Api api;
  Json object = ConfigMap("");
  object["metadata"] = {{"generateName", "cm-"}};
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    const Answer created = api.Post(kConfigMaps, object);
    ASSERT_EQ(created.status, 201) << created.body;
    const std::string name = created.body["metadata"]["name"];
    EXPECT_EQ(name.size(), 8u);
    EXPECT_TRUE(name.starts_with("cm-"));
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 20u);
}

XEBEC_TEST(ApiServer, AWriteWithAStaleRevisionIsAConflict) {
  Api api;
  const Answer created = api.Post(kConfigMaps, ConfigMap("a"));
  Json object = created.body;
  object["data"]["x"] = "1";
  const Answer updated = api.Put(Path(kConfigMaps, "a"), object);
  ASSERT_EQ(updated.status, 200) << updated.body;
  EXPECT_NE(updated.Revision(), created.Revision());
  object["data"]["x"] = "2";  // still names the revision of the create
  const Answer stale = api.Put(Path(kConfigMaps, "a"), object);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.Reason(), "Conflict");
  EXPECT_EQ(stale.body["details"]["kind"], "configmaps");
  EXPECT_NE(stale.Message().find("the object has been modified"), std::string::npos);
  object["metadata"].erase("resourceVersion");
  EXPECT_EQ(api.Put(Path(kConfigMaps, "a"), object).status, 200) << "unconditional";
}

XEBEC_TEST(ApiServer, AWriteThatChangesNothingKeepsTheRevision) {
  Api api;
  const Answer created = api.Post(kPods, Pod("a"));
  EXPECT_EQ(api.Put(Path(kPods, "a"), created.body).Revision(), created.Revision());
  EXPECT_EQ(api.MergePatch(Path(kPods, "a"), {{"metadata", {{"labels", nullptr}}}}).Revision(),
            created.Revision());
  const uint64_t before = api.server().Revision();
  EXPECT_EQ(api.Put(Path(kPods, "a"), Pod("a")).status, 200);
  EXPECT_EQ(api.server().Revision(), before) << "the same manifest again, without a revision";
}

XEBEC_TEST(ApiServer, TheGenerationFollowsTheSpecOnly) {
  Api api;
  api.Post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
           Definition("foos", "Foo", true));
  const std::string foos = "/apis/example.com/v1/namespaces/default/foos";
  const Json foo = {{"apiVersion", "example.com/v1"},
                    {"kind", "Foo"},
                    {"metadata", {{"name", "a"}}},
                    {"spec", {{"n", 1}}},
                    {"status", {{"seen", 1}}}};
  const Answer created = api.Post(foos, foo);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_FALSE(created.body.contains("status")) << "only /status writes the status";
  EXPECT_EQ(api.MergePatch(foos + "/a", {{"metadata", {{"labels", {{"x", "y"}}}}}})
                .body["metadata"]["generation"],
            1);
  EXPECT_EQ(api.MergePatch(foos + "/a", {{"spec", {{"n", 2}}}}).body["metadata"]["generation"], 2);
  const Answer status =
      api.MergePatch(foos + "/a/status", {{"status", {{"seen", 2}}}, {"spec", {{"n", 3}}}});
  EXPECT_EQ(status.body["metadata"]["generation"], 2);
  EXPECT_EQ(status.body["status"]["seen"], 2);
  EXPECT_EQ(status.body["spec"]["n"], 2) << "/status leaves the spec alone";
}

XEBEC_TEST(ApiServer, StatusAndSpecAreWrittenByDifferentPaths) {
  Api api;
  Json pod = api.Post(kPods, Pod("a")).body;
  pod["status"]["phase"] = "Running";
  pod["metadata"]["labels"] = {{"l", "1"}};
  const Answer by_main = api.Put(Path(kPods, "a"), pod);
  ASSERT_EQ(by_main.status, 200) << by_main.body;
  EXPECT_EQ(by_main.body["status"]["phase"], "Pending");
  EXPECT_EQ(by_main.body["metadata"]["labels"]["l"], "1");
  pod = by_main.body;
  pod["status"]["phase"] = "Running";
  pod["metadata"]["labels"] = {{"l", "2"}};
  const Answer by_status = api.Put(Path(kPods, "a/status"), pod);
  ASSERT_EQ(by_status.status, 200) << by_status.body;
  EXPECT_EQ(by_status.body["status"]["phase"], "Running");
  EXPECT_EQ(by_status.body["metadata"]["labels"]["l"], "1");
  EXPECT_EQ(api.Get(Path(kPods, "a/status")).status, 200);
  EXPECT_EQ(api.Get(Path(kConfigMaps, "a/status")).status, 404);
}

XEBEC_TEST(ApiServer, IdentityCannotBeChanged) {
  Api api;
  const Json object = api.Post(kConfigMaps, ConfigMap("a")).body;
  Json other = object;
  other["metadata"]["uid"] = "11111111-2222-4333-8444-555555555555";
  EXPECT_EQ(api.Put(Path(kConfigMaps, "a"), other).status, 409);
  EXPECT_EQ(api.MergePatch(Path(kConfigMaps, "a"), {{"metadata", {{"uid", "x"}}}}).status, 422);
  EXPECT_EQ(api.MergePatch(Path(kConfigMaps, "a"),
                           {{"metadata", {{"deletionTimestamp", "2026-01-01T00:00:00Z"}}}})
                .status,
            422);
  other = object;
  other["metadata"]["creationTimestamp"] = "2000-01-01T00:00:00Z";
  EXPECT_EQ(api.Put(Path(kConfigMaps, "a"), other).body["metadata"]["creationTimestamp"],
            object["metadata"]["creationTimestamp"]);
  other = object;
  other["metadata"]["name"] = "b";
  EXPECT_EQ(api.Put(Path(kConfigMaps, "a"), other).status, 400);
}

XEBEC_TEST(ApiServer, PatchesOfThreeKindsChangeAConfigMap) {
  Api api;
  api.Post(kConfigMaps, ConfigMap("a", {{"x", "1"}, {"y", "1"}}));
  const std::string path = Path(kConfigMaps, "a");
  const Answer merged = api.MergePatch(path, {{"data", {{"x", "2"}, {"y", nullptr}}}});
  EXPECT_EQ(merged.body["data"], Json({{"x", "2"}})) << merged.body;
  const Json ops = {{{"op", "test"}, {"path", "/data/x"}, {"value", "2"}},
                    {{"op", "add"}, {"path", "/data/z"}, {"value", "3"}}};
  const Answer patched = api.Do("PATCH", path, ops.dump(), "application/json-patch+json");
  EXPECT_EQ(patched.body["data"], Json({{"x", "2"}, {"z", "3"}})) << patched.body;
  const Answer failed =
      api.Do("PATCH", path, Json({{{"op", "test"}, {"path", "/data/x"}, {"value", "9"}}}).dump(),
             "application/json-patch+json");
  EXPECT_EQ(failed.status, 422) << failed.body;
  const Answer strategic = api.Do("PATCH", path, Json({{"data", {{"x", nullptr}}}}).dump(),
                                  "application/strategic-merge-patch+json");
  EXPECT_EQ(strategic.body["data"], Json({{"z", "3"}})) << strategic.body;
  EXPECT_EQ(api.Do("PATCH", path, "{}", "application/apply-patch+yaml").status, 415);
  EXPECT_EQ(api.Do("PATCH", path, "[]", "application/merge-patch+json").status, 400);
  EXPECT_EQ(api.MergePatch(path, {{"metadata", {{"resourceVersion", "1"}}}}).status, 409);
  EXPECT_EQ(api.MergePatch(Path(kConfigMaps, "none"), Json::object()).status, 404);
}

XEBEC_TEST(ApiServer, ADryRunStoresNothing) {
  Api api;
  const uint64_t before = api.server().Revision();
  EXPECT_EQ(api.Post(std::string(kConfigMaps) + "?dryRun=All", ConfigMap("a")).status, 201);
  EXPECT_EQ(api.Get(Path(kConfigMaps, "a")).status, 404);
  api.Post(kConfigMaps, ConfigMap("a", {{"x", "1"}}));
  EXPECT_EQ(api.Post(std::string(kConfigMaps) + "?dryRun=All", ConfigMap("a")).status, 409);
  const Answer patched =
      api.MergePatch(Path(kConfigMaps, "a?dryRun=All"), {{"data", {{"x", "2"}}}});
  EXPECT_EQ(patched.body["data"]["x"], "2");
  EXPECT_EQ(api.Delete(Path(kConfigMaps, "a?dryRun=All")).status, 200);
  EXPECT_EQ(api.Get(Path(kConfigMaps, "a")).body["data"]["x"], "1");
  EXPECT_EQ(api.server().Revision(), before + 1);
  EXPECT_EQ(api.Post(std::string(kConfigMaps) + "?dryRun=Some", ConfigMap("b")).status, 400);
}

XEBEC_TEST(ApiServer, ALeaseIsMadeByPutAndNeedsItsRevisionAfterwards) {
  Api api;
  const std::string path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
  Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                {"kind", "Lease"},
                {"metadata", {{"name", "l"}}},
                {"spec", {{"holderIdentity", "a"}, {"leaseDurationSeconds", 15}}}};
  EXPECT_EQ(api.Put(path, lease).status, 201);
  const Answer refused = api.Put(path, lease);
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.Message().find("metadata.resourceVersion"), std::string::npos);
  lease = api.Get(path).body;
  lease["spec"]["holderIdentity"] = "b";
  EXPECT_EQ(api.Put(path, lease).body["spec"]["holderIdentity"], "b");
  EXPECT_EQ(api.Put(path, lease).status, 409);
}

XEBEC_TEST(ApiServer, AnImmutableConfigMapKeepsItsData) {
  Api api;
  Json object = ConfigMap("a", {{"x", "1"}});
  object["immutable"] = true;
  api.Post(kConfigMaps, object);
  EXPECT_EQ(api.MergePatch(Path(kConfigMaps, "a"), {{"data", {{"x", "2"}}}}).status, 422);
  EXPECT_EQ(
      api.MergePatch(Path(kConfigMaps, "a"), {{"metadata", {{"labels", {{"a", "b"}}}}}}).status,
      200);
}

XEBEC_TEST(ApiServer, SecretsTakeStringData) {
  Api api;
  const Answer created =
      api.Post("/api/v1/namespaces/default/secrets",
               {{"metadata", {{"name", "s"}}}, {"stringData", {{"k", "hello"}}}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.body["data"]["k"], "aGVsbG8=");
  EXPECT_FALSE(created.body.contains("stringData"));
  EXPECT_EQ(created.body["type"], "Opaque");
}

XEBEC_TEST(ApiServer, EventsOfBothGroupsAreTheSameObjects) {
  Api api;
  const Answer created =
      api.Post("/apis/events.k8s.io/v1/namespaces/default/events",
               {{"metadata", {{"name", "e"}}}, {"note", "hi"}, {"regarding", {{"name", "p"}}}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.body["note"], "hi");
  EXPECT_EQ(created.body["apiVersion"], "events.k8s.io/v1");
  const Json core = api.Get("/api/v1/namespaces/default/events/e").body;
  EXPECT_EQ(core["message"], "hi");
  EXPECT_EQ(core["involvedObject"]["name"], "p");
  EXPECT_EQ(core["apiVersion"], "v1");
  const Json found =
      api.Get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp").body;
  EXPECT_EQ(found["items"].size(), 1u);
}

}  // namespace
}  // namespace xebec::apiserver::testing
