#include "pod_json.h"

#include <fmt/format.h>

#include <initializer_list>
#include <nlohmann/json.hpp>

namespace xebec::object {

namespace {

using Json = nlohmann::json;

// The managedFields form of a set of fields: {".": {}, "f:name": {}, …}.
Json FieldSet(std::initializer_list<const char*> names) {
  Json set = {{".", Json::object()}};
  for (const char* name : names) set[std::string("f:") + name] = Json::object();
  return set;
}

Json Empty() { return Json::object(); }

struct Names {
  std::string ns, app, name, access, node, at;
  int i;
};

Json Probe(const char* path) {
  return {{"httpGet", {{"path", path}, {"port", 8080}, {"scheme", "HTTP"}}},
          {"initialDelaySeconds", 5},
          {"timeoutSeconds", 1},
          {"periodSeconds", 10},
          {"successThreshold", 1},
          {"failureThreshold", 3}};
}

Json Container(const Names& n, const std::string& name) {
  Json env = Json::array();
  for (int k = 0; k < 8; ++k) {
    env.push_back({{"name", fmt::format("SETTING_{}", k)},
                   {"value", fmt::format("value-{}-{}", k, n.i % 17)}});
  }
  env.push_back(
      {{"name", "POD_NAME"},
       {"valueFrom", {{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.name"}}}}}});
  Json mounts = Json::array();
  mounts.push_back({{"name", "config"}, {"mountPath", "/etc/config"}});
  mounts.push_back({{"name", "data"}, {"mountPath", "/var/data"}});
  mounts.push_back({{"name", n.access},
                    {"readOnly", true},
                    {"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}});
  Json ports = Json::array();
  ports.push_back({{"name", "http"}, {"containerPort", 8080}, {"protocol", "TCP"}});
  ports.push_back({{"name", "metrics"}, {"containerPort", 9090}, {"protocol", "TCP"}});
  return {{"name", name},
          {"image", fmt::format("registry.example.com/{}/{}:v1.42.7", n.app, name)},
          {"args", {"--port=8080", "--log-level=info"}},
          {"ports", ports},
          {"env", env},
          {"resources",
           {{"limits", {{"cpu", "500m"}, {"memory", "512Mi"}}},
            {"requests", {{"cpu", "100m"}, {"memory", "128Mi"}}}}},
          {"volumeMounts", mounts},
          {"livenessProbe", Probe("/healthz")},
          {"readinessProbe", Probe("/readyz")},
          {"terminationMessagePath", "/dev/termination-log"},
          {"terminationMessagePolicy", "File"},
          {"imagePullPolicy", "IfNotPresent"},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", Json::array({"ALL"})}}}}}};
}

Json ManagedFields(const Names& n) {
  auto container = [] {
    return FieldSet({"args", "env", "image", "imagePullPolicy", "livenessProbe", "name", "ports",
                     "readinessProbe", "resources", "securityContext", "volumeMounts"});
  };
  Json owners = {{".", Empty()}};
  owners[fmt::format("k:{{\"uid\":\"{:08x}-1111-4000-8000-{:012x}\"}}", n.i % 2500, n.i % 2500)] =
      Empty();
  Json spec = {
      {"f:containers",
       {{"k:{\"name\":\"app\"}", container()}, {"k:{\"name\":\"sidecar\"}", container()}}}};
  for (const char* f : {"dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName",
                        "securityContext", "serviceAccount"}) {
    spec[std::string("f:") + f] = Empty();
  }
  spec["f:volumes"] = FieldSet({"k:{\"name\":\"config\"}", "k:{\"name\":\"data\"}"});
  Json metadata = {
      {"f:annotations",
       FieldSet({"prometheus.io/scrape", "prometheus.io/port", "checksum/config"})},
      {"f:generateName", Empty()},
      {"f:labels", FieldSet({"app.kubernetes.io/name", "app.kubernetes.io/instance",
                             "app.kubernetes.io/version", "pod-template-hash", "team"})},
      {"f:ownerReferences", owners}};
  Json status = {
      {"f:conditions",
       FieldSet({"k:{\"type\":\"ContainersReady\"}", "k:{\"type\":\"Initialized\"}",
                 "k:{\"type\":\"PodReadyToStartContainers\"}", "k:{\"type\":\"Ready\"}"})},
      {"f:podIPs", FieldSet({"k:{\"ip\":\"10.0.0.1\"}"})}};
  for (const char* f : {"containerStatuses", "hostIP", "hostIPs", "phase", "podIP", "startTime"}) {
    status[std::string("f:") + f] = Empty();
  }
  Json out = Json::array();
  out.push_back({{"manager", "kube-controller-manager"},
                 {"operation", "Update"},
                 {"apiVersion", "v1"},
                 {"time", n.at},
                 {"fieldsType", "FieldsV1"},
                 {"fieldsV1", {{"f:metadata", metadata}, {"f:spec", spec}}}});
  out.push_back({{"manager", "kubelet"},
                 {"operation", "Update"},
                 {"apiVersion", "v1"},
                 {"time", n.at},
                 {"fieldsType", "FieldsV1"},
                 {"subresource", "status"},
                 {"fieldsV1", {{"f:status", status}}}});
  return out;
}

Json Metadata(const Names& n, int64_t rv) {
  Json owners = Json::array();
  owners.push_back({{"apiVersion", "apps/v1"},
                    {"kind", "ReplicaSet"},
                    {"name", n.app + "-rs"},
                    {"uid", fmt::format("{:08x}-1111-4000-8000-{:012x}", n.i % 2500, n.i % 2500)},
                    {"controller", true},
                    {"blockOwnerDeletion", true}});
  return {{"name", n.name},
          {"generateName", n.app + "-"},
          {"namespace", n.ns},
          {"uid", fmt::format("{:08x}-0000-4000-8000-{:012x}", n.i, n.i)},
          {"resourceVersion", std::to_string(rv)},
          {"generation", 1},
          {"creationTimestamp", n.at},
          {"labels",
           {{"app.kubernetes.io/name", n.app},
            {"app.kubernetes.io/instance", n.app + "-prod"},
            {"app.kubernetes.io/version", "v1.42.7"},
            {"app.kubernetes.io/managed-by", "Helm"},
            {"pod-template-hash", fmt::format("{:09x}", n.i % 2500)},
            {"team", n.ns}}},
          {"annotations",
           {{"prometheus.io/scrape", "true"},
            {"prometheus.io/port", "9090"},
            {"checksum/config", fmt::format("{:064x}", n.i % 2500)},
            {"kubectl.kubernetes.io/restartedAt", n.at},
            {"cluster-autoscaler.kubernetes.io/safe-to-evict", "true"}}},
          {"ownerReferences", owners},
          {"managedFields", ManagedFields(n)}};
}

Json Spec(const Names& n) {
  Json sources = Json::array();
  sources.push_back({{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}});
  Json item = Json::object({{"key", "ca.crt"}, {"path", "ca.crt"}});
  sources.push_back(
      {{"configMap", {{"name", "kube-root-ca.crt"}, {"items", Json::array({item})}}}});
  Json volumes = Json::array();
  volumes.push_back(
      {{"name", "config"}, {"configMap", {{"name", n.app + "-config"}, {"defaultMode", 420}}}});
  volumes.push_back({{"name", "data"}, {"emptyDir", Empty()}});
  volumes.push_back(
      {{"name", n.access}, {"projected", {{"defaultMode", 420}, {"sources", sources}}}});
  Json tolerations = Json::array();
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    tolerations.push_back({{"key", key},
                           {"operator", "Exists"},
                           {"effect", "NoExecute"},
                           {"tolerationSeconds", 300}});
  }
  return {{"volumes", volumes},
          {"containers", Json::array({Container(n, "app"), Container(n, "sidecar")})},
          {"restartPolicy", "Always"},
          {"terminationGracePeriodSeconds", 30},
          {"dnsPolicy", "ClusterFirst"},
          {"serviceAccountName", n.app},
          {"serviceAccount", n.app},
          {"nodeName", n.node},
          {"securityContext", {{"runAsNonRoot", true}, {"fsGroup", 2000}}},
          {"schedulerName", "default-scheduler"},
          {"tolerations", tolerations},
          {"priority", 0},
          {"enableServiceLinks", true},
          {"preemptionPolicy", "PreemptLowerPriority"}};
}

Json Status(const Names& n) {
  Json conditions = Json::array();
  for (const char* type :
       {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    conditions.push_back({{"type", type},
                          {"status", "True"},
                          {"lastProbeTime", nullptr},
                          {"lastTransitionTime", n.at},
                          {"observedGeneration", 1}});
  }
  auto container = [&](const std::string& name) -> Json {
    return {{"name", name},
            {"state", {{"running", {{"startedAt", n.at}}}}},
            {"lastState", Empty()},
            {"ready", true},
            {"restartCount", n.i % 3},
            {"image", fmt::format("registry.example.com/{}/{}:v1.42.7", n.app, name)},
            {"imageID",
             fmt::format("registry.example.com/{}/{}@sha256:{:064x}", n.app, name, n.i % 2500)},
            {"containerID", fmt::format("containerd://{:064x}", n.i)},
            {"started", true}};
  };
  std::string ip = fmt::format("10.{}.{}.{}", n.i % 128, n.i % 251, n.i % 241);
  Json host = Json::object({{"ip", "10.1.2.3"}}), pod = Json::object({{"ip", ip}});
  return {{"observedGeneration", 1},
          {"phase", "Running"},
          {"conditions", conditions},
          {"hostIP", "10.1.2.3"},
          {"hostIPs", Json::array({host})},
          {"podIP", ip},
          {"podIPs", Json::array({pod})},
          {"startTime", n.at},
          {"containerStatuses", Json::array({container("app"), container("sidecar")})},
          {"qosClass", "Burstable"}};
}

}  // namespace

std::string PodJson(int i, int64_t rv) {
  Names n;
  n.i = i;
  n.ns = fmt::format("team-{:03}", i % 200);
  n.app = fmt::format("service-{:04}", i % 2500);
  n.name = fmt::format("{}-{:09x}-{:05x}", n.app,
                       (static_cast<uint64_t>(i) * 2654435761u) % (uint64_t{1} << 36), i);
  n.access = fmt::format("kube-api-access-{:05x}", (i * 40503) % (1 << 20));
  n.node = fmt::format("ip-10-{}-{}-{}.compute.internal", i % 32, i % 251, i % 241);
  n.at = fmt::format("2026-01-01T{:02}:{:02}:{:02}Z", i % 86400 / 3600, i / 60 % 60, i % 60);
  Json pod = {{"kind", "Pod"},
              {"apiVersion", "v1"},
              {"metadata", Metadata(n, rv)},
              {"spec", Spec(n)},
              {"status", Status(n)}};
  return pod.dump();
}

}  // namespace xebec::object
