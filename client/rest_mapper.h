// Which resource a kind is served as.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/client.h"
#include "object/ids.h"
#include "runtime/context.h"
#include "runtime/result.h"
#include "runtime/sync/mutex.h"

namespace xebec::client {

// Maps kinds to resources by the server's discovery, one group and version at a time. Safe on any
// fiber.
//
// What was found is kept; a kind that is unknown is looked up again (a CustomResourceDefinition may
// be new), one request for each call.
class RestMapper {
 public:
  explicit RestMapper(Client client) : client_(std::move(client)) {}

  // Blocks for at most one request. Errors: NotFound if the server does not serve the kind.
  Result<ResourceInfo> ResourceFor(const Context& ctx, const GroupVersionKind& gvk);

  // The dynamic form for any object's kind.
  Result<Resource> ResourceOf(const Context& ctx, const object::Object& object,
                              std::string ns = {});

 private:
  Result<std::vector<ResourceInfo>> Discover(const Context& ctx, const std::string& group,
                                             const std::string& version) const;

  const Client client_;
  runtime::Mutex mu_;
  std::map<GroupVersionKind, ResourceInfo> known_;  // guarded by mu_
};

}  // namespace xebec::client
