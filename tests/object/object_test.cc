#include "object/object.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "object/builder.h"
#include "runtime/heap/gc.h"
#include "runtime/panic.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

constexpr std::string_view kPod = R"({"apiVersion":"v1","kind":"Pod","metadata":{
  "name":"web-1","namespace":"team-a","uid":"u-1","resourceVersion":"42","generation":7,
  "labels":{"app":"web"},"annotations":{"note":"x"},"finalizers":["a/b"],
  "creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T03:04:06Z",
  "ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"o-1"},
    {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"o-2","controller":true}]},
  "spec":{"replicas":3}})";

Object MustParse(std::string_view text) {
  Result<Object> object = Object::Parse(text);
  EXPECT_TRUE(object.ok()) << object.error().message;
  return *object;
}

XEBEC_TEST(Object, ReadsItsMetadata) {
  Object pod = MustParse(kPod);
  EXPECT_EQ(pod.name(), "web-1");
  EXPECT_EQ(pod.ns(), "team-a");
  EXPECT_EQ(pod.uid(), "u-1");
  EXPECT_EQ(pod.resource_version(), "42");
  EXPECT_EQ(pod.key(), (NamespacedName{"team-a", "web-1"}));
  EXPECT_EQ(pod.gvk(), (GroupVersionKind{"", "v1", "Pod"}));
  Metadata m = pod.metadata();
  EXPECT_EQ(m.name(), "web-1");
  EXPECT_EQ(m.generation(), 7);
  EXPECT_EQ(m.Label("app"), "web");
  EXPECT_EQ(m.Annotation("note"), "x");
  EXPECT_TRUE(m.HasFinalizer("a/b"));
  EXPECT_FALSE(m.HasFinalizer("c"));
  EXPECT_TRUE(m.IsDeleting());
  EXPECT_EQ(m.creation_timestamp()->ToString(), "2026-01-02T03:04:05Z");
  EXPECT_EQ(m.Owners().size(), 2u);
  EXPECT_EQ(m.ControllerOwner()->name, "web");
  EXPECT_TRUE(m.IsControlledBy("o-2"));
  EXPECT_FALSE(m.IsControlledBy("o-1"));
}

XEBEC_TEST(Object, WithoutMetadataReadsAsEmpty) {
  Object o = MustParse("{}");
  EXPECT_EQ(o.name(), "");
  EXPECT_EQ(o.kind(), "");
  EXPECT_EQ(o.metadata().generation(), 0);
  EXPECT_FALSE(o.metadata().ControllerOwner().has_value());
  EXPECT_FALSE(o.metadata().deletion_timestamp().has_value());
  // Fields of the wrong type are as good as none.
  Object odd = MustParse(R"({"kind":7,"metadata":{"name":["x"],"labels":"none"}})");
  EXPECT_EQ(odd.kind(), "");
  EXPECT_EQ(odd.name(), "");
  EXPECT_EQ(odd.metadata().Label("a"), "");
  EXPECT_EQ(MustParse(R"({"metadata":5})").name(), "");
}

XEBEC_TEST(Object, HandlesLiveInContainersAndOutliveCollections) {
  std::map<std::string, Object> store;
  for (int i = 0; i < 200; ++i) {
    std::string name = "pod-" + std::to_string(i);
    store[name] = Builder(MustParse(kPod)).SetName(name).Build();
  }
  gc::Collect();
  for (const auto& [name, object] : store) {
    EXPECT_EQ(object.name(), name);
    EXPECT_EQ(object["spec"]["replicas"].AsInt(), 3);
  }
}

XEBEC_TEST(Object, ViewsKeepTheObjectAlive) {
  Value spec;
  {
    Object pod = MustParse(kPod);
    spec = pod["spec"];
  }
  gc::Collect();
  EXPECT_EQ(spec["replicas"].AsInt(), 3);
}

XEBEC_TEST(Object, IsReadOnForeignThreads) {
  Object pod = MustParse(kPod);
  std::string json;
  std::string name;
  std::thread thread([&pod, &json, &name] {
    Object copy = pod;
    json = copy.Json();
    name = copy.name();
  });
  thread.join();
  EXPECT_EQ(name, "web-1");
  EXPECT_EQ(json, pod.Json());
}

XEBEC_TEST(Object, ComparesByContentAndKnowsTheSameBlock) {
  Object a = MustParse(kPod), b = MustParse(kPod);
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a.SameAs(b));
  Object copy = a;
  EXPECT_TRUE(copy.SameAs(a));
  EXPECT_EQ(Object(), Object());
  EXPECT_FALSE(a == Object());
}

XEBEC_TEST(Object, TakesLessRoomThanItsText) {
  Object pod = MustParse(kPod);
  EXPECT_LT(pod.SizeBytes(), kPod.size());
}

// The message of the panic that fn ends in, with the fiber's stack behind it; "" if it ends well.
template <class F>
std::string PanicOf(F&& fn) {
  auto info = runtime::RunRecovering(fn);
  if (!info) return "";
  EXPECT_TRUE(info->is_panic);
  EXPECT_FALSE(info->stack.empty());
  EXPECT_FALSE(info->fiber.empty());
  return info->message;
}

XEBEC_TEST(NullObject, AccessIsAPanicWithTheFibersStack) {
  Object null;
  EXPECT_TRUE(null.IsNull());
  EXPECT_NE(PanicOf([&] { null["spec"]; }).find("null Object"), std::string::npos);
  EXPECT_NE(PanicOf([&] { null.metadata(); }).find("null Object"), std::string::npos);
  EXPECT_NE(PanicOf([&] { static_cast<void>(null.name()); }).find("null Object"),
            std::string::npos);
  EXPECT_NE(PanicOf([&] { static_cast<void>(null.Json()); }).find("null Object"),
            std::string::npos);
  Object moved = MustParse(kPod);
  Object target = std::move(moved);
  EXPECT_NE(PanicOf([&] { moved["spec"]; }).find("moved from"), std::string::npos);
  EXPECT_EQ(target.name(), "web-1");
}

}  // namespace
}  // namespace xebec::object
