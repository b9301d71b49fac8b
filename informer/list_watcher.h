#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/client.h"
#include "object/list.h"
#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::informer {

// Which objects of a resource are meant. Empty fields do not restrict.
struct Scope {
  std::string ns;
  std::string label_selector;  // "app=web,tier in (a,b)"
  std::string field_selector;  // "spec.nodeName=node-1"

  friend bool operator==(const Scope&, const Scope&) = default;
  friend auto operator<=>(const Scope&, const Scope&) = default;
};

// Events of an open watch. Used by one fiber.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // The next event; blocks. nullopt: the server ended the watch or `ctx` is done. An error ends it
  // too. Bookmarks come as events of that type.
  virtual std::optional<Result<client::Event<object::Object>>> Next(const Context& ctx) = 0;
};

// Lists and watches one resource: the reflector's view of a server, and the seam for its tests.
class ListerWatcher {
 public:
  virtual ~ListerWatcher() = default;

  // All items, in one list. `resource_version` as in client::ListOptions; `paged`: in pages of 500,
  // where the server can. Blocks until it is complete.
  virtual Result<object::List<object::Object>> List(const Context& ctx,
                                                    const std::string& resource_version,
                                                    bool paged) = 0;
  // Opens a watch after `resource_version`, with bookmarks, that the server is to end after
  // `timeout`.
  virtual Result<std::unique_ptr<EventStream>> Watch(const Context& ctx,
                                                     const std::string& resource_version,
                                                     std::chrono::seconds timeout) = 0;
  // For logs and metrics: "pods".
  virtual std::string Name() const = 0;
};

// The one that asks a server.
std::shared_ptr<ListerWatcher> MakeListerWatcher(client::Resource resource, Scope scope);

}  // namespace xebec::informer
