#include "object/patch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/testing.h"

namespace xebec::object {
namespace {

using Json = nlohmann::ordered_json;

struct Case {
  const char* document;
  const char* patch;
  const char* result;
};

// Appendix A of RFC 6902.
TEST(JsonPatch, DoesTheExamplesOfTheRfc) {
  const Case kCases[] = {
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
       R"({"foo":"bar","baz":"qux"})"},
      {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
       R"({"foo":["bar","qux","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
      {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])",
       R"({"foo":["bar","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])",
       R"({"baz":"boo","foo":"bar"})"},
      {R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
       R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
       R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
      {R"({"foo":["all","grass","cows","eat"]})",
       R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
       R"({"foo":["all","cows","eat","grass"]})"},
      {R"({"baz":"qux","foo":["a",2,"c"]})",
       R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
       R"({"baz":"qux","foo":["a",2,"c"]})"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
       R"({"foo":"bar","child":{"grandchild":{}}})"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux","xyz":123}])",
       R"({"foo":"bar","baz":"qux"})"},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])", R"({"/":9,"~1":10})"},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
       R"({"foo":["bar",["abc","def"]]})"},
      {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])",
       R"({"a":{"b":1},"c":{"b":1}})"},
      {R"({"a":1})", R"([{"op":"add","path":"","value":{"b":2}}])", R"({"b":2})"},
      {R"({"a":{"x":1,"y":2}})", R"([{"op":"test","path":"/a","value":{"y":2,"x":1}}])",
       R"({"a":{"x":1,"y":2}})"},
      {R"({"a":1})", "[]", R"({"a":1})"},
  };
  for (const Case& c : kCases) {
    Result<Json> result = ApplyJsonPatch(Json::parse(c.document), Json::parse(c.patch));
    ASSERT_TRUE(result.ok()) << c.patch << ": " << result.error().message;
    EXPECT_EQ(result->dump(), c.result) << c.patch;
  }
}

TEST(JsonPatch, WhatDoesNotFitIs422) {
  const std::pair<const char*, const char*> kBad[] = {
      {R"([{"op":"test","path":"/a","value":2}])",
       "JSON patch operation 0 (test /a): the test failed, the document holds another value"},
      {R"([{"op":"add","path":"/baz/bat","value":"qux"}])", "there is no \"baz\""},
      {R"([{"op":"remove","path":"/b"}])", "there is no \"b\""},
      {R"([{"op":"replace","path":"/b","value":1}])", "there is no \"b\""},
      {R"([{"op":"add","path":"/list/5","value":1}])", "index 5 is beyond the array's 2 elements"},
      {R"([{"op":"remove","path":"/list/2"}])", "index 2 is beyond"},
      {R"([{"op":"remove","path":"/list/-"}])", "\"-\" is no index"},
      {R"([{"op":"add","path":"/list/01","value":1}])", "\"01\" is no index"},
      {R"([{"op":"add","path":"/a/x","value":1}])", "there is no \"x\""},
      {R"([{"op":"move","from":"/m","path":"/m/k"}])", "cannot move into itself"},
      {R"([{"op":"remove","path":""}])", "cannot be removed"},
  };
  const Json document = Json::parse(R"({"a":1,"list":[1,2],"m":{"k":1}})");
  for (auto [patch, message] : kBad) {
    Result<Json> result = ApplyJsonPatch(document, Json::parse(patch));
    ASSERT_FALSE(result.ok()) << patch;
    EXPECT_TRUE(IsInvalid(result.error())) << patch;
    EXPECT_EQ(result.error().code, 422);
    EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().message;
  }
}

TEST(JsonPatch, AMalformedPatchIs400) {
  for (const char* patch :
       {R"({})", R"([1])", R"([{"path":"/a"}])", R"([{"op":"add","path":"/a"}])",
        R"([{"op":"add","path":"a","value":1}])", R"([{"op":"add","path":"/~2","value":1}])",
        R"([{"op":"eat","path":"/a"}])", R"([{"op":"move","path":"/a"}])",
        R"([{"op":5,"path":"/a"}])"}) {
    Result<Json> result = ApplyJsonPatch(Json::parse(R"({"a":1})"), Json::parse(patch));
    ASSERT_FALSE(result.ok()) << patch;
    EXPECT_TRUE(IsBadRequest(result.error())) << result.error().message;
  }
}

TEST(JsonPatch, CopiesCannotExplode) {
  Json patch = Json::array();
  patch.push_back({{"op", "add"}, {"path", "/a"}, {"value", {{"x", std::string(1000, 'x')}}}});
  for (int i = 0; i < 40; ++i) {
    patch.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/" + std::to_string(i)}});
  }
  Result<Json> result = ApplyJsonPatch(Json::object(), patch);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("copies more than 16 MiB"), std::string::npos);
}

// Appendix A of RFC 7386.
TEST(MergePatch, DoesTheExamplesOfTheRfc) {
  const Case kCases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", "null", "null"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(ApplyMergePatch(Json::parse(c.document), Json::parse(c.patch)).dump(), c.result)
        << c.patch;
  }
}

TEST(MergePatch, StaysLinearWithManyFields) {
  Json document = Json::object(), patch = Json::object();
  auto& fields = document.get_ref<Json::object_t&>();
  auto& changes = patch.get_ref<Json::object_t&>();
  for (int i = 0; i < 50'000; ++i) {
    fields.emplace_back("key-" + std::to_string(i), i);
    changes.emplace_back("key-" + std::to_string(i + 25'000), i % 2 == 0 ? Json() : Json("new"));
  }
  Json result = ApplyMergePatch(std::move(document), patch);
  EXPECT_EQ(result.size(), 25'000u + 25'000u);
}

TEST(StrategicMergePatch, MergesObjectsAndReplacesScalars) {
  const Case kCases[] = {
      {R"({"data":{"a":"1","b":"2"}})", R"({"data":{"b":"3","c":"4","a":null}})",
       R"({"data":{"b":"3","c":"4"}})"},
      {R"({"metadata":{"labels":{"x":"y"}}})", R"({"metadata":{"labels":{"z":"w"}}})",
       R"({"metadata":{"labels":{"x":"y","z":"w"}}})"},
      {R"({"spec":{"args":["a","b"]}})", R"({"spec":{"args":["c"]}})",
       R"({"spec":{"args":["c"]}})"},
      {R"({"metadata":{"finalizers":["a"]}})", R"({"metadata":{"finalizers":["b","a"]}})",
       R"({"metadata":{"finalizers":["a","b"]}})"},
      {R"({"spec":{}})", R"({"spec":{"containers":[{"name":"x"}]}})",
       R"({"spec":{"containers":[{"name":"x"}]}})"},
      {R"({"l":[{"a":1,"b":2}]})", R"({"l":[{"b":2,"a":1}]})", R"({"l":[{"b":2,"a":1}]})"},
  };
  for (const Case& c : kCases) {
    Result<Json> result = ApplyStrategicMergePatch(Json::parse(c.document), Json::parse(c.patch));
    ASSERT_TRUE(result.ok()) << c.patch << ": " << result.error().message;
    EXPECT_EQ(result->dump(), c.result) << c.patch;
  }
}

TEST(StrategicMergePatch, RefusesWhatNeedsMergeKeys) {
  const std::pair<const char*, const char*> kBad[] = {
      {R"({"spec":{"containers":[{"name":"a","image":"y"}]}})", "spec.containers"},
      {R"({"$patch":"delete"})", "the directive $patch"},
      {R"({"spec":{"$retainKeys":["type"]}})", "the directive spec.$retainKeys"},
      {R"({"spec":{"$setElementOrder/containers":[{"name":"a"}]}})", "$setElementOrder/containers"},
      {R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})", "$deleteFromPrimitiveList"},
      {R"({"new":[{"$patch":"delete","name":"a"}]})", "the directive new[].$patch"},
  };
  const Json document = Json::parse(R"({"spec":{"containers":[{"name":"a","image":"x"}]}})");
  for (auto [patch, what] : kBad) {
    Result<Json> result = ApplyStrategicMergePatch(document, Json::parse(patch));
    ASSERT_FALSE(result.ok()) << patch;
    EXPECT_TRUE(IsBadRequest(result.error()));
    EXPECT_NE(result.error().message.find(what), std::string::npos) << result.error().message;
    EXPECT_NE(result.error().message.find("merge keys"), std::string::npos);
  }
}

XEBEC_TEST(Patch, AppliesATextToAnObject) {
  Object o = *Object::Parse(R"({"kind":"ConfigMap","data":{"a":"1"},"z":[1]})");
  EXPECT_EQ(ApplyPatch(o, PatchType::kMerge, R"({"data":{"b":"2"}})")->Json(),
            R"({"kind":"ConfigMap","data":{"a":"1","b":"2"},"z":[1]})");
  EXPECT_EQ(ApplyPatch(o, PatchType::kJson, R"([{"op":"add","path":"/z/-","value":2}])")->Json(),
            R"({"kind":"ConfigMap","data":{"a":"1"},"z":[1,2]})");
  EXPECT_EQ(ApplyPatch(o, PatchType::kStrategicMerge, R"({"data":null})")->Json(),
            R"({"kind":"ConfigMap","z":[1]})");
  EXPECT_EQ(o["data"].Json(), R"({"a":"1"})");
}

XEBEC_TEST(Patch, TellsAClientWhatItDidWrong) {
  Object o = *Object::Parse(R"({"a":1})");
  Result<Object> malformed = ApplyPatch(o, PatchType::kMerge, R"({"a":)");
  ASSERT_FALSE(malformed.ok());
  EXPECT_EQ(malformed.error().code, 400);
  EXPECT_EQ(malformed.error().message,
            "malformed patch at offset 5: the text ends where a value should follow");
  EXPECT_EQ(ApplyPatch(o, PatchType::kMerge, "[]").error().code, 400);
  EXPECT_EQ(ApplyPatch(o, PatchType::kStrategicMerge, "3").error().code, 400);
  EXPECT_EQ(ApplyPatch(o, PatchType::kApply, "{}").error().code, 415);
  Result<Object> whole =
      ApplyPatch(o, PatchType::kJson, R"([{"op":"replace","path":"","value":5}])");
  ASSERT_FALSE(whole.ok());
  EXPECT_EQ(whole.error().code, 422);
}

}  // namespace
}  // namespace xebec::object
