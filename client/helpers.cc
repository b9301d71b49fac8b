#include "client/helpers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "client/internal/rest.h"
#include "object/selector.h"
#include "runtime/rand.h"
#include "runtime/sched/time.h"

namespace xebec::client {
namespace {

using object::Object;

// Errors that another try cannot mend.
bool IsFinal(const Error& error) {
  return IsUnauthorized(error) || IsForbidden(error) || IsInvalidInput(error) ||
         IsBadRequest(error) || IsMethodNotAllowed(error) || IsInvalid(error);
}

// Follows one object from `rv` on until the condition holds (true), or the watch is over (false).
Result<bool> Follow(const Context& ctx, const Resource& resource, const NamespacedName& key,
                    const ObjectCondition& condition, const std::string& rv,
                    std::optional<Object>& state) {
  WatchOptions options;
  options.ns = key.ns;
  options.field_selector = object::FieldSelector::Equals("metadata.name", key.name).ToString();
  options.resource_version = rv;
  XEBEC_ASSIGN_OR_RETURN(WatchStream watch, resource.Watch(ctx, options));
  while (auto event = watch.Next()) {
    if (!event->ok()) return std::move(*event).error();
    switch ((*event)->type) {
      case EventType::kAdded:
      case EventType::kModified:
        state = std::move((*event)->object);
        break;
      case EventType::kDeleted:
        state.reset();
        break;
      default:
        continue;
    }
    if (condition(state)) return true;
  }
  return false;
}

}  // namespace

std::chrono::nanoseconds DelayAfter(const Backoff& backoff, int failures) {
  double delay = static_cast<double>(backoff.delay.count()) * std::pow(backoff.factor, failures);
  delay = std::min(delay, static_cast<double>(backoff.cap.count()));
  delay += delay * backoff.jitter * runtime::ThreadRand().Float();
  return std::chrono::nanoseconds(static_cast<int64_t>(delay));
}

Result<void> Poll(const Context& ctx, const std::function<Result<bool>()>& done,
                  const PollOptions& options) {
  auto [bound, cancel] = Context::WithTimeout(ctx, options.timeout);
  internal::CancelOnExit at_exit(cancel);
  std::chrono::nanoseconds pause = options.first;
  while (true) {
    XEBEC_ASSIGN_OR_RETURN(const bool is_done, done());
    if (is_done) return {};
    XEBEC_TRY(SleepFor(bound, pause));
    pause = std::min(pause + pause / 2, options.most);
  }
}

Result<std::optional<Object>> WaitForObject(const Context& ctx, const Resource& resource,
                                            const NamespacedName& key,
                                            const ObjectCondition& condition,
                                            std::chrono::nanoseconds timeout) {
  auto [bound, cancel] = Context::WithTimeout(ctx, timeout);
  internal::CancelOnExit at_exit(cancel);
  std::chrono::nanoseconds pause = std::chrono::milliseconds(100);
  Error last = Error::DeadlineExceeded("the condition did not come true");
  while (true) {
    ListOptions one;
    one.ns = key.ns;
    one.field_selector = object::FieldSelector::Equals("metadata.name", key.name).ToString();
    auto list = resource.List(bound, one);
    if (list.ok()) {
      std::optional<Object> state;
      if (!list->empty()) state = (*list)[0];
      if (condition(state)) return state;
      auto done = Follow(bound, resource, key, condition, list->resource_version(), state);
      if (done.ok() && *done) return state;
      if (done.ok()) pause = std::chrono::milliseconds(100);
      if (!done.ok()) last = std::move(done).error();
    } else {
      last = std::move(list).error();
    }
    if (ctx.Err()) return *ctx.Err();
    if (bound.Err()) {
      return Error::DeadlineExceeded(
          fmt::format("waited {} s for {} \"{}\": {}",
                      std::chrono::duration_cast<std::chrono::seconds>(timeout).count(),
                      resource.info().gvr.resource, key.ToString(), last.message));
    }
    if (IsFinal(last)) return last;
    XEBEC_TRY(SleepFor(bound, pause));
    pause = std::min<std::chrono::nanoseconds>(pause * 2, std::chrono::seconds(2));
  }
}

Result<std::pair<Object, Changed>> CreateOrUpdateObject(const Context& ctx,
                                                        const Resource& resource,
                                                        const NamespacedName& key,
                                                        const Mutate& mutate) {
  auto existing = resource.Get(ctx, key);
  if (!existing.ok() && !IsNotFound(existing.error())) return std::move(existing).error();
  object::Builder builder = existing.ok() ? existing->Edit() : object::Builder(resource.info().gvk);
  if (!existing.ok()) {
    builder.SetName(key.name);
    if (!key.ns.empty()) builder.SetNamespace(key.ns);
  }
  XEBEC_TRY(mutate(builder));
  Object wanted = builder.Build();
  if (wanted.key() != key) {
    return Error::InvalidInput(
        fmt::format("the mutation of \"{}\" changed its name or namespace to \"{}\"",
                    key.ToString(), wanted.key().ToString()));
  }
  if (!existing.ok()) {
    XEBEC_ASSIGN_OR_RETURN(Object created, resource.Create(ctx, wanted));
    return std::pair(std::move(created), Changed::kCreated);
  }
  if (wanted == *existing) return std::pair(std::move(*existing), Changed::kNo);
  XEBEC_ASSIGN_OR_RETURN(Object updated, resource.Update(ctx, wanted));
  return std::pair(std::move(updated), Changed::kUpdated);
}

namespace {

// A merge patch of the whole list with the resource version in it: the server refuses it if the
// object changed, and no other field is touched.
Result<Object> PatchFinalizers(const Context& ctx, const Resource& resource, const Object& object,
                               const object::Builder& changed) {
  object::Builder patch;
  const Object built = changed.Build();
  const object::Value finalizers = built["metadata"]["finalizers"];
  if (finalizers.size() > 0) {
    patch.Set({"metadata", "finalizers"}, finalizers);
  } else {
    patch.Set({"metadata", "finalizers"}, nullptr);
  }
  if (!object.resource_version().empty()) {
    patch.Set({"metadata", "resourceVersion"}, object.resource_version());
  }
  if (!object.uid().empty()) patch.Set({"metadata", "uid"}, object.uid());
  return resource.Patch(ctx, object.key(), PatchType::kMerge, patch.Json());
}

}  // namespace

Result<Object> AddFinalizerTo(const Context& ctx, const Resource& resource, const Object& object,
                              std::string_view finalizer) {
  object::Builder builder = object.Edit();
  if (!builder.AddFinalizer(finalizer)) return object;
  return PatchFinalizers(ctx, resource, object, builder);
}

Result<Object> RemoveFinalizerFrom(const Context& ctx, const Resource& resource,
                                   const Object& object, std::string_view finalizer) {
  object::Builder builder = object.Edit();
  if (!builder.RemoveFinalizer(finalizer)) return object;
  return PatchFinalizers(ctx, resource, object, builder);
}

}  // namespace xebec::client
