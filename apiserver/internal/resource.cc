#include "apiserver/internal/resource.h"

#include <algorithm>

namespace xebec::apiserver {
namespace {

constexpr unsigned kCluster = 1;          // not namespaced
constexpr unsigned kStatus = 2;           // serves /status
constexpr unsigned kGeneration = 4;       // counts generations
constexpr unsigned kNeedsRevision = 8;    // a PUT needs a resourceVersion
constexpr unsigned kCreateOnUpdate = 16;  // a PUT may create
constexpr unsigned kReturnsDeleted = 32;  // DELETE answers with the object
constexpr unsigned kCreateOnly = 64;      // nothing is stored
constexpr unsigned kPathName = 128;       // names are path segments
constexpr unsigned kInAll = 256;          // in the category "all"

struct Row {
  const char *group, *version, *plural, *kind, *short_name;
  unsigned flags = 0;
};

// In the order that discovery shows them.
constexpr Row kRows[] = {
    {"", "v1", "configmaps", "ConfigMap", "cm"},
    {"", "v1", "endpoints", "Endpoints", "ep", kCreateOnUpdate},
    {"", "v1", "events", "Event", "ev", kCreateOnUpdate},
    {"", "v1", "namespaces", "Namespace", "ns", kCluster | kStatus},
    {"", "v1", "nodes", "Node", "no", kCluster | kStatus},
    {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc", kStatus | kReturnsDeleted},
    {"", "v1", "persistentvolumes", "PersistentVolume", "pv", kCluster | kStatus | kReturnsDeleted},
    {"", "v1", "pods", "Pod", "po", kStatus | kGeneration | kReturnsDeleted | kInAll},
    {"", "v1", "secrets", "Secret", ""},
    {"", "v1", "serviceaccounts", "ServiceAccount", "sa", kReturnsDeleted},
    {"", "v1", "services", "Service", "svc", kStatus | kCreateOnUpdate | kReturnsDeleted | kInAll},
    {"apps", "v1", "daemonsets", "DaemonSet", "ds", kStatus | kGeneration | kInAll},
    {"apps", "v1", "deployments", "Deployment", "deploy", kStatus | kGeneration | kInAll},
    {"apps", "v1", "replicasets", "ReplicaSet", "rs", kStatus | kGeneration | kInAll},
    {"apps", "v1", "statefulsets", "StatefulSet", "sts", kStatus | kGeneration | kInAll},
    {"events.k8s.io", "v1", "events", "Event", "ev", kCreateOnUpdate},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", "",
     kCluster | kCreateOnly},
    {"batch", "v1", "cronjobs", "CronJob", "cj", kStatus | kGeneration | kInAll},
    {"batch", "v1", "jobs", "Job", "", kStatus | kGeneration | kInAll},
    {"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", "",
     kCluster | kCreateOnUpdate | kPathName},
    {"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "",
     kCluster | kCreateOnUpdate | kPathName},
    {"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "",
     kCreateOnUpdate | kPathName},
    {"rbac.authorization.k8s.io", "v1", "roles", "Role", "", kCreateOnUpdate | kPathName},
    {"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", "crd",
     kCluster | kStatus | kGeneration | kNeedsRevision},
    {"coordination.k8s.io", "v1", "leases", "Lease", "", kCreateOnUpdate | kNeedsRevision},
};

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void AddColumns(Resource& resource) {
  if (resource.plural == "pods") {
    resource.columns = {{"Status", "string", "", "The phase of the pod.", ".status.phase", 0},
                        {"Node", "string", "", "The node it runs on.", ".spec.nodeName", 1}};
    resource.field_labels = {"spec.nodeName", "status.phase"};
  } else if (resource.plural == "events") {
    resource.field_labels = {"involvedObject.kind",
                             "involvedObject.name",
                             "involvedObject.namespace",
                             "involvedObject.uid",
                             "reason",
                             "type"};
    resource.columns = {{"Type", "string", "", "Normal or Warning.", ".type", 0},
                        {"Reason", "string", "", "Why.", ".reason", 0},
                        {"Object", "string", "", "What it is about.", ".involvedObject.name", 0},
                        {"Message", "string", "", "What happened.", ".message", 0}};
  } else if (resource.plural == "namespaces") {
    resource.columns = {{"Status", "string", "", "Active or Terminating.", ".status.phase", 0}};
    resource.field_labels = {"status.phase"};
  } else if (resource.plural == "leases") {
    resource.columns = {{"Holder", "string", "", "Who holds it.", ".spec.holderIdentity", 0}};
  } else if (resource.plural == "secrets") {
    resource.columns = {{"Type", "string", "", "What it holds.", ".type", 0}};
    resource.field_labels = {"type"};
  }
}

ResourcePtr MakeBuiltIn(const Row& row,
                        const std::function<TableId(const std::string&)>& open_table) {
  auto out = std::make_shared<Resource>();
  out->group = row.group;
  out->version = row.version;
  out->plural = row.plural;
  out->kind = row.kind;
  out->singular = Lower(out->kind);
  out->list_kind = out->kind + "List";
  if (*row.short_name != '\0') out->short_names = {row.short_name};
  if (row.flags & kInAll) out->categories = {"all"};
  out->namespaced = (row.flags & kCluster) == 0;
  out->has_status = (row.flags & kStatus) != 0;
  out->counts_generation = (row.flags & kGeneration) != 0;
  out->unconditional_update = (row.flags & kNeedsRevision) == 0;
  out->create_on_update = (row.flags & kCreateOnUpdate) != 0;
  out->returns_deleted = (row.flags & kReturnsDeleted) != 0;
  out->listable = (row.flags & kCreateOnly) == 0;
  if (row.flags & kPathName) out->name_rule = NameRule::kPathSegment;
  if (out->plural == "namespaces") out->name_rule = NameRule::kLabel;
  if (out->plural == "services") out->name_rule = NameRule::kServiceLabel;
  AddColumns(*out);
  out->storage_api_version = out->ApiVersion();
  std::string table = out->group + "/" + out->plural;
  if (out->group == "events.k8s.io") {
    table = "/events";
    out->conversion = Conversion::kEvents;
    out->storage_api_version = "v1";
  }
  out->table = open_table(table);
  return out;
}

std::string PathKey(std::string_view group, std::string_view version, std::string_view plural) {
  std::string key(group);
  key.append("/").append(version).append("/").append(plural);
  return key;
}

}  // namespace

Catalog::Catalog(const std::function<TableId(const std::string&)>& open_table) {
  for (const Row& row : kRows) Add(MakeBuiltIn(row, open_table));
}

Catalog::Catalog(const Catalog& base, const std::vector<ResourcePtr>& custom) {
  for (const ResourcePtr& resource : base.resources_) {
    if (!resource->custom) Add(resource);
  }
  for (const ResourcePtr& resource : custom) Add(resource);
}

ResourcePtr Catalog::Find(std::string_view group, std::string_view version,
                          std::string_view plural) const {
  auto it = by_path_.find(PathKey(group, version, plural));
  return it == by_path_.end() ? nullptr : it->second;
}

ResourcePtr Catalog::FindKind(std::string_view group, std::string_view kind) const {
  for (const ResourcePtr& resource : resources_) {
    if (resource->group == group && resource->kind == kind && resource->listable) return resource;
  }
  return nullptr;
}

ResourcePtr Catalog::OfTable(TableId table) const {
  auto it = by_table_.find(table);
  return it == by_table_.end() ? nullptr : it->second;
}

bool Catalog::HasGroupVersion(std::string_view group, std::string_view version) const {
  for (const Group& g : groups_) {
    if (g.name != group) continue;
    return std::find(g.versions.begin(), g.versions.end(), version) != g.versions.end();
  }
  return false;
}

std::vector<ResourcePtr> Catalog::In(std::string_view group, std::string_view version) const {
  std::vector<ResourcePtr> out;
  for (const ResourcePtr& resource : resources_) {
    if (resource->group == group && resource->version == version) out.push_back(resource);
  }
  return out;
}

std::vector<ResourcePtr> Catalog::custom() const {
  std::vector<ResourcePtr> out;
  for (const ResourcePtr& resource : resources_) {
    if (resource->custom) out.push_back(resource);
  }
  return out;
}

void Catalog::Add(ResourcePtr resource) {
  auto group = std::find_if(groups_.begin(), groups_.end(),
                            [&](const Group& g) { return g.name == resource->group; });
  if (group == groups_.end()) group = groups_.insert(groups_.end(), Group{resource->group, {}});
  auto& versions = group->versions;
  if (std::find(versions.begin(), versions.end(), resource->version) == versions.end()) {
    versions.push_back(resource->version);
  }
  by_path_[PathKey(resource->group, resource->version, resource->plural)] = resource;
  if (resource->listable) {
    // The storage version speaks for the table; where it is not served, the preferred one does.
    if (resource->ApiVersion() == resource->storage_api_version) {
      by_table_[resource->table] = resource;
    } else {
      by_table_.try_emplace(resource->table, resource);
    }
  }
  resources_.push_back(std::move(resource));
}

}  // namespace xebec::apiserver
