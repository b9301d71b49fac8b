// What the server serves: the built-in resources and those of CustomResourceDefinitions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/internal/revision_log.h"

namespace xebec::apiserver {

// How a served version differs from what is stored.
enum class Conversion : uint8_t {
  kNone,
  kApiVersion,  // only apiVersion differs: versions of a custom resource
  kEvents       // events.k8s.io/v1 over core v1 events
};

// Which rules names of a resource follow.
enum class NameRule : uint8_t { kSubdomain, kLabel, kServiceLabel, kPathSegment };

// A column of a table beyond NAME and AGE.
struct Column {
  std::string name, type, format, description, json_path;
  int priority = 0;
};

// One resource in one version, as a path names it. Immutable.
struct Resource {
  std::string group, version, plural, singular, kind, list_kind;
  std::vector<std::string> short_names, categories;
  std::vector<std::string>
      field_labels;  // what field selectors may name besides name and namespace
  std::vector<Column> columns;
  bool namespaced = true;
  bool has_status = false;           // serves /status
  bool counts_generation = false;    // metadata.generation follows the spec
  bool unconditional_update = true;  // a PUT needs no resourceVersion
  bool create_on_update = false;     // a PUT of an object that does not exist creates it
  bool returns_deleted = false;      // DELETE answers with the object rather than a Status
  bool custom = false;               // of a CustomResourceDefinition
  bool listable = true;              // false: create only, nothing is stored (access reviews)
  bool terminating = false;          // its CustomResourceDefinition is being deleted: no creates
  NameRule name_rule = NameRule::kSubdomain;
  Conversion conversion = Conversion::kNone;
  std::string storage_api_version;  // what is stored has this apiVersion
  TableId table = 0;

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  // "deployments.apps", "pods": as messages name it.
  std::string Qualified() const { return group.empty() ? plural : plural + "." + group; }
  // "Deployment.apps".
  std::string QualifiedKind() const { return group.empty() ? kind : kind + "." + group; }
};
using ResourcePtr = std::shared_ptr<const Resource>;

// A group as discovery shows it: versions in order of preference.
struct Group {
  std::string name;
  std::vector<std::string> versions;
};

// All that is served at one time. Immutable: the server swaps in a new one when
// CustomResourceDefinitions change.
class Catalog {
 public:
  // The built-in resources; `tables` gives each its table by "group/plural".
  explicit Catalog(const std::function<TableId(const std::string&)>& open_table);
  // The built-in resources of `base` and these custom ones.
  Catalog(const Catalog& base, const std::vector<ResourcePtr>& custom);

  // Null if it is not served.
  ResourcePtr Find(std::string_view group, std::string_view version, std::string_view plural) const;
  // The preferred version of the resource with this kind, null if there is none.
  ResourcePtr FindKind(std::string_view group, std::string_view kind) const;
  // The resource whose objects a table holds, in its storage version; null if it is no longer
  // served.
  ResourcePtr OfTable(TableId table) const;

  const std::vector<Group>& groups() const { return groups_; }
  // The resources of CustomResourceDefinitions.
  std::vector<ResourcePtr> custom() const;
  bool HasGroupVersion(std::string_view group, std::string_view version) const;
  // The resources of a group and version in order of registration.
  std::vector<ResourcePtr> In(std::string_view group, std::string_view version) const;

 private:
  void Add(ResourcePtr resource);

  std::vector<ResourcePtr> resources_;
  std::vector<Group> groups_;
  std::map<std::string, ResourcePtr, std::less<>> by_path_;  // "group/version/plural"
  std::map<TableId, ResourcePtr> by_table_;
};
using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace xebec::apiserver
