#include <gtest/gtest.h>

#include <algorithm>

#include "apiserver/internal/request.h"
#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

const std::string kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

TEST(RequestPath, NamesAResourceInEveryForm) {
  auto parse = [](const std::string& path) {
    const auto p = ParseResourcePath(SplitPath(path));
    if (!p) return std::string("none");
    return p->group + "|" + p->version + "|" + p->ns + "|" + p->plural + "|" + p->name + "|" +
           p->subresource;
  };
  EXPECT_EQ(parse("/api/v1/pods"), "|v1||pods||");
  EXPECT_EQ(parse("/api/v1/namespaces"), "|v1||namespaces||");
  EXPECT_EQ(parse("/api/v1/namespaces/a"), "|v1||namespaces|a|");
  EXPECT_EQ(parse("/api/v1/namespaces/a/status"), "|v1||namespaces|a|status");
  EXPECT_EQ(parse("/api/v1/namespaces/a/pods/p/status"), "|v1|a|pods|p|status");
  EXPECT_EQ(parse("/apis/apps/v1/namespaces/a/deployments/d"), "apps|v1|a|deployments|d|");
  EXPECT_EQ(parse("/apis/apps"), "none");
  EXPECT_EQ(parse("/metrics"), "none");
}

TEST(RequestAccept, TheFirstFormThatTheServerHasWins) {
  const std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  EXPECT_EQ(NegotiateObject("")->form, Form::kObject);
  EXPECT_EQ(NegotiateObject("*/*")->form, Form::kObject);
  EXPECT_EQ(NegotiateObject(table + ",application/json")->form, Form::kTable);
  EXPECT_EQ(NegotiateObject("application/vnd.kubernetes.protobuf,application/json")->form,
            Form::kObject);
  EXPECT_EQ(NegotiateObject("application/json;as=Odd;v=v9;g=x, application/json")->form,
            Form::kObject);
  EXPECT_EQ(NegotiateObject("application/vnd.kubernetes.protobuf").error().code, 406);
}

XEBEC_TEST(ApiDiscovery, LegacyAndAggregatedTellTheSame) {
  Api api;
  EXPECT_EQ(api.Get("/api").body["versions"], Json({"v1"}));
  const Json groups = api.Get("/apis").body;
  EXPECT_EQ(groups["kind"], "APIGroupList");
  const Answer answer = api.Do("GET", "/apis", "", "", kAggregated + ",application/json");
  EXPECT_EQ(answer.content_type, kAggregated);
  EXPECT_EQ(answer.body["kind"], "APIGroupDiscoveryList");
  EXPECT_EQ(answer.body["apiVersion"], "apidiscovery.k8s.io/v2");
  ASSERT_EQ(answer.body["items"].size(), groups["groups"].size());
  for (size_t i = 0; i < groups["groups"].size(); ++i) {
    EXPECT_EQ(answer.body["items"][i]["metadata"]["name"], groups["groups"][i]["name"]);
  }
  const Json core = api.Do("GET", "/api", "", "", kAggregated).body;
  const Json& resources = core["items"][0]["versions"][0]["resources"];
  const auto pods = std::find_if(resources.begin(), resources.end(),
                                 [](const Json& r) { return r["resource"] == "pods"; });
  ASSERT_NE(pods, resources.end());
  EXPECT_EQ((*pods)["scope"], "Namespaced");
  EXPECT_EQ((*pods)["subresources"][0]["subresource"], "status");
  EXPECT_EQ((*pods)["shortNames"], Json({"po"}));
  const Json list = api.Get("/api/v1").body;
  EXPECT_EQ(list["kind"], "APIResourceList");
  EXPECT_EQ(api.Get("/apis/none").status, 404);
  EXPECT_EQ(api.Get("/apis/apps/v9").status, 404);
  EXPECT_EQ(api.Post("/api", Json::object()).status, 405);
}

XEBEC_TEST(ApiDiscovery, TheVersionIsSemantic) {
  Api api;
  const Json version = api.Get("/version").body;
  EXPECT_EQ(version["gitVersion"].get<std::string>().substr(0, 6), "v1.36.");
  EXPECT_EQ(version["minor"], "36");
  EXPECT_EQ(api.Get("/readyz").body, "ok");
}

XEBEC_TEST(ApiDiscovery, OpenApiNamesEachKindAndFieldValidation) {
  Api api;
  const Json index = api.Get("/openapi/v3").body;
  const std::string url = index["paths"]["apis/apps/v1"]["serverRelativeURL"];
  const Json apps = api.Get(url).body;
  const Json& patch =
      apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
  EXPECT_EQ(patch["x-kubernetes-group-version-kind"]["kind"], "Deployment");
  EXPECT_TRUE(std::any_of(patch["parameters"].begin(), patch["parameters"].end(),
                          [](const Json& p) { return p["name"] == "fieldValidation"; }));
  EXPECT_EQ(api.Get("/openapi/v2").body["swagger"], "2.0");
  EXPECT_EQ(api.Get("/openapi/v3/apis/none/v1").status, 404);
}

XEBEC_TEST(ApiTables, ShowNameAndAgeAndTheWatchSendsColumnsOnce) {
  Api api;
  const std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  api.Post(kConfigMaps, ConfigMap("a"));
  const Json list = api.Do("GET", kConfigMaps, "", "", table).body;
  EXPECT_EQ(list["kind"], "Table");
  EXPECT_EQ(list["columnDefinitions"][0]["name"], "Name");
  EXPECT_EQ(list["columnDefinitions"][1]["name"], "Age");
  EXPECT_EQ(list["rows"][0]["cells"][0], "a");
  EXPECT_EQ(list["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(list["rows"][0]["object"]["metadata"]["name"], "a");
  const Json one = api.Do("GET", std::string(kConfigMaps) + "/a", "", "", table).body;
  EXPECT_EQ(one["rows"].size(), 1u);
  const Json whole =
      api.Do("GET", std::string(kConfigMaps) + "?includeObject=Object", "", "", table).body;
  EXPECT_EQ(whole["rows"][0]["object"]["kind"], "ConfigMap");
  WatchStream watch = api.Watch(kConfigMaps, table);
  api.Post(kConfigMaps, ConfigMap("b"));
  const auto first = watch.Next();
  const auto second = watch.Next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->object["columnDefinitions"].size(), 2u);
  EXPECT_TRUE(second->object["columnDefinitions"].is_null());
  EXPECT_EQ(second->object["rows"][0]["cells"][0], "b");
}

XEBEC_TEST(ApiTables, CustomColumnsComeFromTheDefinition) {
  Api api;
  Json definition = Definition("foos", "Foo");
  definition["spec"]["versions"][0]["additionalPrinterColumns"] = {
      {{"name", "N"}, {"type", "integer"}, {"jsonPath", ".spec.n"}},
      {{"name", "Age"}, {"type", "date"}, {"jsonPath", ".metadata.creationTimestamp"}}};
  api.Post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  const std::string foos = "/apis/example.com/v1/namespaces/default/foos";
  api.Post(foos, {{"apiVersion", "example.com/v1"},
                  {"kind", "Foo"},
                  {"metadata", {{"name", "a"}}},
                  {"spec", {{"n", 7}}}});
  const Json list =
      api.Do("GET", foos, "", "", "application/json;as=Table;v=v1;g=meta.k8s.io").body;
  ASSERT_EQ(list["columnDefinitions"].size(), 3u) << list;
  EXPECT_EQ(list["rows"][0]["cells"][1], 7);
  EXPECT_EQ(list["rows"][0]["cells"][2].get<std::string>().back(), 's');
}

}  // namespace
}  // namespace xebec::apiserver::testing
