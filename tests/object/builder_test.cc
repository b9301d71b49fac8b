#include "object/builder.h"

#include <gtest/gtest.h>

#include "object/object.h"
#include "runtime/panic.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

Object MustParse(std::string_view text) {
  Result<Object> object = Object::Parse(text);
  EXPECT_TRUE(object.ok()) << object.error().message;
  return *object;
}

XEBEC_TEST(Builder, MakesAnObjectFromNothing) {
  Builder b(GroupVersionKind{"apps", "v1", "Deployment"});
  b.SetName("web").SetNamespace("team-a").SetLabel("app", "web");
  b.Set({"spec", "replicas"}, 3).Set({"spec", "paused"}, false);
  b.Set({"spec", "template", "spec", "containers", 0, "image"}, "img:1");
  b.Append({"spec", "template", "spec", "containers", 0, "args"}, "--a");
  b.Set("x", nullptr).Set("big", uint64_t{18446744073709551615u}).Set("half", 0.5);
  EXPECT_EQ(b.Build().Json(),
            R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",)"
            R"("namespace":"team-a","labels":{"app":"web"}},"spec":{"replicas":3,"paused":false,)"
            R"("template":{"spec":{"containers":[{"image":"img:1","args":["--a"]}]}}},"x":null,)"
            R"("big":18446744073709551615,"half":0.5})");
}

XEBEC_TEST(Builder, CopiesOnWriteAndLeavesTheOriginalAlone) {
  Object before = MustParse(R"({"kind":"Pod","spec":{"a":1,"list":[1,2,3]},"unknown":{"k":[{}]}})");
  std::string text = before.Json();
  Builder b = before.Edit();
  b.Set({"spec", "a"}, 2).Set({"spec", "list", 1}, "two").Set({"spec", "b"}, "new");
  Object after = b.Build();
  EXPECT_EQ(before.Json(), text);
  EXPECT_EQ(after.Json(),
            R"({"kind":"Pod","spec":{"a":2,"list":[1,"two",3],"b":"new"},"unknown":{"k":[{}]}})");
  // Further changes do not touch what was built.
  b.Set({"spec", "a"}, 3);
  EXPECT_EQ(after["spec"]["a"].AsInt(), 2);
}

XEBEC_TEST(Builder, WithoutChangesGivesAnEqualObject) {
  Object o = MustParse(R"({"a":[1,2.5,"x",{"b":null}],"c":{"d":{}}})");
  EXPECT_EQ(o.Edit().Build(), o);
  EXPECT_EQ(o.Edit().Build().Json(), o.Json());
}

XEBEC_TEST(Builder, CopiesAreIndependent) {
  Builder a;
  a.Set("x", 1);
  Builder b = a;
  b.Set("x", 2);
  EXPECT_EQ(a.Json(), R"({"x":1})");
  EXPECT_EQ(b.Json(), R"({"x":2})");
}

XEBEC_TEST(Builder, RemovesFieldsAndElements) {
  Builder b(MustParse(R"({"a":1,"list":[1,2,3],"map":{"x":1,"y":2}})"));
  b.Remove("a").Remove({"list", 1}).Remove({"map", "x"});
  b.Remove({"no", "such", "path"}).Remove({"list", 9});
  EXPECT_EQ(b.Json(), R"({"list":[1,3],"map":{"y":2}})");
  b.Set("map", Value());  // Missing removes
  EXPECT_EQ(b.Json(), R"({"list":[1,3]})");
}

XEBEC_TEST(Builder, TakesViewsAndOtherBuilders) {
  Object other = MustParse(R"({"spec":{"deep":[{"x":1}]}})");
  Builder inner;
  inner.Set("y", 2);
  Builder b;
  b.Set("copy", other["spec"]).Set("whole", other).Set("inner", inner);
  b.Set("list", std::vector<std::string>{"p", "q"});
  b.Set("map", std::map<std::string, std::string>{{"k", "v"}});
  inner.Set("y", 3);
  EXPECT_EQ(b.Json(), R"({"copy":{"deep":[{"x":1}]},"whole":{"spec":{"deep":[{"x":1}]}},)"
                      R"("inner":{"y":2},"list":["p","q"],"map":{"k":"v"}})");
  // A part of itself, and a place set from what it is about to replace.
  b.Set("self", b.slot()["inner"]).Set("copy", b.slot()["copy"]["deep"]);
  EXPECT_EQ(b.Build()["self"].Json(), R"({"y":2})");
  EXPECT_EQ(b.Build()["copy"].Json(), R"([{"x":1}])");
}

XEBEC_TEST(Builder, APathThroughAScalarReplacesIt) {
  Builder b(MustParse(R"({"a":"text","list":{"k":1}})"));
  b.Set({"a", "b"}, 1).Append("list", 2);
  EXPECT_EQ(b.Json(), R"({"a":{"b":1},"list":[2]})");
}

XEBEC_TEST(Builder, AnIndexBeyondTheEndIsAPanic) {
  Builder b;
  EXPECT_TRUE(runtime::RunRecovering([&] { b.Set({"list", 1}, "x"); }).has_value());
}

XEBEC_TEST(Builder, MendsInvalidUtf8) {
  Builder b;
  b.Set("a\xff", "x\xc3");
  EXPECT_EQ(b.Json(), "{\"a\xef\xbf\xbd\":\"x\xef\xbf\xbd\"}");
}

XEBEC_TEST(Builder, RefusesToNestTooDeep) {
  Builder b;
  for (int i = 1; i < kMaxDepth; ++i) {
    Builder outer;
    outer.Set("d", b);
    b = outer;
  }
  EXPECT_TRUE(Object::Parse(b.Build().Json()).ok());
  Builder outer;
  outer.Set("d", b);
  EXPECT_TRUE(runtime::RunRecovering([&] { outer.Build(); }).has_value());
  Builder shared;
  shared.Set("d", b.Build());
  EXPECT_TRUE(runtime::RunRecovering([&] { shared.Build(); }).has_value());
}

XEBEC_TEST(Builder, ManagesFinalizers) {
  Builder b(MustParse(R"({"metadata":{"finalizers":["a"]}})"));
  EXPECT_TRUE(b.AddFinalizer("b"));
  EXPECT_FALSE(b.AddFinalizer("a"));
  EXPECT_EQ(b.Json(), R"({"metadata":{"finalizers":["a","b"]}})");
  EXPECT_TRUE(b.RemoveFinalizer("a"));
  EXPECT_FALSE(b.RemoveFinalizer("a"));
  EXPECT_TRUE(b.RemoveFinalizer("b"));
  EXPECT_EQ(b.Json(), R"({"metadata":{}})");
}

XEBEC_TEST(Builder, SetsLabelsWhoseNamesHoldDotsAndSlashes) {
  Builder b;
  b.SetLabel("app.kubernetes.io/name", "web").SetAnnotation("a/b", "").RemoveLabel("none");
  EXPECT_EQ(b.Json(), R"({"metadata":{"labels":{"app.kubernetes.io/name":"web"},)"
                      R"("annotations":{"a/b":""}}})");
}

const char* const kOwner = R"({"apiVersion":"test.dev/v1","kind":"PodSet",
  "metadata":{"name":"set","namespace":"a","uid":"u-9"}})";

XEBEC_TEST(Builder, SetsAControllerReference) {
  Builder b(MustParse(R"({"metadata":{"name":"p","namespace":"a"}})"));
  ASSERT_TRUE(b.SetControllerReference(MustParse(kOwner)).ok());
  ASSERT_TRUE(b.SetControllerReference(MustParse(kOwner)).ok());  // again: no second entry
  Object pod = b.Build();
  EXPECT_EQ(pod["metadata"]["ownerReferences"].Json(),
            R"([{"apiVersion":"test.dev/v1","kind":"PodSet","name":"set","uid":"u-9",)"
            R"("controller":true,"blockOwnerDeletion":true}])");
  EXPECT_TRUE(pod.metadata().IsControlledBy("u-9"));
}

XEBEC_TEST(Builder, ASecondControllerIsRefused) {
  Builder b(MustParse(R"({"metadata":{"name":"p","namespace":"a","ownerReferences":[
    {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"u-1","controller":true}]}})"));
  Result<void> result = b.SetControllerReference(MustParse(kOwner));
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsAlreadyExists(result.error()));
  EXPECT_EQ(result.error().message, "the object is controlled by ReplicaSet rs already");
  EXPECT_EQ(b.Build()["metadata"]["ownerReferences"].size(), 1u);
}

XEBEC_TEST(Builder, AnOwnerElsewhereOrWithoutUidIsRefused) {
  Builder b(MustParse(R"({"metadata":{"name":"p","namespace":"b"}})"));
  Result<void> elsewhere = b.SetControllerReference(MustParse(kOwner));
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_NE(elsewhere.error().message.find("namespace \"a\""), std::string::npos);
  Result<void> no_uid =
      b.SetControllerReference(MustParse(R"({"kind":"X","metadata":{"name":"x"}})"));
  ASSERT_FALSE(no_uid.ok());
  EXPECT_TRUE(IsInvalidInput(no_uid.error()));
}

XEBEC_TEST(Builder, ReplacesAndRemovesOwners) {
  Builder b;
  b.SetOwnerReference({"v1", "Node", "n", "u-1"});
  b.SetOwnerReference({"apps/v1", "ReplicaSet", "r", "u-2"});
  b.SetOwnerReference({"apps/v2", "ReplicaSet", "r", "u-3"});  // the same group, kind and name
  EXPECT_EQ(b.Build().metadata().Owners().size(), 2u);
  EXPECT_EQ(b.Build().metadata().Owners()[1].uid, "u-3");
  b.RemoveOwnerReference("u-1").RemoveOwnerReference("u-3");
  EXPECT_EQ(b.Json(), R"({"metadata":{}})");
}

XEBEC_TEST(Builder, ReadsWhatItHolds) {
  Builder b(MustParse(R"({"spec":{"name":"x","n":1}})"));
  EXPECT_TRUE(b.Has({"spec", "n"}));
  EXPECT_FALSE(b.Has({"spec", "m"}));
  EXPECT_EQ(b.GetString({"spec", "name"}), "x");
  EXPECT_EQ(b.GetString({"spec", "n"}), "");
  b.Set({"spec", "name"}, "y");
  EXPECT_EQ(b.GetString({"spec", "name"}), "y");
}

}  // namespace
}  // namespace xebec::object
