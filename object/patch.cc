#include "object/patch.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "object/internal/json_check.h"
#include "object/internal/json_tree.h"
#include "object/json.h"

namespace xebec::object {

namespace {

using internal::OrderedJson;
using Fields = OrderedJson::object_t;  // a vector of pairs

// Merges `patch` into `target`, field by field, with `merge(field, value, path)` for each field
// that is not removed. Cost: linear, also for thousands of fields.
template <class Merge>
Result<void> MergeFields(OrderedJson* target, const OrderedJson& patch, Merge&& merge) {
  if (!target->is_object()) *target = OrderedJson::object();
  auto& fields = target->get_ref<Fields&>();
  auto at = [](size_t i) { return static_cast<ptrdiff_t>(i); };  // operator[] takes keys only
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < fields.size(); ++i) places.emplace(fields.begin()[at(i)].first, i);
  std::vector<bool> removed(fields.size(), false);
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    auto place = places.find(it.key());
    if (it.value().is_null()) {
      if (place != places.end()) removed[place->second] = true;
      continue;
    }
    if (place == places.end()) {
      fields.emplace_back(it.key(), OrderedJson());
      XEBEC_TRY(merge(&fields.back().second, it.key(), it.value()));
    } else {
      XEBEC_TRY(merge(&fields.begin()[at(place->second)].second, it.key(), it.value()));
    }
  }
  // The pairs' keys are const, so what stays is moved to a new vector.
  Fields kept;
  kept.reserve(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i < removed.size() && removed[i]) continue;
    kept.emplace_back(fields.begin()[at(i)].first, std::move(fields.begin()[at(i)].second));
  }
  *target = OrderedJson(std::move(kept));
  return {};
}

void Merge(OrderedJson* target, const OrderedJson& patch) {
  if (!patch.is_object()) {
    *target = patch;
    return;
  }
  static_cast<void>(MergeFields(
      target, patch,
      [](OrderedJson* field, const std::string&, const OrderedJson& value) -> Result<void> {
        Merge(field, value);
        return {};
      }));
}

bool IsDirective(const std::string& key) {
  return key == "$patch" || key == "$retainKeys" || key.starts_with("$setElementOrder/") ||
         key.starts_with("$deleteFromPrimitiveList/");
}

Error NeedsMergeKeys(const std::string& path) {
  return Error::BadRequest(
      fmt::format("strategic merge patch: {} needs the merge keys of its kind, which are not known "
                  "here: send a merge patch (application/merge-patch+json)",
                  path));
}

bool HasObjects(const OrderedJson& array) {
  for (const OrderedJson& element : array) {
    if (element.is_object()) return true;
  }
  return false;
}

Result<void> StrategicMerge(OrderedJson* target, const OrderedJson& patch, const std::string& path);

Result<void> StrategicField(OrderedJson* field, const std::string& path, const OrderedJson& value) {
  if (value.is_object()) return StrategicMerge(field, value, path);
  if (value.is_array()) {
    // In a list of objects that exists an entry may stand for a change of one with the same key.
    bool known = !field->is_array() || field->empty() || internal::JsonEqual(*field, value);
    if (HasObjects(value) && !known) return NeedsMergeKeys(path);
    for (const OrderedJson& element : value) {
      if (!element.is_object()) continue;
      OrderedJson ignored;
      XEBEC_TRY(StrategicMerge(&ignored, element, path + "[]"));  // looks for directives
    }
    if (path == "metadata.finalizers" && field->is_array()) {  // a set: it only grows
      for (const OrderedJson& element : value) {
        if (std::find(field->begin(), field->end(), element) == field->end()) {
          field->push_back(element);
        }
      }
      return {};
    }
  }
  *field = value;
  return {};
}

Result<void> StrategicMerge(OrderedJson* target, const OrderedJson& patch,
                            const std::string& path) {
  auto join = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    if (IsDirective(it.key())) return NeedsMergeKeys("the directive " + join(it.key()));
  }
  return MergeFields(target, patch,
                     [&](OrderedJson* field, const std::string& key, const OrderedJson& value) {
                       return StrategicField(field, join(key), value);
                     });
}

// A patch's text, of any type at its root.
Result<OrderedJson> ParsePatch(std::string_view text) {
  if (auto fault = internal::FindJsonFault(text, static_cast<size_t>(kMaxDepth) - 1)) {
    return Error::BadRequest(
        fmt::format("malformed patch at offset {}: {}", fault->offset, fault->what));
  }
  XEBEC_ASSIGN_OR_RETURN(Object object, Object::Parse(fmt::format("{{\"patch\":{}}}", text)));
  return ToOrderedJson(object["patch"]);
}

}  // namespace

std::string_view PatchContentType(PatchType type) {
  switch (type) {
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kApply:
      return "application/apply-patch+yaml";
  }
  return {};
}

OrderedJson ApplyMergePatch(OrderedJson document, const OrderedJson& patch) {
  Merge(&document, patch);
  return document;
}

Result<OrderedJson> ApplyStrategicMergePatch(OrderedJson document, const OrderedJson& patch) {
  if (!patch.is_object()) return Error::BadRequest("a strategic merge patch is an object");
  XEBEC_TRY(StrategicMerge(&document, patch, ""));
  return document;
}

Result<Object> ApplyPatch(const Object& object, PatchType type, std::string_view text) {
  if (type == PatchType::kApply) {
    return Error("UnsupportedMediaType", 415, "server-side apply is not supported here");
  }
  XEBEC_ASSIGN_OR_RETURN(OrderedJson patch, ParsePatch(text));
  if (type != PatchType::kJson && !patch.is_object()) {
    return Error::BadRequest(fmt::format("a merge patch of an object is an object, not {}",
                                         patch.is_array() ? "an array" : patch.type_name()));
  }
  OrderedJson document = ToOrderedJson(object.root());
  switch (type) {
    case PatchType::kJson: {
      XEBEC_ASSIGN_OR_RETURN(document, ApplyJsonPatch(std::move(document), patch));
      break;
    }
    case PatchType::kMerge:
      document = ApplyMergePatch(std::move(document), patch);
      break;
    default: {
      XEBEC_ASSIGN_OR_RETURN(document, ApplyStrategicMergePatch(std::move(document), patch));
      break;
    }
  }
  Result<Object> patched = FromJson(document);
  if (!patched.ok()) {
    return internal::PatchDoesNotFit("the patched document: " + patched.error().message);
  }
  return patched;
}

}  // namespace xebec::object
