#include <gtest/gtest.h>

#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

std::vector<std::string> Names(const Json& list) {
  std::vector<std::string> out;
  for (const Json& item : list["items"]) out.push_back(item["metadata"]["name"]);
  return out;
}

XEBEC_TEST(ApiList, ItemsOfBuiltInKindsCarryNoKind) {
  Api api;
  api.Post(kConfigMaps, ConfigMap("a"));
  const Answer list = api.Get(kConfigMaps);
  EXPECT_EQ(list.body["kind"], "ConfigMapList");
  EXPECT_EQ(list.body["apiVersion"], "v1");
  ASSERT_EQ(list.body["items"].size(), 1u);
  EXPECT_FALSE(list.body["items"][0].contains("kind"));
  EXPECT_EQ(list.Revision(), std::to_string(api.server().Revision()));
}

XEBEC_TEST(ApiList, PagesStayAtTheirRevisionWhileObjectsChange) {
  Api api;
  for (const char* name : {"a", "b", "c", "d", "e"}) api.Post(kConfigMaps, ConfigMap(name));
  const std::string path = std::string(kConfigMaps) + "?limit=2";
  const Answer first = api.Get(path);
  EXPECT_EQ(Names(first.body), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(first.body["metadata"]["remainingItemCount"], 3);
  api.Delete(std::string(kConfigMaps) + "/c");
  api.Post(kConfigMaps, ConfigMap("bb"));
  api.MergePatch(std::string(kConfigMaps) + "/d", {{"data", {{"x", "1"}}}});
  const std::string token = first.body["metadata"]["continue"];
  const Answer second = api.Get(path + "&continue=" + token);
  EXPECT_EQ(Names(second.body), (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(second.Revision(), first.Revision());
  EXPECT_TRUE(second.body["items"][1]["data"].empty()) << "as it was then";
  const Answer third =
      api.Get(path + "&continue=" + second.body["metadata"]["continue"].get<std::string>());
  EXPECT_EQ(Names(third.body), (std::vector<std::string>{"e"}));
  EXPECT_FALSE(third.body["metadata"].contains("continue"));

  api.server().CompactLog();
  const Answer expired = api.Get(path + "&continue=" + token);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(expired.Reason(), "Expired");
  EXPECT_EQ(api.Get(path + "&continue=zz").status, 400);
  EXPECT_EQ(api.Get(path + "&resourceVersion=5&continue=" + token).status, 400);
}

XEBEC_TEST(ApiList, ResourceVersionsMeanWhatTheApiSays) {
  Api api;
  const std::string cms = kConfigMaps;
  api.Post(cms, ConfigMap("a"));
  const std::string then = api.Get(cms).Revision();
  api.Post(cms, ConfigMap("b"));
  EXPECT_EQ(Names(api.Get(cms + "?resourceVersion=0").body).size(), 2u);
  EXPECT_EQ(Names(api.Get(cms + "?resourceVersion=" + then).body).size(), 2u);
  const std::string exact = "?resourceVersionMatch=Exact&resourceVersion=" + then;
  EXPECT_EQ(Names(api.Get(cms + exact).body).size(), 1u);
  EXPECT_EQ(api.Get(cms + exact).Revision(), then);
  EXPECT_EQ(Names(api.Get(cms + "?resourceVersionMatch=NotOlderThan&resourceVersion=" + then).body)
                .size(),
            2u);
  EXPECT_EQ(api.Get(cms + "?resourceVersionMatch=Exact").status, 422);
  EXPECT_EQ(api.Get(cms + "?resourceVersionMatch=Odd&resourceVersion=1").status, 422);
  EXPECT_EQ(api.Get(cms + "?resourceVersion=abc").status, 400);
  EXPECT_EQ(api.Get(cms + "?limit=-1").status, 400);
}

XEBEC_SIM_TEST(ApiList, ARevisionOfTheFutureIsWaitedForThenRefused) {
  Api api;
  const int64_t start = runtime::NanoTime();
  const std::string path =
      std::string(kConfigMaps) + "?resourceVersion=" + std::to_string(api.server().Revision() + 1);
  const Answer refused = api.Get(path);
  EXPECT_EQ(refused.status, 504);
  EXPECT_EQ(refused.Reason(), "Timeout");
  EXPECT_EQ(refused.body["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
  EXPECT_EQ(refused.body["details"]["retryAfterSeconds"], 1);
  const int64_t waited = runtime::NanoTime() - start;
  EXPECT_GE(waited, 3'000'000'000);
  EXPECT_LT(waited, 4'000'000'000);
  runtime::WaitGroup writer;
  writer.Go([&] { api.Post(kConfigMaps, ConfigMap("a")); });
  EXPECT_EQ(api.Get(path).status, 200) << "the write came while it waited";
  writer.Wait();
}

XEBEC_TEST(ApiList, SelectorsPickByLabelsAndFields) {
  Api api;
  for (const auto& [name, tier] :
       std::vector<std::pair<std::string, std::string>>{{"a", "web"}, {"b", "db"}, {"c", ""}}) {
    Json object = ConfigMap(name);
    if (!tier.empty()) object["metadata"]["labels"] = {{"tier", tier}};
    api.Post(kConfigMaps, object);
  }
  auto names = [&](const std::string& query) {
    return Names(api.Get(std::string(kConfigMaps) + "?" + query).body);
  };
  using Strings = std::vector<std::string>;
  EXPECT_EQ(names("labelSelector=tier%3Dweb"), (Strings{"a"}));
  EXPECT_EQ(names("labelSelector=tier%20in%20(web,db)"), (Strings{"a", "b"}));
  EXPECT_EQ(names("labelSelector=tier%20notin%20(web)"), (Strings{"b", "c"}));
  EXPECT_EQ(names("labelSelector=!tier"), (Strings{"c"}));
  EXPECT_EQ(names("labelSelector=tier"), (Strings{"a", "b"}));
  EXPECT_EQ(names("labelSelector=tier!%3Dweb"), (Strings{"b", "c"}));
  EXPECT_EQ(names("fieldSelector=metadata.name%3Db"), (Strings{"b"}));
  EXPECT_EQ(names("fieldSelector=metadata.name!%3Db,metadata.namespace%3Ddefault"),
            (Strings{"a", "c"}));
  const Answer unknown =
      api.Get(std::string(kConfigMaps) + "?fieldSelector=involvedObject.uid%3Dx");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.Message().find("involvedObject.uid"), std::string::npos);
  EXPECT_EQ(api.Get(std::string(kConfigMaps) + "?labelSelector=a%20of%20b").status, 400);
}

XEBEC_TEST(ApiList, AllNamespacesAreListedInOrder) {
  Api api;
  api.Post("/api/v1/namespaces/kube-system/configmaps", ConfigMap("z"));
  api.Post(kConfigMaps, ConfigMap("a"));
  EXPECT_EQ(Names(api.Get("/api/v1/configmaps").body), (std::vector<std::string>{"a", "z"}));
  EXPECT_EQ(Names(api.Get("/api/v1/namespaces/nowhere/configmaps").body).size(), 0u);
}

XEBEC_TEST(ApiList, DeleteCollectionTakesWhatTheSelectorPicks) {
  Api api;
  for (const char* name : {"a", "b", "c"}) {
    Json object = ConfigMap(name);
    object["metadata"]["labels"] = {{"keep", name == std::string("b") ? "yes" : "no"}};
    api.Post(kConfigMaps, object);
  }
  const Answer deleted = api.Delete(std::string(kConfigMaps) + "?labelSelector=keep%3Dno");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(Names(deleted.body), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(Names(api.Get(kConfigMaps).body), (std::vector<std::string>{"b"}));
}

XEBEC_TEST(ApiList, MetadataAloneIsListedForWhoAsks) {
  Api api;
  api.Post(kConfigMaps, ConfigMap("a", {{"x", "1"}}));
  const Answer list = api.Do("GET", kConfigMaps, "", "",
                             "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  EXPECT_EQ(list.body["kind"], "PartialObjectMetadataList");
  EXPECT_EQ(list.body["items"][0]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(list.body["items"][0]["metadata"]["name"], "a");
  EXPECT_FALSE(list.body["items"][0].contains("data"));
}

}  // namespace
}  // namespace xebec::apiserver::testing
