// What controllers do again and again with a client: retries on conflicts, waiting,
// create-or-update, finalizers, owners.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "client/client.h"
#include "object/builder.h"
#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::client {

// How often and how fast something is tried again: client-go's retry.DefaultRetry.
struct Backoff {
  int steps = 5;  // tries in all
  std::chrono::nanoseconds delay = std::chrono::milliseconds(10);
  double factor = 1.0;
  double jitter = 0.1;  // up to this share is added to each delay
  std::chrono::nanoseconds cap = std::chrono::seconds(30);
};

// The delay after `failures` failures (0: the first), without jitter beyond `backoff.jitter`.
std::chrono::nanoseconds DelayAfter(const Backoff& backoff, int failures);

// Calls `fn` until it returns anything but a Conflict, at most `backoff.steps` times. `fn` must
// read the object anew each time. Returns the last result.
template <class F>
auto RetryOnConflict(const Context& ctx, F&& fn, const Backoff& backoff = {}) -> decltype(fn()) {
  for (int step = 0;; ++step) {
    auto result = fn();
    if (result.ok() || !IsConflict(result.error()) || step + 1 >= backoff.steps) return result;
    if (auto slept = SleepFor(ctx, DelayAfter(backoff, step)); !slept.ok()) {
      return std::move(slept).error();
    }
  }
}

struct PollOptions {
  std::chrono::nanoseconds first = std::chrono::milliseconds(100);  // grows by half each time …
  std::chrono::nanoseconds most = std::chrono::seconds(2);          // … up to this
  std::chrono::nanoseconds timeout = std::chrono::minutes(5);       // ctx may end it earlier
};

// Calls `done` until it returns true or an error. DeadlineExceeded after the timeout. Blocks.
Result<void> Poll(const Context& ctx, const std::function<Result<bool>()>& done,
                  const PollOptions& options = {});

// Waits until `condition` holds for the object `key` and returns it then; a missing object is
// passed as nullopt (so that one may wait for its end: nothing is returned then). Watches, so it
// learns of a change at once and costs one connection; a lost watch is opened again with growing
// pauses (0.1 s … 2 s). Blocks for at most `timeout`: DeadlineExceeded then.
using ObjectCondition = std::function<bool(const std::optional<object::Object>&)>;
Result<std::optional<object::Object>> WaitForObject(
    const Context& ctx, const Resource& resource, const NamespacedName& key,
    const ObjectCondition& condition, std::chrono::nanoseconds timeout = std::chrono::minutes(5));

// Typed: waits until the object exists and `condition` holds.
template <class T>
Result<T> WaitFor(const Context& ctx, const Client& client, const NamespacedName& key,
                  const std::function<bool(const T&)>& condition,
                  std::chrono::nanoseconds timeout = std::chrono::minutes(5)) {
  auto object = WaitForObject(
      ctx, client.ResourceOf<T>(), key,
      [&](const std::optional<object::Object>& o) { return o && condition(T(*o)); }, timeout);
  if (!object.ok()) return std::move(object).error();
  return T(std::move(**object));
}

// Waits until the object is gone.
template <class T>
Result<void> WaitForDeletion(const Context& ctx, const Client& client, const NamespacedName& key,
                             std::chrono::nanoseconds timeout = std::chrono::minutes(5)) {
  auto object = WaitForObject(
      ctx, client.ResourceOf<T>(), key, [](const std::optional<object::Object>& o) { return !o; },
      timeout);
  if (!object.ok()) return std::move(object).error();
  return {};
}

enum class Changed { kNo, kCreated, kUpdated };

// Reads `key`; if it exists, lets `mutate` change it and updates it if that made a difference;
// otherwise lets `mutate` fill in a new object and creates it. A Conflict is returned as such:
// reconcile again. `mutate` must not change name and namespace.
using Mutate = std::function<Result<void>(object::Builder&)>;
Result<std::pair<object::Object, Changed>> CreateOrUpdateObject(const Context& ctx,
                                                                const Resource& resource,
                                                                const NamespacedName& key,
                                                                const Mutate& mutate);
template <class T>
Result<std::pair<T, Changed>> CreateOrUpdate(const Context& ctx, const Client& client,
                                             const NamespacedName& key, const Mutate& mutate) {
  auto result = CreateOrUpdateObject(ctx, client.ResourceOf<T>(), key, mutate);
  if (!result.ok()) return std::move(result).error();
  return std::pair<T, Changed>(T(std::move(result->first)), result->second);
}

// Adds or removes a finalizer on the server and returns the object as stored; nothing is sent if it
// is as wanted already. Guarded by the object's resource version: a Conflict if it changed
// meanwhile.
Result<object::Object> AddFinalizerTo(const Context& ctx, const Resource& resource,
                                      const object::Object& object, std::string_view finalizer);
Result<object::Object> RemoveFinalizerFrom(const Context& ctx, const Resource& resource,
                                           const object::Object& object,
                                           std::string_view finalizer);
template <class T>
Result<T> AddFinalizer(const Context& ctx, const Client& client, const T& object,
                       std::string_view finalizer) {
  auto result = AddFinalizerTo(ctx, client.ResourceOf<T>(), object.object(), finalizer);
  if (!result.ok()) return std::move(result).error();
  return T(std::move(result).value());
}
template <class T>
Result<T> RemoveFinalizer(const Context& ctx, const Client& client, const T& object,
                          std::string_view finalizer) {
  auto result = RemoveFinalizerFrom(ctx, client.ResourceOf<T>(), object.object(), finalizer);
  if (!result.ok()) return std::move(result).error();
  return T(std::move(result).value());
}

// Makes `owner` the controller of what `dependent` builds: see
// object::Builder::SetControllerReference.
template <class Owner>
Result<void> SetControllerReference(const Owner& owner, object::Builder& dependent) {
  return dependent.SetControllerReference(object::AsObject(owner));
}

}  // namespace xebec::client
