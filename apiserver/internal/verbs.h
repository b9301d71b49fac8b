// The verbs of the API. Each takes one call to its end; only watch writes to the client itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apiserver/internal/core.h"
#include "apiserver/internal/request.h"
#include "object/selector.h"
#include "runtime/net/http.h"
#include "runtime/result.h"

namespace xebec::apiserver {

Result<Reply> Get(Core& core, const Call& call);
Result<Reply> List(Core& core, const Call& call);
Result<Reply> Create(Core& core, const Call& call);
Result<Reply> Update(Core& core, const Call& call);
Result<Reply> Patch(Core& core, const Call& call);
Result<Reply> Delete(Core& core, const Call& call);
Result<Reply> DeleteCollection(Core& core, const Call& call);
// POST of an access review: everything is allowed, nothing is stored.
Result<Reply> ReviewAccess(const Call& call);

// How a watch ended, for the fault hook that cuts it.
enum class WatchEnd : uint8_t { kDone, kCut };
// Streams until the timeout, the client's or the server's end, or an error event. Errors: what is
// wrong with the request, before anything was sent.
Result<WatchEnd> Watch(Core& core, const Call& call, runtime::http::ResponseWriter& out,
                       std::optional<size_t> cut_after_events);

// Which objects a list, a watch or a deletecollection is about.
class ObjectFilter {
 public:
  // From labelSelector, fieldSelector and, for a watch of one object, its name. Errors: 400.
  static Result<ObjectFilter> From(const Call& call);

  bool Matches(const Item& item) const;
  bool IsEverything() const { return labels_.IsEverything() && fields_.IsEverything(); }

 private:
  object::LabelSelector labels_;
  object::FieldSelector fields_;
};

// Waits until the store has reached `revision`. Errors: 504 after Options::fresh_wait.
Result<void> WaitForRevision(Core& core, const Call& call, uint64_t revision);

// The parts of DeleteOptions that matter here.
struct DeleteRequest {
  std::optional<std::string> uid, resource_version;  // preconditions
  std::string propagation;                           // "", Background, Foreground or Orphan
  bool dry_run = false;
};
struct DeleteOutcome {
  ItemPtr item;          // as it was last, or as it is now
  bool removed = false;  // false: it waits for its finalizers
};
// Deletes one object as the verb does: finalizers, propagation, namespaces, definitions.
// Errors: 403, 404, 409.
Result<DeleteOutcome> DeleteObject(Core& core, const Resource& resource, const std::string& key,
                                   const DeleteRequest& request);

// The error for a write that did not go through; `name` is the object's. kStale is a 409.
Error WriteError(const Core& core, const Resource& resource, WriteOutcome outcome,
                 const std::string& ns, const std::string& name);

// What follows a write to this resource (definitions are served anew).
void AfterWrite(Core& core, const Resource& resource);

// Stores `object` (an update of `current`) or, where the last finalizer of a deleted object went,
// removes it. kStale and kGone are for the caller to judge.
WriteResult StoreUpdate(Core& core, const Resource& resource, const ItemPtr& current,
                        const nlohmann::json& object);

}  // namespace xebec::apiserver
