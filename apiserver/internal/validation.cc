#include "apiserver/internal/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "apiserver/internal/item.h"
#include "object/selector.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxAnnotationBytes = 256 << 10;
constexpr std::string_view kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', "
    "and must start and end with an alphanumeric character";
constexpr std::string_view kLabelRule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must "
    "start and end with an alphanumeric character";
constexpr std::string_view kServiceRule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character";

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || !IsLowerAlnum(text.front()) || !IsLowerAlnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLowerAlnum(c) || c == '-'; });
}

bool IsDnsSubdomain(std::string_view text) {
  while (true) {
    const size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

const Json* Find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

const Json* FindPath(const Json& object, std::string_view first, std::string_view second) {
  const Json* inner = Find(object, first);
  return inner != nullptr ? Find(*inner, second) : nullptr;
}

void CheckLabels(const Json& labels, const std::string& field, Causes& causes) {
  for (const auto& [key, value] : labels.items()) {
    if (std::string why = object::CheckLabelKey(key); !why.empty()) {
      causes.push_back(InvalidCause(field, key, why));
    }
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    if (std::string why = object::CheckLabelValue(text); !why.empty()) {
      causes.push_back(InvalidCause(field, text, why));
    }
  }
}

void CheckAnnotations(const Json& annotations, Causes& causes) {
  size_t bytes = 0;
  for (const auto& [key, value] : annotations.items()) {
    if (std::string why = CheckQualifiedName(key); !why.empty()) {
      causes.push_back(InvalidCause("metadata.annotations", key, why));
    }
    bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  }
  if (bytes > kMaxAnnotationBytes) {
    causes.push_back({"metadata.annotations", "FieldValueTooLong",
                      fmt::format("Too long: may not be more than {} bytes", kMaxAnnotationBytes)});
  }
}

void CheckOwnerReferences(const Json& owners, Causes& causes) {
  std::string controller;
  size_t index = 0;
  for (const Json& owner : owners) {
    const std::string field = fmt::format("metadata.ownerReferences[{}]", index++);
    for (const char* key : {"apiVersion", "kind", "name", "uid"}) {
      if (StringField(owner, key).empty()) {
        causes.push_back(InvalidCause(field + "." + key, "", "must not be empty"));
      }
    }
    const Json* flag = Find(owner, "controller");
    if (flag == nullptr || !flag->is_boolean() || !flag->get<bool>()) continue;
    if (!controller.empty()) {
      causes.push_back(InvalidCause(
          "metadata.ownerReferences", StringField(owner, "name"),
          fmt::format("Only one reference can have Controller set to true. Found \"true\" in "
                      "references for {} and {}",
                      controller, StringField(owner, "kind") + "/" + StringField(owner, "name"))));
    }
    controller = StringField(owner, "kind") + "/" + StringField(owner, "name");
  }
}

void CheckMetadata(const Resource& resource, const Json& metadata, Causes& causes) {
  const std::string name = StringField(metadata, "name");
  if (name.empty()) {
    causes.push_back(RequiredCause("metadata.name", "name or generateName is required"));
  } else if (std::string why = CheckName(resource.name_rule, name); !why.empty()) {
    causes.push_back(InvalidCause("metadata.name", name, why));
  }
  if (const Json* labels = Find(metadata, "labels"))
    CheckLabels(*labels, "metadata.labels", causes);
  if (const Json* annotations = Find(metadata, "annotations")) {
    CheckAnnotations(*annotations, causes);
  }
  if (const Json* owners = Find(metadata, "ownerReferences")) CheckOwnerReferences(*owners, causes);
  if (const Json* finalizers = Find(metadata, "finalizers")) {
    for (const Json& finalizer : *finalizers) {
      const std::string text = finalizer.get<std::string>();
      if (std::string why = CheckQualifiedName(text); !why.empty()) {
        causes.push_back(InvalidCause("metadata.finalizers", text, why));
      } else if (text.find('/') == std::string::npos && !resource.custom && text != "orphan" &&
                 text != "foregroundDeletion" && text != "kubernetes") {
        causes.push_back(
            InvalidCause("metadata.finalizers", text,
                         "name is neither a standard finalizer name nor is it fully qualified"));
      }
    }
  }
}

// A list of containers: each with a name of its own and an image.
void CheckContainers(const Json* containers, const std::string& field, bool required,
                     std::set<std::string>& names, Causes& causes) {
  if (containers == nullptr || !containers->is_array() || containers->empty()) {
    if (required) causes.push_back(RequiredCause(field));
    return;
  }
  size_t index = 0;
  for (const Json& container : *containers) {
    const std::string at = fmt::format("{}[{}]", field, index++);
    const std::string name = StringField(container, "name");
    if (name.empty()) {
      causes.push_back(RequiredCause(at + ".name"));
    } else if (std::string why = CheckName(NameRule::kLabel, name); !why.empty()) {
      causes.push_back(InvalidCause(at + ".name", name, why));
    } else if (!names.insert(name).second) {
      causes.push_back(DuplicateCause(at + ".name", name));
    }
    if (StringField(container, "image").empty()) causes.push_back(RequiredCause(at + ".image"));
  }
}

void CheckPodSpec(const Json* spec, const std::string& field, Causes& causes) {
  std::set<std::string> names;
  CheckContainers(spec != nullptr ? Find(*spec, "initContainers") : nullptr,
                  field + ".initContainers", false, names, causes);
  CheckContainers(spec != nullptr ? Find(*spec, "containers") : nullptr, field + ".containers",
                  true, names, causes);
  const std::string policy = spec != nullptr ? StringField(*spec, "restartPolicy") : "";
  if (!policy.empty() && policy != "Always" && policy != "OnFailure" && policy != "Never") {
    causes.push_back(
        UnsupportedCause(field + ".restartPolicy", policy, "\"Always\", \"OnFailure\", \"Never\""));
  }
}

void CheckDataKeys(const Json& object, const char* field, Causes& causes) {
  const Json* data = Find(object, field);
  if (data == nullptr || !data->is_object()) return;
  for (const auto& [key, value] : data->items()) {
    const bool good =
        !key.empty() && key.size() <= 253 && key != "." && !key.starts_with("..") &&
        std::all_of(key.begin(), key.end(), [](char c) {
          return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
        });
    if (!good) {
      causes.push_back(InvalidCause(
          fmt::format("{}[{}]", field, key), key,
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"));
    }
    if (!value.is_string()) {
      causes.push_back(InvalidCause(fmt::format("{}[{}]", field, key), value.dump().substr(0, 40),
                                    "must be a string"));
    }
  }
}

// Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs: a selector that its template
// matches.
void CheckWorkload(const Resource& resource, const Json& object, Causes& causes) {
  const Json* spec = Find(object, "spec");
  if (spec == nullptr) spec = &object;  // finds nothing below, so all that is required is missing
  const bool job = resource.plural == "jobs";
  const Json* selector = Find(*spec, "selector");
  if (!job && selector == nullptr) causes.push_back(RequiredCause("spec.selector"));
  const Json* pod = FindPath(*spec, "template", "spec");
  CheckPodSpec(pod, "spec.template.spec", causes);
  const Json* wanted = selector != nullptr ? Find(*selector, "matchLabels") : nullptr;
  if (wanted == nullptr || !wanted->is_object()) return;
  const Json* meta = FindPath(*spec, "template", "metadata");
  const Json* labels = meta != nullptr ? Find(*meta, "labels") : nullptr;
  for (const auto& [key, value] : wanted->items()) {
    if (labels == nullptr || !value.is_string() ||
        StringField(*labels, key) != value.template get_ref<const std::string&>()) {
      causes.push_back(InvalidCause("spec.template.metadata.labels", key,
                                    "`selector` does not match template `labels`"));
    }
  }
}

void CheckStringList(const Json& metadata, const char* key, std::string& wrong) {
  const Json* list = Find(metadata, key);
  if (list == nullptr) return;
  const bool good = list->is_array() && std::all_of(list->begin(), list->end(),
                                                    [](const Json& e) { return e.is_string(); });
  if (!good) wrong = fmt::format("metadata.{} must be a list of strings", key);
}

void CheckImmutable(const Json& old, const Json& object, const char* key, Causes& causes) {
  const Json* before = Find(old, key);
  const Json* after = Find(object, key);
  const Json none;
  if ((before != nullptr ? *before : none) == (after != nullptr ? *after : none)) return;
  causes.push_back(InvalidCause(
      std::string("metadata.") + key,
      after != nullptr && after->is_string() ? after->get<std::string>() : std::string(),
      "field is immutable"));
}

}  // namespace

std::string CheckName(NameRule rule, std::string_view name) {
  switch (rule) {
    case NameRule::kSubdomain:
      if (name.size() > 253) return "must be no more than 253 characters";
      return IsDnsSubdomain(name) ? "" : std::string(kSubdomainRule);
    case NameRule::kLabel:
      if (name.size() > 63) return "must be no more than 63 characters";
      return IsDnsLabel(name) ? "" : std::string(kLabelRule);
    case NameRule::kServiceLabel:
      if (name.size() > 63) return "must be no more than 63 characters";
      return IsDnsLabel(name) && (name.front() < '0' || name.front() > '9')
                 ? ""
                 : std::string(kServiceRule);
    case NameRule::kPathSegment:
      if (name == "." || name == "..") return fmt::format("may not be '{}'", name);
      for (const char c : {'/', '%'}) {
        if (name.find(c) != std::string_view::npos) return fmt::format("may not contain '{}'", c);
      }
      return "";
  }
  return "";
}

std::string CheckQualifiedName(std::string_view name) {
  // Prefixes of annotations compare in lower case; otherwise the rule is that of label keys.
  std::string lower(name);
  const size_t slash = lower.find('/');
  if (slash != std::string::npos) {
    for (size_t i = 0; i < slash; ++i) {
      if (lower[i] >= 'A' && lower[i] <= 'Z') lower[i] = static_cast<char>(lower[i] - 'A' + 'a');
    }
  }
  return object::CheckLabelKey(lower);
}

Result<void> CheckMetadataTypes(const Json& metadata) {
  std::string wrong;
  if (!metadata.is_object()) wrong = "metadata must be an object";
  for (const char* key : {"name", "generateName", "namespace", "uid", "resourceVersion",
                          "creationTimestamp", "deletionTimestamp"}) {
    const Json* value = Find(metadata, key);
    if (value != nullptr && !value->is_string()) {
      wrong = fmt::format("metadata.{} must be a string", key);
    }
  }
  for (const char* key : {"labels", "annotations"}) {
    const Json* map = Find(metadata, key);
    if (map == nullptr) continue;
    const bool good = map->is_object() && std::all_of(map->begin(), map->end(),
                                                      [](const Json& e) { return e.is_string(); });
    if (!good) wrong = fmt::format("metadata.{} must be an object of strings", key);
  }
  CheckStringList(metadata, "finalizers", wrong);
  if (const Json* owners = Find(metadata, "ownerReferences")) {
    const bool good =
        owners->is_array() &&
        std::all_of(owners->begin(), owners->end(), [](const Json& e) { return e.is_object(); });
    if (!good) wrong = "metadata.ownerReferences must be a list of objects";
  }
  if (!wrong.empty()) return BadRequestError("the object in the body is malformed: " + wrong);
  return {};
}

Causes Validate(const Resource& resource, const Json& object) {
  Causes causes;
  CheckMetadata(resource, object.at("metadata"), causes);
  if (resource.custom) return causes;
  const std::string& plural = resource.plural;
  if (plural == "pods") {
    CheckPodSpec(Find(object, "spec"), "spec", causes);
  } else if (plural == "configmaps" || plural == "secrets") {
    CheckDataKeys(object, "data", causes);
    CheckDataKeys(object, "binaryData", causes);
  } else if (resource.group == "apps" || plural == "jobs") {
    CheckWorkload(resource, object, causes);
  } else if (plural == "leases") {
    const Json* seconds = FindPath(object, "spec", "leaseDurationSeconds");
    if (seconds != nullptr && (!seconds->is_number_integer() || seconds->get<int64_t>() <= 0)) {
      causes.push_back(
          InvalidCause("spec.leaseDurationSeconds", seconds->dump(), "must be greater than 0"));
    }
  }
  return causes;
}

Causes ValidateUpdate(const Resource& resource, const Json& old, const Json& object) {
  Causes causes;
  const Json& before = old.at("metadata");
  const Json& after = object.at("metadata");
  for (const char* key : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                          "deletionGracePeriodSeconds"}) {
    CheckImmutable(before, after, key, causes);
  }
  if (before.contains("deletionTimestamp")) {
    const Json none = Json::array();
    const Json had = before.value("finalizers", none);
    for (const Json& finalizer : after.value("finalizers", none)) {
      if (std::find(had.begin(), had.end(), finalizer) != had.end()) continue;
      causes.push_back(ForbiddenCause(
          "metadata.finalizers",
          fmt::format("no new finalizers can be added if the object is being deleted, found new "
                      "finalizer {}",
                      finalizer.dump())));
    }
  }
  if (!resource.custom && (resource.plural == "configmaps" || resource.plural == "secrets")) {
    const Json* immutable = Find(old, "immutable");
    if (immutable != nullptr && *immutable == true) {
      for (const char* key : {"data", "binaryData", "immutable"}) {
        if (old.value(key, Json()) != object.value(key, Json())) {
          causes.push_back(ForbiddenCause(key, "field is immutable when `immutable` is set"));
        }
      }
    }
  }
  return causes;
}

}  // namespace xebec::apiserver
