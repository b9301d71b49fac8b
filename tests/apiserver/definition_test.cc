#include <gtest/gtest.h>

#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

const std::string kCrds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const std::string kFoos = "/apis/example.com/v1/namespaces/default/foos";

Json Foo(const std::string& name) {
  return {{"apiVersion", "example.com/v1"},
          {"kind", "Foo"},
          {"metadata", {{"name", name}}},
          {"spec", {{"n", 1}, {"null", nullptr}}}};
}

std::string Condition(const Json& definition, const std::string& type) {
  for (const Json& condition : definition["status"]["conditions"]) {
    if (condition["type"] == type) return condition["status"];
  }
  return "";
}

XEBEC_TEST(ApiDefinitions, OneServesItsResourceAtOnce) {
  Api api;
  EXPECT_EQ(api.Get(kFoos).status, 404);
  const Answer created = api.Post(kCrds, Definition("foos", "Foo"));
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(Condition(created.body, "Established"), "True");
  EXPECT_EQ(Condition(created.body, "NamesAccepted"), "True");
  EXPECT_EQ(created.body["spec"]["names"]["listKind"], "FooList");
  EXPECT_EQ(api.Get("/apis/example.com/v1").body["resources"][0]["name"], "foos");
  EXPECT_EQ(api.Get("/apis/example.com").body["preferredVersion"]["version"], "v1");

  const Answer foo = api.Post(kFoos, Foo("a"));
  ASSERT_EQ(foo.status, 201) << foo.body;
  EXPECT_EQ(foo.body["metadata"]["generation"], 1);
  EXPECT_EQ(api.Get(kFoos).body["items"][0]["kind"], "Foo") << "custom items carry their kind";
  Json changed = foo.body;
  changed["spec"]["n"] = 2;
  const Answer updated = api.Put(kFoos + "/a", changed);
  EXPECT_EQ(updated.body["metadata"]["generation"], 2);
  changed["metadata"].erase("resourceVersion");
  EXPECT_EQ(api.Put(kFoos + "/a", changed).status, 422) << "a PUT needs a revision";
  EXPECT_EQ(api.Do("PATCH", kFoos + "/a", "{}", "application/strategic-merge-patch+json").status,
            415);
  EXPECT_EQ(api.Delete(kFoos + "/a").status, 200);
  EXPECT_EQ(api.Get("/apis/example.com/v1/foos").body["items"].size(), 0u);
  EXPECT_EQ(api.Get(kFoos + "/a/status").status, 404) << "it has no status of its own";
}

XEBEC_TEST(ApiDefinitions, WrongOnesAreRefusedWithTheirField) {
  Api api;
  auto field = [&](const Json& definition) -> std::string {
    const Answer answer = api.Post(kCrds, definition);
    EXPECT_EQ(answer.status, 422) << answer.body;
    return answer.body["details"]["causes"][0]["field"];
  };
  Json bad = Definition("foos", "Foo");
  bad["metadata"]["name"] = "foos";
  EXPECT_EQ(field(bad), "metadata.name");
  bad = Definition("foos", "Foo");
  bad["spec"]["scope"] = "Galaxy";
  EXPECT_EQ(field(bad), "spec.scope");
  bad = Definition("foos", "Foo");
  bad["spec"]["versions"] = Json::array();
  EXPECT_EQ(field(bad), "spec.versions");
  bad = Definition("foos", "Foo");
  bad["spec"]["names"].erase("kind");
  EXPECT_EQ(field(bad), "spec.names.kind");
  EXPECT_EQ(api.Post(kCrds, {{"metadata", {{"name", "x"}}}}).status, 422);
}

XEBEC_TEST(ApiDefinitions, TheSameKindTwiceIsNotAccepted) {
  Api api;
  api.Post(kCrds, Definition("foos", "Foo"));
  const Answer second = api.Post(kCrds, Definition("food", "Foo"));
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(Condition(second.body, "NamesAccepted"), "False");
  EXPECT_EQ(api.Get("/apis/example.com/v1/food").status, 404);
}

XEBEC_TEST(ApiDefinitions, EachServedVersionShowsTheSameObjects) {
  Api api;
  Json definition = Definition("foos", "Foo");
  definition["spec"]["versions"].push_back(
      {{"name", "v1beta1"}, {"served", true}, {"storage", false}});
  definition["spec"]["versions"].push_back(
      {{"name", "v2alpha1"}, {"served", false}, {"storage", false}});
  ASSERT_EQ(api.Post(kCrds, definition).status, 201);
  api.Post(kFoos, Foo("a"));
  const Json beta = api.Get("/apis/example.com/v1beta1/namespaces/default/foos/a").body;
  EXPECT_EQ(beta["apiVersion"], "example.com/v1beta1");
  EXPECT_EQ(beta["spec"]["n"], 1);
  EXPECT_EQ(api.Get("/apis/example.com/v2alpha1/foos").status, 404);
  const Json group = api.Get("/apis/example.com").body;
  EXPECT_EQ(group["versions"].size(), 2u);
  EXPECT_EQ(group["versions"][0]["version"], "v1");
}

XEBEC_SIM_TEST(ApiDefinitions, DeletingOneDeletesItsObjectsAndEndsItsWatches) {
  Api api;
  api.Post(kCrds, Definition("foos", "Foo"));
  Json held = Foo("held");
  held["metadata"]["finalizers"] = {"example.com/hold"};
  api.Post(kFoos, held);
  api.Post(kFoos, Foo("free"));
  const std::string from = api.Get(kFoos).Revision();
  WatchStream watch = api.Watch(kFoos + "?resourceVersion=" + from);
  const Answer deleting = api.Delete(kCrds + "/foos.example.com");
  EXPECT_EQ(Condition(deleting.body, "Terminating"), "True") << deleting.body;
  EXPECT_TRUE(WaitGone(api, kFoos + "/free"));
  EXPECT_EQ(api.Post(kFoos, Foo("late")).status, 403);
  EXPECT_EQ(api.Get(kCrds + "/foos.example.com").status, 200);
  api.MergePatch(kFoos + "/held", {{"metadata", {{"finalizers", nullptr}}}});
  EXPECT_TRUE(WaitGone(api, kCrds + "/foos.example.com"));
  EXPECT_EQ(api.Get("/apis/example.com/v1").status, 404) << "discovery knows";
  int deleted = 0;
  while (const auto event = watch.Next()) deleted += event->type == "DELETED";
  EXPECT_EQ(deleted, 2);
  ASSERT_EQ(api.Post(kCrds, Definition("foos", "Foo")).status, 201);
  EXPECT_EQ(api.Get(kFoos).body["items"].size(), 0u);
}

}  // namespace
}  // namespace xebec::apiserver::testing
