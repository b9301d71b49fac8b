#include "apiserver/internal/crd.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "apiserver/internal/prepare.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/validation.h"
#include "apiserver/internal/verbs.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

const Json& At(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::vector<std::string> Strings(const Json& list) {
  std::vector<std::string> out;
  if (!list.is_array()) return out;
  for (const Json& element : list) {
    if (element.is_string()) out.push_back(element.get<std::string>());
  }
  return out;
}

bool Flag(const Json& object, const char* key) { return At(object, key) == true; }

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Kubernetes' order of versions: v2 before v1 before v1beta2 before v1alpha1 before anything else.
std::tuple<int, int64_t, int64_t, std::string> VersionRank(const std::string& version) {
  auto number = [](std::string_view& text) {
    int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return int64_t{-1};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
  };
  std::string_view rest = version;
  const std::tuple other{3, int64_t{0}, int64_t{0}, version};
  if (!rest.starts_with('v')) return other;
  rest.remove_prefix(1);
  const int64_t major = number(rest);
  if (major < 0) return other;
  if (rest.empty()) return {0, -major, 0, ""};
  const int stage = rest.starts_with("beta") ? 1 : rest.starts_with("alpha") ? 2 : 3;
  if (stage == 3) return other;
  rest.remove_prefix(stage == 1 ? 4 : 5);
  const int64_t minor = number(rest);
  if (minor < 0 || !rest.empty()) return other;
  return {stage, -major, -minor, ""};
}

Causes CheckVersions(const Json& versions) {
  Causes causes;
  if (!versions.is_array() || versions.empty()) {
    causes.push_back(RequiredCause("spec.versions",
                                   "must have exactly one version marked as storage "
                                   "version"));
    return causes;
  }
  size_t index = 0, stored = 0;
  std::set<std::string> names;
  for (const Json& version : versions) {
    const std::string field = fmt::format("spec.versions[{}]", index++);
    const std::string name = StringField(version, "name");
    if (std::string why = CheckName(NameRule::kLabel, name); !why.empty()) {
      causes.push_back(InvalidCause(field + ".name", name, why));
    } else if (!names.insert(name).second) {
      causes.push_back(DuplicateCause(field + ".name", name));
    }
    if (Flag(version, "storage")) ++stored;
  }
  if (stored != 1) {
    causes.push_back(InvalidCause("spec.versions", fmt::format("{} storage versions", stored),
                                  "must have exactly one version marked as storage version"));
  }
  return causes;
}

Causes CheckDefinition(const Json& definition) {
  Causes causes;
  const Json& spec = At(definition, "spec");
  const Json& names = At(spec, "names");
  const std::string group = StringField(spec, "group");
  const std::string plural = StringField(names, "plural");
  if (group.empty()) {
    causes.push_back(RequiredCause("spec.group"));
  } else if (std::string why = CheckName(NameRule::kSubdomain, group); !why.empty()) {
    causes.push_back(InvalidCause("spec.group", group, why));
  }
  if (plural.empty()) causes.push_back(RequiredCause("spec.names.plural"));
  if (StringField(names, "kind").empty()) causes.push_back(RequiredCause("spec.names.kind"));
  const std::string name = StringField(definition.at("metadata"), "name");
  if (!group.empty() && !plural.empty() && name != plural + "." + group) {
    causes.push_back(
        InvalidCause("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
  }
  const std::string scope = StringField(spec, "scope");
  if (scope != "Namespaced" && scope != "Cluster") {
    causes.push_back(UnsupportedCause("spec.scope", scope, "\"Cluster\", \"Namespaced\""));
  }
  for (Error::Cause& cause : CheckVersions(At(spec, "versions")))
    causes.push_back(std::move(cause));
  return causes;
}

// A name of the definition that another resource of the group has already, empty if there is none.
std::string TakenName(Core& core, const Json& definition) {
  const Json& spec = At(definition, "spec");
  const Json& names = At(spec, "names");
  const std::string group = StringField(spec, "group");
  const std::string plural = StringField(names, "plural");
  std::set<std::string> wanted = {plural, StringField(names, "singular"),
                                  StringField(names, "kind"), StringField(names, "listKind")};
  for (std::string& name : Strings(At(names, "shortNames"))) wanted.insert(std::move(name));
  const CatalogPtr catalog = core.catalog();
  for (const Group& served : catalog->groups()) {
    if (served.name != group) continue;
    for (const std::string& version : served.versions) {
      for (const ResourcePtr& other : catalog->In(group, version)) {
        if (other->plural == plural) continue;  // this definition's own
        for (const std::string& name :
             {other->plural, other->singular, other->kind, other->list_kind}) {
          if (wanted.contains(name)) return name;
        }
        for (const std::string& name : other->short_names) {
          if (wanted.contains(name)) return name;
        }
      }
    }
  }
  return "";
}

void SetCondition(Json& status, const std::string& type, bool holds, const std::string& reason,
                  const std::string& message) {
  if (!status.contains("conditions")) status["conditions"] = Json::array();
  const std::string value = holds ? "True" : "False";
  for (Json& condition : status["conditions"]) {
    if (StringField(condition, "type") != type) continue;
    if (StringField(condition, "status") != value) condition["lastTransitionTime"] = NowText();
    condition["status"] = value;
    condition["reason"] = reason;
    condition["message"] = message;
    return;
  }
  status["conditions"].push_back({{"type", type},
                                  {"status", value},
                                  {"lastTransitionTime", NowText()},
                                  {"reason", reason},
                                  {"message", message}});
}

bool HasCondition(const Json& definition, const std::string& type) {
  const Json& conditions = At(At(definition, "status"), "conditions");
  if (!conditions.is_array()) return false;
  return std::any_of(conditions.begin(), conditions.end(), [&](const Json& condition) {
    return StringField(condition, "type") == type && StringField(condition, "status") == "True";
  });
}

std::string TableOf(const Json& definition) {
  const Json& spec = At(definition, "spec");
  return StringField(spec, "group") + "/" + StringField(At(spec, "names"), "plural");
}

std::vector<Column> ReadColumns(const Json& columns) {
  std::vector<Column> out;
  if (!columns.is_array()) return out;
  for (const Json& column : columns) {
    const Json& priority = At(column, "priority");
    out.push_back({StringField(column, "name"), StringField(column, "type"),
                   StringField(column, "format"), StringField(column, "description"),
                   StringField(column, "jsonPath"),
                   priority.is_number_integer() ? priority.get<int>() : 0});
  }
  return out;
}

// The served versions of a definition as resources.
std::vector<ResourcePtr> ResourcesOf(Store& store, const Json& definition, bool terminating) {
  const Json& spec = At(definition, "spec");
  const Json& names = At(spec, "names");
  const Json& versions = At(spec, "versions");
  Resource base;
  base.custom = true;
  base.group = StringField(spec, "group");
  base.plural = StringField(names, "plural");
  base.singular = StringField(names, "singular");
  base.kind = StringField(names, "kind");
  base.list_kind = StringField(names, "listKind");
  base.short_names = Strings(At(names, "shortNames"));
  base.categories = Strings(At(names, "categories"));
  base.namespaced = StringField(spec, "scope") == "Namespaced";
  base.counts_generation = true;
  base.unconditional_update = false;
  base.terminating = terminating;
  base.conversion = versions.size() > 1 ? Conversion::kApiVersion : Conversion::kNone;
  base.table = store.OpenTable(TableOf(definition));
  for (const Json& version : versions) {
    if (Flag(version, "storage")) {
      base.storage_api_version = base.group + "/" + StringField(version, "name");
    }
  }
  std::vector<ResourcePtr> out;
  for (const Json& version : versions) {
    if (!Flag(version, "served")) continue;
    auto resource = std::make_shared<Resource>(base);
    resource->version = StringField(version, "name");
    resource->has_status = At(At(version, "subresources"), "status").is_object();
    resource->columns = ReadColumns(At(version, "additionalPrinterColumns"));
    out.push_back(std::move(resource));
  }
  return out;
}

}  // namespace

Result<void> PrepareDefinition(Core& core, const Resource& resource, Json& definition) {
  Causes causes = CheckDefinition(definition);
  const std::string name = StringField(definition["metadata"], "name");
  if (!causes.empty()) return InvalidError(resource, name, std::move(causes));
  Json& names = definition["spec"]["names"];
  const std::string kind = StringField(names, "kind");
  if (StringField(names, "singular").empty()) names["singular"] = Lower(kind);
  if (StringField(names, "listKind").empty()) names["listKind"] = kind + "List";
  Json& status = definition["status"];
  if (!status.is_object()) status = Json::object();
  const std::string taken = TakenName(core, definition);
  if (taken.empty()) {
    SetCondition(status, "NamesAccepted", true, "NoConflicts", "no conflicts found");
    SetCondition(status, "Established", true, "InitialNamesAccepted",
                 "the initial names have been accepted");
    status["acceptedNames"] = names;
  } else {
    SetCondition(status, "NamesAccepted", false, "NameConflict",
                 fmt::format("\"{}\" is already in use", taken));
    SetCondition(status, "Established", false, "NotAccepted", "not all names are accepted");
  }
  if (!status.contains("storedVersions")) status["storedVersions"] = Json::array();
  for (const Json& version : definition["spec"]["versions"]) {
    if (!Flag(version, "storage")) continue;
    Json& stored = status["storedVersions"];
    const Json& stored_name = version["name"];
    if (std::find(stored.begin(), stored.end(), stored_name) == stored.end()) {
      stored.push_back(stored_name);
    }
  }
  return {};
}

Json TerminatingDefinition(const Item& item) {
  Json definition = item.Parse();
  MarkDeleting(definition);
  if (!item.HasFinalizer(kDefinitionFinalizer)) {
    definition["metadata"]["finalizers"].push_back(kDefinitionFinalizer);
  }
  SetCondition(
      definition["status"], "Terminating", true, "InstanceDeletionPending",
      "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon");
  return definition;
}

void Core::RefreshCustomResources() {
  std::lock_guard refreshing(refresh_mu_);
  std::vector<ResourcePtr> custom;
  for (const ItemPtr& item : store_.List(crd_table_, {}).items) {
    const Json definition = item->Parse();
    if (!HasCondition(definition, "Established")) continue;
    for (ResourcePtr& resource : ResourcesOf(store_, definition, item->deleting)) {
      custom.push_back(std::move(resource));
    }
  }
  std::sort(custom.begin(), custom.end(), [](const ResourcePtr& a, const ResourcePtr& b) {
    return std::tuple(a->group, VersionRank(a->version), a->plural) <
           std::tuple(b->group, VersionRank(b->version), b->plural);
  });
  std::set<TableId> touched;
  for (const ResourcePtr& resource : custom) touched.insert(resource->table);
  {
    std::lock_guard lock(mu_);
    for (const ResourcePtr& resource : catalog_->custom()) touched.insert(resource->table);
    catalog_ = std::make_shared<const Catalog>(*catalog_, custom);
  }
  // Watches of a resource that went must end.
  for (const TableId table : touched) store_.Wake(table);
}

void EmptyDefinition(Core& core, const std::string& name) {
  const ItemPtr item = core.store().Get(core.crd_table(), name);
  if (!item || !item->deleting || !item->HasFinalizer(kDefinitionFinalizer)) return;
  const TableId table = core.store().OpenTable(TableOf(item->Parse()));
  const ResourcePtr resource = core.catalog()->OfTable(table);
  for (const ItemPtr& object : core.store().List(table, {}).items) {
    if (resource && !object->deleting) (void)DeleteObject(core, *resource, object->Key(), {});
  }
  if (resource && !core.store().List(table, {}).items.empty()) return;  // they wait for finalizers
  const ResourcePtr definitions = core.catalog()->OfTable(core.crd_table());
  while (const ItemPtr current = core.store().Get(core.crd_table(), name)) {
    Json definition = current->Parse();
    Json& finalizers = definition["metadata"]["finalizers"];
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), kDefinitionFinalizer),
                     finalizers.end());
    if (finalizers.empty()) definition["metadata"].erase("finalizers");
    const WriteResult result = StoreUpdate(core, *definitions, current, definition);
    if (result.outcome == WriteOutcome::kStale) continue;
    core.RefreshCustomResources();
    return;
  }
}

void PurgeDefinition(Core& core, const Item& definition) {
  const TableId table = core.store().OpenTable(TableOf(definition.Parse()));
  if (core.catalog()->OfTable(table)) return;  // defined again meanwhile
  for (const ItemPtr& object : core.store().List(table, {}).items) {
    core.store().Remove(table, object);
  }
}

}  // namespace xebec::apiserver
