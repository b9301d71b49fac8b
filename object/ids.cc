#include "object/ids.h"

#include "object/internal/static_strings.h"

namespace xebec {

namespace object::internal {
size_t HashStrings(std::string_view a, std::string_view b, std::string_view c) {
  uint64_t h = HashBytes(a.data(), a.size());
  h = h * 0x9e3779b97f4a7c15u ^ HashBytes(b.data(), b.size());
  return h * 0x9e3779b97f4a7c15u ^ HashBytes(c.data(), c.size());
}
}  // namespace object::internal

namespace {
std::string JoinVersion(const std::string& group, const std::string& version) {
  return group.empty() ? version : group + "/" + version;
}
}  // namespace

std::string NamespacedName::ToString() const { return ns.empty() ? name : ns + "/" + name; }

NamespacedName NamespacedName::Parse(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == text.npos) return {"", std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

std::string GroupVersionKind::APIVersion() const { return JoinVersion(group, version); }
std::string GroupVersionKind::ToString() const { return APIVersion() + ", Kind=" + kind; }

GroupVersionKind GroupVersionKind::From(std::string_view api_version, std::string_view kind) {
  size_t slash = api_version.find('/');
  if (slash == api_version.npos) return {"", std::string(api_version), std::string(kind)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)),
          std::string(kind)};
}

std::string GroupVersionResource::APIVersion() const { return JoinVersion(group, version); }
std::string GroupVersionResource::ToString() const {
  return APIVersion() + ", Resource=" + resource;
}
std::string GroupVersionResource::PathPrefix() const {
  return group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
}

}  // namespace xebec
