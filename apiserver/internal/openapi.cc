// OpenAPI v3 without schemas. kubectl reads two things in it: which kinds there are, and that their
// PATCH takes fieldValidation; then it leaves validation to the server.
#include <nlohmann/json.hpp>

#include "apiserver/internal/discovery.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

std::string GroupPath(const std::string& group, const std::string& version) {
  return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

std::string SchemaName(const Resource& resource) {
  std::string name = resource.group.empty() ? "core" : resource.group;
  return "xebec." + name + "." + resource.version + "." + resource.kind;
}

Json Kind(const Resource& resource) {
  return {{"group", resource.group}, {"kind", resource.kind}, {"version", resource.version}};
}

Json Operation(const Resource& resource, const char* action, bool writes) {
  Json parameters = Json::array();
  auto query = [&](const char* name) {
    parameters.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}});
  };
  if (writes) {
    for (const char* name : {"dryRun", "fieldManager", "fieldValidation"}) query(name);
  }
  const std::string schema = "#/components/schemas/" + SchemaName(resource);
  return {{"operationId", std::string(action) + resource.kind},
          {"x-kubernetes-action", action},
          {"x-kubernetes-group-version-kind", Kind(resource)},
          {"parameters", std::move(parameters)},
          {"responses",
           {{"200",
             {{"description", "OK"},
              {"content", {{"application/json", {{"schema", {{"$ref", schema}}}}}}}}}}}};
}

}  // namespace

std::string OpenApiV3Index(const Catalog& catalog) {
  Json paths = Json::object();
  for (const Group& group : catalog.groups()) {
    for (const std::string& version : group.versions) {
      const std::string path = GroupPath(group.name, version);
      paths[path] = {{"serverRelativeURL", "/openapi/v3/" + path}};
    }
  }
  return Json({{"paths", std::move(paths)}}).dump() + "\n";
}

std::string OpenApiV3(const Catalog& catalog, const std::string& group,
                      const std::string& version) {
  Json paths = Json::object();
  Json schemas = Json::object();
  for (const ResourcePtr& resource : catalog.In(group, version)) {
    const std::string root = "/" + GroupPath(group, version) +
                             (resource->namespaced ? "/namespaces/{namespace}/" : "/") +
                             resource->plural;
    paths[root]["post"] = Operation(*resource, "post", true);
    if (resource->listable) {
      paths[root]["get"] = Operation(*resource, "list", false);
      Json& one = paths[root + "/{name}"];
      one["get"] = Operation(*resource, "get", false);
      one["put"] = Operation(*resource, "put", true);
      one["patch"] = Operation(*resource, "patch", true);
      one["delete"] = Operation(*resource, "delete", false);
    }
    schemas[SchemaName(*resource)] = {
        {"type", "object"},
        {"x-kubernetes-preserve-unknown-fields", true},
        {"x-kubernetes-group-version-kind", Json::array({Kind(*resource)})}};
  }
  return Json({{"openapi", "3.0.0"},
               {"info", {{"title", "xebec"}, {"version", version}}},
               {"paths", std::move(paths)},
               {"components", {{"schemas", std::move(schemas)}}}})
             .dump() +
         "\n";
}

}  // namespace xebec::apiserver
