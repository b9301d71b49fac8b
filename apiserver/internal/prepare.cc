#include "apiserver/internal/prepare.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apiserver/internal/core.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/validation.h"
#include "object/protobuf.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

// Null fields are absent ones to a typed decoder.
void DropNulls(Json& value) {
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end();) {
      if (it->is_null()) {
        it = value.erase(it);
      } else {
        DropNulls(*it);
        ++it;
      }
    }
  } else if (value.is_array()) {
    for (Json& element : value) DropNulls(element);
  }
}

// Takes what only the server sets out of metadata, and empty collections with it.
void CleanMetadata(Json& metadata) {
  metadata.erase("selfLink");
  metadata.erase("managedFields");
  for (const char* key : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    auto it = metadata.find(key);
    if (it != metadata.end() && it->empty()) metadata.erase(it);
  }
  for (const char* key : {"name", "generateName", "namespace", "uid", "resourceVersion",
                          "creationTimestamp", "deletionTimestamp"}) {
    auto it = metadata.find(key);
    if (it != metadata.end() && it->is_string() && it->get_ref<const std::string&>().empty()) {
      metadata.erase(it);
    }
  }
}

// Copies a field of `from`, or removes it where `from` has none.
void Keep(const Json& from, Json& to, const char* key) {
  auto it = from.find(key);
  if (it != from.end()) {
    to[key] = *it;
  } else {
    to.erase(key);
  }
}

int64_t Generation(const Json& metadata) {
  auto it = metadata.find("generation");
  return it != metadata.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}

// Whether what the generation counts differs: the spec, or for custom resources everything but
// metadata and a status of its own.
bool SpecDiffers(const Resource& resource, const Json& old, const Json& object) {
  if (!resource.custom) return old.value("spec", Json()) != object.value("spec", Json());
  auto rest = [&](const Json& doc) {
    Json copy = doc;
    copy.erase("metadata");
    copy.erase("apiVersion");
    if (resource.has_status) copy.erase("status");
    return copy;
  };
  return rest(old) != rest(object);
}

void SetInitialStatus(const Resource& resource, Json& object) {
  if (!resource.has_status || resource.plural == "nodes") return;
  object.erase("status");
  if (resource.custom) return;
  if (resource.plural == "pods") {
    object["status"] = {{"phase", "Pending"}, {"qosClass", "BestEffort"}};
  } else if (resource.plural == "namespaces") {
    object["status"] = {{"phase", "Active"}};
  }
}

// Moves a field, if it is there.
void Rename(Json& object, const char* from, const char* to) {
  auto it = object.find(from);
  if (it == object.end()) return;
  Json value = std::move(*it);
  object.erase(it);
  object[to] = std::move(value);
}

// core v1 and events.k8s.io/v1 name these fields differently.
constexpr const char* kEventFields[][2] = {{"involvedObject", "regarding"},
                                           {"message", "note"},
                                           {"reportingComponent", "reportingController"},
                                           {"source", "deprecatedSource"},
                                           {"firstTimestamp", "deprecatedFirstTimestamp"},
                                           {"lastTimestamp", "deprecatedLastTimestamp"},
                                           {"count", "deprecatedCount"}};

}  // namespace

Result<Json> DecodeBody(const runtime::http::Request& request) {
  const std::string type = MediaType(request.headers.Get("Content-Type"));
  if (type == object::kProtobufContentType) {
    Result<object::Object> decoded = object::DecodeProtobuf(request.body);
    if (!decoded) {
      if (decoded.error().code == 415) return decoded.error();
      return BadRequestError("the body of the request is no valid protobuf: " +
                             decoded.error().message);
    }
    return ParseJson(decoded->Json());
  }
  if (!type.empty() && type != "application/json") {
    return MediaTypeError(type, "application/json, application/vnd.kubernetes.protobuf");
  }
  if (request.body.empty()) return BadRequestError("the body of the request is empty");
  XEBEC_ASSIGN_OR_RETURN(Json object, ParseJson(request.body));
  if (!object.is_object()) return BadRequestError("the body of the request is no JSON object");
  return object;
}

Result<void> Normalize(const Resource& resource, Json& object) {
  if (!object.is_object()) return BadRequestError("the object must be a JSON object");
  for (const char* key : {"kind", "apiVersion"}) {
    if (!StringField(object, key).empty()) continue;
    if (resource.custom) {
      return BadRequestError(fmt::format("Object '{}' is missing in the body", key));
    }
    object[key] = key == std::string_view("kind") ? resource.kind : resource.ApiVersion();
  }
  const std::string kind = StringField(object, "kind");
  const std::string api_version = StringField(object, "apiVersion");
  if (api_version != resource.ApiVersion()) {
    return BadRequestError(
        fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                    api_version, resource.ApiVersion()));
  }
  if (kind != resource.kind) {
    return BadRequestError(fmt::format(
        "the kind in the data ({}) does not match the expected kind ({})", kind, resource.kind));
  }
  if (!object.contains("metadata") || object["metadata"].is_null()) {
    object["metadata"] = Json::object();
  }
  DropNulls(object["metadata"]);
  XEBEC_TRY(CheckMetadataTypes(object["metadata"]));
  CleanMetadata(object["metadata"]);
  if (!resource.custom) {
    DropNulls(object);
    for (const char* key : {"spec", "status", "data", "binaryData", "stringData"}) {
      if (object.contains(key) && !object[key].is_object()) {
        return BadRequestError(
            fmt::format("the object in the body is malformed: {} must be an object", key));
      }
    }
  }
  ToStored(resource, object);
  return {};
}

Result<void> MatchNamespace(const Resource& resource, const std::string& ns, Json& object) {
  Json& metadata = object["metadata"];
  if (!resource.namespaced) {
    metadata.erase("namespace");
    return {};
  }
  const std::string own = StringField(metadata, "namespace");
  if (own.empty()) {
    metadata["namespace"] = ns;
  } else if (own != ns) {
    return BadRequestError(
        fmt::format("the namespace of the provided object ({}) does not match the "
                    "namespace sent on the request ({})",
                    own, ns));
  }
  return {};
}

Result<void> PrepareCreate(const Resource& resource, Json& object) {
  Json& metadata = object["metadata"];
  if (!metadata.contains("name") && metadata.contains("generateName")) {
    metadata["name"] = StringField(metadata, "generateName").substr(0, 58) + RandomSuffix();
  }
  metadata.erase("deletionTimestamp");
  metadata.erase("deletionGracePeriodSeconds");
  metadata.erase("generation");
  metadata["uid"] = NewUid();
  metadata["creationTimestamp"] = NowText();
  if (resource.counts_generation) metadata["generation"] = 1;
  SetInitialStatus(resource, object);
  ApplyDefaults(resource, object);
  Causes causes = Validate(resource, object);
  if (!causes.empty()) {
    return InvalidError(resource, StringField(metadata, "name"), std::move(causes));
  }
  return {};
}

Result<void> PrepareUpdate(const Resource& resource, const Json& old, Json& object) {
  const Json& before = old.at("metadata");
  Json& metadata = object["metadata"];
  if (!metadata.contains("uid")) Keep(before, metadata, "uid");
  Keep(before, metadata, "creationTimestamp");
  Keep(before, metadata, "generation");
  if (before.contains("deletionTimestamp")) {
    Keep(before, metadata, "deletionTimestamp");
    Keep(before, metadata, "deletionGracePeriodSeconds");
  }
  metadata["resourceVersion"] = before.at("resourceVersion");
  if (resource.has_status) Keep(old, object, "status");
  if (resource.plural == "namespaces" && !resource.custom) Keep(old, object, "spec");
  ApplyDefaults(resource, object);
  if (resource.counts_generation && SpecDiffers(resource, old, object)) {
    metadata["generation"] = Generation(before) + 1;
  }
  Causes causes = Validate(resource, object);
  for (Error::Cause& cause : ValidateUpdate(resource, old, object)) {
    causes.push_back(std::move(cause));
  }
  if (!causes.empty()) {
    return InvalidError(resource, StringField(before, "name"), std::move(causes));
  }
  return {};
}

Result<void> PrepareStatusUpdate(const Resource& resource, const Json& old, Json& object) {
  (void)resource;
  Json status = object.value("status", Json());
  object = old;
  if (status.is_null()) {
    object.erase("status");
  } else {
    object["status"] = std::move(status);
  }
  return {};
}

void MarkDeleting(Json& object) {
  Json& metadata = object["metadata"];
  if (!metadata.contains("deletionTimestamp")) {
    metadata["deletionTimestamp"] = NowText();
    if (const int64_t generation = Generation(metadata); generation > 0) {
      metadata["generation"] = generation + 1;
    }
  }
  metadata["deletionGracePeriodSeconds"] = 0;
}

void ToStored(const Resource& resource, Json& object) {
  if (resource.conversion == Conversion::kNone) return;
  object["apiVersion"] = resource.storage_api_version;
  if (resource.conversion != Conversion::kEvents) return;
  for (const auto& [core, events] : kEventFields) Rename(object, events, core);
}

void ToServed(const Resource& resource, Json& object) {
  if (resource.conversion == Conversion::kNone) return;
  object["apiVersion"] = resource.ApiVersion();
  if (resource.conversion != Conversion::kEvents) return;
  for (const auto& [core, events] : kEventFields) Rename(object, core, events);
}

}  // namespace xebec::apiserver
