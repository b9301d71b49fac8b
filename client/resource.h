// The verbs on one resource, with objects of any kind: the dynamic form of the client.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/options.h"
#include "client/watch.h"
#include "object/ids.h"
#include "object/list.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::client {

namespace internal {
class Rest;
struct Call;
}  // namespace internal

// What a Resource needs to know of the collection it works on.
struct ResourceInfo {
  GroupVersionResource gvr;
  // Given to objects that come without kind and apiVersion (items of built-in lists). May be empty.
  GroupVersionKind gvk;
  // false: cluster-scoped, namespaces are ignored. unset: namespaced where a namespace is given.
  std::optional<bool> namespaced;
};

// A cheap handle, copied freely, safe on any fiber.
//
// Every function blocks the fiber until the server answered, and at most until ctx's deadline or,
// where it has none, for Config::timeout (30 s). Errors: what the server said, with its reason and
// code (IsNotFound, IsConflict …); Unreachable; DeadlineExceeded; Canceled; OutcomeUnknown for a
// write whose answer was lost: it may have been carried out; InvalidInput for arguments and answers
// that cannot be used.
class Resource {
 public:
  Resource(std::shared_ptr<internal::Rest> rest, ResourceInfo info, std::string ns = {});

  Result<object::Object> Get(const Context& ctx, const NamespacedName& key,
                             const GetOptions& options = {}) const;

  // One answer of the server: with a limit, a page.
  Result<object::List<object::Object>> List(const Context& ctx,
                                            const ListOptions& options = {}) const;

  // All pages, `options.limit` (500 if 0) items each, in one list. A continue token that expires on
  // the way is answered with one full list without paging. Each page has its own deadline.
  Result<object::List<object::Object>> ListAll(const Context& ctx, ListOptions options = {}) const;

  // The same, page by page; an error of `fn` ends it. After an expired continue token `fn` sees all
  // items again from the start (`restarted` is true on that page).
  using PageFn = std::function<Result<void>(object::List<object::Object> page, bool restarted)>;
  Result<void> ListPages(const Context& ctx, ListOptions options, const PageFn& fn) const;

  // Opens a watch; blocks until the server accepted it (30 s at most). The watch ends with `ctx`.
  Result<WatchStream> Watch(const Context& ctx, const WatchOptions& options = {}) const;

  // Returns the object as stored. The namespace is the object's, else this handle's.
  Result<object::Object> Create(const Context& ctx, const object::Object& object,
                                const CreateOptions& options = {}) const;
  // With a resource version in it: only if unchanged, else a Conflict.
  Result<object::Object> Update(const Context& ctx, const object::Object& object,
                                const UpdateOptions& options = {}) const;
  Result<object::Object> UpdateStatus(const Context& ctx, const object::Object& object,
                                      UpdateOptions options = {}) const;
  Result<object::Object> Patch(const Context& ctx, const NamespacedName& key, PatchType type,
                               std::string_view body, const PatchOptions& options = {}) const;
  Result<object::Object> PatchStatus(const Context& ctx, const NamespacedName& key, PatchType type,
                                     std::string_view body, PatchOptions options = {}) const;

  // Success means that the deletion was accepted: finalizers and grace periods may keep the object.
  Result<void> Delete(const Context& ctx, const NamespacedName& key,
                      const DeleteOptions& options = {}) const;
  // Deletes all objects that `which` selects.
  Result<void> DeleteAll(const Context& ctx, const ListOptions& which = {},
                         const DeleteOptions& options = {}) const;

  const ResourceInfo& info() const { return info_; }

 private:
  // "/api/v1/namespaces/ns/pods/name/subresource"
  Result<std::string> Path(std::string_view ns, std::string_view name,
                           std::string_view subresource) const;
  Result<std::string> ObjectPath(const NamespacedName& key, std::string_view subresource) const;
  Result<object::Object> SendObject(const Context& ctx, const internal::Call& call) const;
  Result<object::Object> Write(const Context& ctx, const char* method, const object::Object& object,
                               const WriteOptions& options) const;

  std::shared_ptr<internal::Rest> rest_;
  ResourceInfo info_;
  std::string ns_;
};

}  // namespace xebec::client
