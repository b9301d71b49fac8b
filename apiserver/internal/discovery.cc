#include "apiserver/internal/discovery.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apiserver/internal/status.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

Json Verbs(const Resource& resource) {
  if (!resource.listable) return {"create"};
  return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
}
const Json kStatusVerbs = {"get", "patch", "update"};

std::string GroupVersion(const std::string& group, const std::string& version) {
  return group.empty() ? version : group + "/" + version;
}

// APIResourceList of one group and version.
Json ResourceList(const Catalog& catalog, const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const ResourcePtr& resource : catalog.In(group, version)) {
    Json entry = {{"name", resource->plural},
                  {"singularName", resource->singular},
                  {"namespaced", resource->namespaced},
                  {"kind", resource->kind},
                  {"verbs", Verbs(*resource)}};
    if (!resource->short_names.empty()) entry["shortNames"] = resource->short_names;
    if (!resource->categories.empty()) entry["categories"] = resource->categories;
    resources.push_back(std::move(entry));
    if (!resource->has_status) continue;
    resources.push_back({{"name", resource->plural + "/status"},
                         {"singularName", ""},
                         {"namespaced", resource->namespaced},
                         {"kind", resource->kind},
                         {"verbs", kStatusVerbs}});
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", GroupVersion(group, version)},
          {"resources", std::move(resources)}};
}

Json GroupEntry(const Group& group) {
  Json versions = Json::array();
  for (const std::string& version : group.versions) {
    versions.push_back({{"groupVersion", group.name + "/" + version}, {"version", version}});
  }
  Json preferred = versions.front();
  return {{"name", group.name},
          {"versions", std::move(versions)},
          {"preferredVersion", std::move(preferred)}};
}

Json GroupDocument(const Group& group) {
  Json out = GroupEntry(group);
  out["kind"] = "APIGroup";
  out["apiVersion"] = "v1";
  return out;
}

Json AggregatedResource(const Resource& resource) {
  const Json kind = {
      {"group", resource.group}, {"version", resource.version}, {"kind", resource.kind}};
  Json out = {{"resource", resource.plural},
              {"responseKind", kind},
              {"scope", resource.namespaced ? "Namespaced" : "Cluster"},
              {"singularResource", resource.singular},
              {"verbs", Verbs(resource)}};
  if (!resource.short_names.empty()) out["shortNames"] = resource.short_names;
  if (!resource.categories.empty()) out["categories"] = resource.categories;
  if (resource.has_status) {
    out["subresources"] =
        Json::array({{{"subresource", "status"}, {"responseKind", kind}, {"verbs", kStatusVerbs}}});
  }
  return out;
}

// APIGroupDiscoveryList of the core group (/api) or of all others (/apis).
Json Aggregated(const Catalog& catalog, bool core_group, std::string_view api_version) {
  Json items = Json::array();
  for (const Group& group : catalog.groups()) {
    if (group.name.empty() != core_group) continue;
    Json versions = Json::array();
    for (const std::string& version : group.versions) {
      Json resources = Json::array();
      for (const ResourcePtr& resource : catalog.In(group.name, version)) {
        resources.push_back(AggregatedResource(*resource));
      }
      versions.push_back(
          {{"version", version}, {"freshness", "Current"}, {"resources", std::move(resources)}});
    }
    Json metadata = {{"creationTimestamp", nullptr}};
    if (!core_group) metadata["name"] = group.name;
    items.push_back({{"metadata", std::move(metadata)}, {"versions", std::move(versions)}});
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", api_version},
          {"metadata", Json::object()},
          {"items", std::move(items)}};
}

Json CoreVersions() {
  return {
      {"kind", "APIVersions"}, {"versions", {"v1"}}, {"serverAddressByClientCIDRs", Json::array()}};
}

Json GroupList(const Catalog& catalog) {
  Json groups = Json::array();
  for (const Group& group : catalog.groups()) {
    if (!group.name.empty()) groups.push_back(GroupEntry(group));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}};
}

Reply JsonReply(const Json& body) {
  Reply reply;
  reply.body = body.dump() + "\n";
  return reply;
}

Result<Reply> Root(const Catalog& catalog, bool core_group, std::string_view accept) {
  XEBEC_ASSIGN_OR_RETURN(const std::string aggregated, NegotiateDiscovery(accept));
  if (aggregated.empty()) return JsonReply(core_group ? CoreVersions() : GroupList(catalog));
  const bool beta = aggregated.find("v2beta1") != std::string::npos;
  Reply reply = JsonReply(Aggregated(
      catalog, core_group, beta ? "apidiscovery.k8s.io/v2beta1" : "apidiscovery.k8s.io/v2"));
  reply.content_type = aggregated;
  return reply;
}

Json Version(const std::string& git_version) {
  std::string major = "1", minor = "0";
  // "v1.36.3+xebec"
  const size_t dot = git_version.find('.');
  if (git_version.starts_with('v') && dot != std::string::npos) {
    major = git_version.substr(1, dot - 1);
    minor = git_version.substr(dot + 1, git_version.find('.', dot + 1) - dot - 1);
  }
  return {
      {"major", major},         {"minor", minor},          {"gitVersion", git_version},
      {"gitCommit", "unknown"}, {"gitTreeState", "clean"}, {"buildDate", "1970-01-01T00:00:00Z"},
      {"goVersion", "none"},    {"compiler", "gcc"},       {"platform", "linux/amd64"}};
}

// A swagger 2.0 document without paths, in the protobuf form that kubectl asks for: field 1 is the
// version, field 2 the info with its title and version.
std::string OpenApiV2Proto() {
  const std::string title = "xebec", version = "v1";
  auto field = [](int number, const std::string& text) {
    std::string out;
    out += static_cast<char>(number << 3 | 2);
    out += static_cast<char>(text.size());
    return out + text;
  };
  return field(1, "2.0") + field(2, field(1, title) + field(2, version));
}

Reply OpenApiV2(std::string_view accept) {
  Reply reply;
  if (accept.find("protobuf") != std::string_view::npos) {
    reply.body = OpenApiV2Proto();
    reply.content_type = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    return reply;
  }
  return JsonReply({{"swagger", "2.0"},
                    {"info", {{"title", "xebec"}, {"version", "v1"}}},
                    {"paths", Json::object()},
                    {"definitions", Json::object()}});
}

Result<Reply> OpenApi(const Catalog& catalog, const std::vector<std::string>& parts,
                      std::string_view accept) {
  if (parts.size() == 2 && parts[1] == "v2") return OpenApiV2(accept);
  if (parts.size() < 2 || parts[1] != "v3") return NoSuchPathError();
  Reply reply;
  if (parts.size() == 2) {
    reply.body = OpenApiV3Index(catalog);
    return reply;
  }
  const bool core_group = parts.size() == 4 && parts[2] == "api";
  const bool other_group = parts.size() == 5 && parts[2] == "apis";
  if (!core_group && !other_group) return NoSuchPathError();
  const std::string group = core_group ? "" : parts[3];
  if (!catalog.HasGroupVersion(group, parts.back())) return NoSuchPathError();
  reply.body = OpenApiV3(catalog, group, parts.back());
  return reply;
}

Result<Reply> Answer(Core& core, const std::vector<std::string>& parts,
                     const runtime::http::Request& request) {
  const CatalogPtr catalog = core.catalog();
  const std::string_view accept = request.headers.Get("Accept");
  if (request.method != "GET" && request.method != "HEAD") {
    return MakeError(405, "MethodNotAllowed",
                     "the server does not allow this method on the requested resource");
  }
  if (parts[0] == "version") return JsonReply(Version(core.options().git_version));
  if (parts[0] == "openapi") return OpenApi(*catalog, parts, accept);
  const bool core_group = parts[0] == "api";
  if (parts.size() == 1) return Root(*catalog, core_group, accept);
  XEBEC_TRY(NegotiateObject(accept));
  const std::string group = core_group ? "" : parts[1];
  if (!core_group && parts.size() == 2) {
    for (const Group& served : catalog->groups()) {
      if (served.name == group) return JsonReply(GroupDocument(served));
    }
    return NoSuchPathError();
  }
  const std::string& version = parts.back();
  if (!catalog->HasGroupVersion(group, version)) return NoSuchPathError();
  return JsonReply(ResourceList(*catalog, group, version));
}

}  // namespace

std::optional<Result<Reply>> Discover(Core& core, const std::vector<std::string>& parts,
                                      const runtime::http::Request& request) {
  if (parts.empty()) return std::nullopt;
  const bool mine = (parts[0] == "version" && parts.size() == 1) || parts[0] == "openapi" ||
                    (parts[0] == "api" && parts.size() <= 2) ||
                    (parts[0] == "apis" && parts.size() <= 3);
  if (!mine) return std::nullopt;
  return Answer(core, parts, request);
}

}  // namespace xebec::apiserver
