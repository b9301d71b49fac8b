#include <gtest/gtest.h>

#include "object/api/apiextensions/v1.h"
#include "object/api/apps/v1.h"
#include "object/api/coordination/v1.h"
#include "object/api/core/v1.h"
#include "object/api/meta/v1.h"
#include "runtime/testing.h"

namespace xebec::api {
namespace {

using core::v1::Pod;

object::Object MustParse(std::string_view text) {
  Result<object::Object> object = object::Object::Parse(text);
  EXPECT_TRUE(object.ok()) << object.error().message;
  return *object;
}

static_assert(Pod::kKind == "Pod" && Pod::kGroup.empty() && Pod::kVersion == "v1");
static_assert(Pod::kResource == "pods" && Pod::kNamespaced);
static_assert(!core::v1::Node::kNamespaced && !core::v1::Namespace::kNamespaced);
static_assert(apps::v1::Deployment::kApiVersion == "apps/v1");
static_assert(coordination::v1::Lease::kGroup == "coordination.k8s.io");

XEBEC_TEST(Api, ReadsNestedFieldsByName) {
  Pod pod(MustParse(R"({"metadata":{"name":"web","namespace":"a"},"spec":{
    "nodeSelector":{"os":"linux","arch":"amd64"},"hostNetwork":true,
    "containers":[{"name":"app","image":"img:1","imagePullPolicy":"Always","args":["-a","-b"],
      "ports":[{"containerPort":8080}],
      "resources":{"limits":{"cpu":"500m","memory":"1Gi"}},
      "env":[{"name":"A","value":"1"}],
      "livenessProbe":{"httpGet":{"path":"/healthz","port":"http"},"periodSeconds":10},
      "readinessProbe":{"tcpSocket":{"port":8080}}}]},
    "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],
      "startTime":"2026-01-02T03:04:05Z",
      "containerStatuses":[{"name":"app","ready":true,"restartCount":2}]}})"));
  EXPECT_EQ(pod.name(), "web");
  EXPECT_EQ(pod.key().ToString(), "a/web");
  core::v1::PodSpec spec = pod.spec();
  EXPECT_TRUE(spec.host_network());
  EXPECT_EQ(spec.node_selector()["os"], "linux");
  std::string selectors;
  for (auto [key, value] : spec.node_selector()) selectors += std::string(key) + std::string(value);
  EXPECT_EQ(selectors, "oslinuxarchamd64");
  ASSERT_EQ(spec.containers().size(), 1u);
  core::v1::Container app = spec.containers()[0];
  EXPECT_EQ(app.image(), "img:1");
  EXPECT_EQ(app.image_pull_policy(), "Always");
  EXPECT_EQ(app.args()[1], "-b");
  EXPECT_EQ(app.ports()[0].container_port(), 8080);
  EXPECT_EQ(app.resources().limits()["cpu"].MilliValue(), 500);
  EXPECT_EQ(app.env()[0].value(), "1");
  EXPECT_EQ(app.liveness_probe().http_get().port().AsString(), "http");
  EXPECT_EQ(app.readiness_probe().tcp_socket().port().AsInt(), 8080);
  EXPECT_EQ(app.liveness_probe().period_seconds(), 10);
  EXPECT_EQ(pod.status().phase(), "Running");
  EXPECT_EQ(pod.status().pod_ip(), "10.0.0.1");
  EXPECT_EQ(pod.status().pod_ips()[0].ip(), "10.0.0.1");
  EXPECT_EQ(pod.status().start_time()->ToString(), "2026-01-02T03:04:05Z");
  for (core::v1::ContainerStatus status : pod.status().container_statuses()) {
    EXPECT_TRUE(status.ready());
    EXPECT_EQ(status.restart_count(), 2);
  }
}

XEBEC_TEST(Api, WhatIsMissingReadsAsEmpty) {
  Pod pod(MustParse("{}"));
  EXPECT_TRUE(pod.spec().IsMissing());
  EXPECT_TRUE(pod.spec().containers().empty());
  EXPECT_EQ(pod.spec().containers()[3].ports()[1].container_port(), 0);
  EXPECT_EQ(pod.status().phase(), "");
  EXPECT_FALSE(pod.status().start_time().has_value());
  EXPECT_FALSE(pod.spec().Has("nodeName"));
}

XEBEC_TEST(Api, BuildsAPod) {
  Pod::Builder b;
  b.SetName("web").SetNamespace("a").SetLabel("app", "web");
  core::v1::PodSpec::Builder spec = b.spec();
  spec.SetRestartPolicy("Never").SetTerminationGracePeriodSeconds(0).PutNodeSelector("os", "linux");
  core::v1::Container::Builder app = spec.AddContainers();
  app.SetName("app").SetImage("img:1").AddArgs("-a").AddArgs("-b");
  app.AddPorts().SetContainerPort(8080);
  app.resources().PutLimits("cpu", "500m");
  app.liveness_probe().SetPeriodSeconds(10).http_get().SetPort(8080).SetPath("/healthz");
  Pod pod = b.Build();
  EXPECT_EQ(
      pod.Json(),
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"a",)"
      R"("labels":{"app":"web"}},"spec":{"restartPolicy":"Never",)"
      R"("terminationGracePeriodSeconds":0,"nodeSelector":{"os":"linux"},)"
      R"("containers":[{"name":"app","image":"img:1","args":["-a","-b"],)"
      R"("ports":[{"containerPort":8080}],"resources":{"limits":{"cpu":"500m"}},)"
      R"("livenessProbe":{"periodSeconds":10,"httpGet":{"port":8080,"path":"/healthz"}}}]}})");
}

XEBEC_TEST(Api, NestedBuildersStandAloneToo) {
  core::v1::Container::Builder c;
  c.SetName("app").SetImage("img");
  core::v1::PodTemplateSpec::Builder t;
  t.metadata().PutLabels("app", "web");
  t.spec().AddContainers(c);
  apps::v1::Deployment::Builder d;
  d.SetName("web").spec().SetReplicas(3).SetTemplate(t);
  d.spec().selector().PutMatchLabels("app", "web");
  d.spec().strategy().rolling_update().SetMaxSurge("25%");
  apps::v1::Deployment deployment = d.Build();
  EXPECT_EQ(deployment.spec().replicas(), 3);
  EXPECT_EQ(deployment.spec().template_().metadata().Label("app"), "web");
  EXPECT_EQ(deployment.spec().template_().spec().containers()[0].image(), "img");
  EXPECT_EQ(deployment.spec().strategy().rolling_update().max_surge().ToString(), "25%");
  // A view of one object becomes a part of another.
  Pod pod = Pod::Builder().SetName("p").SetSpec(deployment.spec().template_().spec()).Build();
  EXPECT_EQ(pod.spec().containers()[0].name(), "app");
}

XEBEC_TEST(Api, UnknownFieldsSurviveAnEdit) {
  Pod before(
      MustParse(R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","futureField":{"a":1}},)"
                R"("spec":{"nodeName":"n","inventedLater":[1,{"b":2}]},"more":null})"));
  Pod::Builder b(before);
  b.spec().SetNodeName("m");
  EXPECT_EQ(b.Build().Json(),
            R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","futureField":{"a":1}},)"
            R"("spec":{"nodeName":"m","inventedLater":[1,{"b":2}]},"more":null})");
  EXPECT_EQ(before.spec().node_name(), "n");
}

XEBEC_TEST(Api, BytesAndTimesHaveTheirOwnForms) {
  core::v1::Secret secret =
      core::v1::Secret::Builder().SetName("s").PutData("password", "s3cret!").Build();
  EXPECT_EQ(secret.object()["data"]["password"].AsString(), "czNjcmV0IQ==");
  EXPECT_EQ(secret.data()["password"], "s3cret!");
  coordination::v1::Lease::Builder b;
  b.spec().SetHolderIdentity("me").SetRenewTime(object::Time{1767323045, 678901000});
  coordination::v1::Lease lease = b.Build();
  EXPECT_EQ(lease.object()["spec"]["renewTime"].AsString(), "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(lease.spec().renew_time()->nanos, 678901000);
}

XEBEC_TEST(Api, OddNamesFollowTheRules) {
  apiextensions::v1::JSONSchemaProps schema(
      MustParse(
          R"({"$ref":"r","x-kubernetes-list-map-keys":["name"],"default":5,"enum":["a"],"not":{"type":"x"},
          "properties":{"a":{"type":"string"}},"multipleOf":0.5})")
          .root());
  EXPECT_EQ(schema.ref(), "r");
  EXPECT_EQ(schema.x_kubernetes_list_map_keys()[0], "name");
  EXPECT_EQ(schema.default_().AsInt(), 5);
  EXPECT_EQ(schema.enum_()[0].AsString(), "a");
  EXPECT_EQ(schema.not_().type(), "x");
  EXPECT_EQ(schema.properties()["a"].type(), "string");
  EXPECT_EQ(schema.multiple_of(), 0.5);
  meta::v1::OwnerReference owner(MustParse(R"({"uid":"u","apiVersion":"v1"})").root());
  EXPECT_EQ(owner.uid(), "u");
  EXPECT_EQ(owner.api_version(), "v1");
  meta::v1::Status status(
      MustParse(R"({"code":404,"reason":"NotFound","details":{"name":"x"}})").root());
  EXPECT_EQ(status.code(), 404);
  EXPECT_EQ(status.details().name(), "x");
}

}  // namespace
}  // namespace xebec::api
