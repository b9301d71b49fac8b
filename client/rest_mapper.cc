#include "client/rest_mapper.h"

#include <fmt/format.h>

#include <mutex>

#include "object/object.h"

namespace xebec::client {

using object::Object;
using object::Value;

Result<std::vector<ResourceInfo>> RestMapper::Discover(const Context& ctx, const std::string& group,
                                                       const std::string& version) const {
  const std::string path = GroupVersionResource{group, version, ""}.PathPrefix();
  XEBEC_ASSIGN_OR_RETURN(const std::string body, client_.GetRaw(ctx, path));
  XEBEC_ASSIGN_OR_RETURN(const Object list, Object::Parse(body));
  std::vector<ResourceInfo> out;
  for (const Value item : list["resources"].Elements()) {
    const std::string name(item["name"].AsString());
    if (name.empty() || name.find('/') != std::string::npos) continue;  // a subresource
    ResourceInfo info;
    info.gvr = {group, version, name};
    info.gvk = {group, version, std::string(item["kind"].AsString())};
    info.namespaced = item["namespaced"].AsBool();
    out.push_back(std::move(info));
  }
  return out;
}

Result<ResourceInfo> RestMapper::ResourceFor(const Context& ctx, const GroupVersionKind& gvk) {
  {
    std::lock_guard lock(mu_);
    if (auto it = known_.find(gvk); it != known_.end()) return it->second;
  }
  auto found = Discover(ctx, gvk.group, gvk.version);
  if (!found.ok() && !IsNotFound(found.error())) return std::move(found).error();
  if (found.ok()) {
    std::lock_guard lock(mu_);
    for (const ResourceInfo& info : *found) known_.insert_or_assign(info.gvk, info);
    if (auto it = known_.find(gvk); it != known_.end()) return it->second;
  }
  Error error = Error::NotFound("kind", gvk.ToString());
  error.message = fmt::format(
      "the server does not serve {}: is its CustomResourceDefinition installed?", gvk.ToString());
  return error;
}

Result<Resource> RestMapper::ResourceOf(const Context& ctx, const Object& object, std::string ns) {
  XEBEC_ASSIGN_OR_RETURN(ResourceInfo info, ResourceFor(ctx, object.gvk()));
  return client_.Resource(std::move(info), std::move(ns));
}

}  // namespace xebec::client
