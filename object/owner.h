#pragma once

#include <string>

namespace xebec::object {

// One entry of metadata.ownerReferences. An owner lives in the same namespace or is cluster-scoped.
struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;            // at most one entry of an object is its controller
  bool block_owner_deletion = false;  // a foreground deletion of the owner waits for this object

  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

}  // namespace xebec::object
