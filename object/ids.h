#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace xebec {

// The key of an API object: its namespace (empty for a cluster-scoped one) and its name.
struct NamespacedName {
  std::string ns;
  std::string name;

  // "ns/name", or "name" where there is no namespace.
  std::string ToString() const;
  // Splits "ns/name" or "name" at its first slash.
  static NamespacedName Parse(std::string_view text);

  bool empty() const { return ns.empty() && name.empty(); }
  friend auto operator<=>(const NamespacedName&, const NamespacedName&) = default;
  friend bool operator==(const NamespacedName&, const NamespacedName&) = default;
};

// A kind of object: group (empty for core), version and kind, as in "apps/v1, Kind=Deployment".
struct GroupVersionKind {
  std::string group;
  std::string version;
  std::string kind;

  // "apps/v1", or "v1" for the core group.
  std::string APIVersion() const;
  // "apps/v1, Kind=Deployment".
  std::string ToString() const;
  // Takes an apiVersion ("apps/v1" or "v1") apart.
  static GroupVersionKind From(std::string_view api_version, std::string_view kind);

  bool empty() const { return group.empty() && version.empty() && kind.empty(); }
  friend auto operator<=>(const GroupVersionKind&, const GroupVersionKind&) = default;
  friend bool operator==(const GroupVersionKind&, const GroupVersionKind&) = default;
};

// A collection that a server serves: group, version and the plural name, as in "apps/v1,
// Resource=deployments".
struct GroupVersionResource {
  std::string group;
  std::string version;
  std::string resource;

  std::string APIVersion() const;
  std::string ToString() const;
  // "/api/v1" for core, "/apis/apps/v1" for the others: the root of this group and version.
  std::string PathPrefix() const;

  bool empty() const { return group.empty() && version.empty() && resource.empty(); }
  friend auto operator<=>(const GroupVersionResource&, const GroupVersionResource&) = default;
  friend bool operator==(const GroupVersionResource&, const GroupVersionResource&) = default;
};

namespace object::internal {
size_t HashStrings(std::string_view a, std::string_view b, std::string_view c = {});
}  // namespace object::internal

}  // namespace xebec

template <>
struct std::hash<xebec::NamespacedName> {
  size_t operator()(const xebec::NamespacedName& k) const {
    return xebec::object::internal::HashStrings(k.ns, k.name);
  }
};
template <>
struct std::hash<xebec::GroupVersionKind> {
  size_t operator()(const xebec::GroupVersionKind& k) const {
    return xebec::object::internal::HashStrings(k.group, k.version, k.kind);
  }
};
template <>
struct std::hash<xebec::GroupVersionResource> {
  size_t operator()(const xebec::GroupVersionResource& k) const {
    return xebec::object::internal::HashStrings(k.group, k.version, k.resource);
  }
};
