#pragma once

#include <functional>
#include <string>

#include "object/ids.h"

namespace xebec::controller {

// What a reconcile is asked for: the key of an object, never the object itself. A reconcile is
// level-driven: it reads the present state from the cache, so that any number of events for a key
// end in one reconcile.
struct Request {
  NamespacedName key;

  friend bool operator==(const Request&, const Request&) = default;
  friend auto operator<=>(const Request&, const Request&) = default;

  std::string ToString() const { return key.ToString(); }
};

}  // namespace xebec::controller

template <>
struct std::hash<xebec::controller::Request> {
  size_t operator()(const xebec::controller::Request& request) const noexcept {
    return std::hash<xebec::NamespacedName>{}(request.key);
  }
};
