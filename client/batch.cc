#include "client/batch.h"

#include <fmt/format.h>

#include <string_view>

#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sync/wait_group.h"

namespace xebec::client {

using object::Object;

Result<Object> CreateObjectSync(const Context& ctx, const Resource& resource, const Object& object,
                                const BatchOptions& options) {
  XEBEC_ASSIGN_OR_RETURN(Object state, resource.Create(ctx, object, options.create));
  if (!options.until || options.create.dry_run) return state;
  const NamespacedName key = state.key();
  // A look now and then rather than a watch: a batch of hundreds would need as many connections.
  auto waited = Poll(
      ctx,
      [&]() -> Result<bool> {
        if (options.until(state)) return true;
        auto next = resource.Get(ctx, key);
        if (next.ok()) {
          if (next->uid() != state.uid()) {
            return Error::Conflict(resource.info().gvr.resource, key.ToString(),
                                   "it was deleted and made again by another hand");
          }
          state = std::move(next).value();
          return options.until(state);
        }
        // The server may be away for a while; that the object is gone is final.
        const Error& error = next.error();
        if (IsUnreachable(error) || IsTooManyRequests(error) || IsServerTimeout(error) ||
            error.code >= 500) {
          return false;
        }
        return error;
      },
      options.poll);
  if (!waited.ok()) {
    return std::move(waited).error().Wrap(
        fmt::format("{} \"{}\" was created, but waiting for it failed",
                    resource.info().gvr.resource, key.ToString()));
  }
  return state;
}

std::vector<Result<Object>> CreateObjectBatch(const Context& ctx, const Resource& resource,
                                              const std::vector<Object>& objects,
                                              const BatchOptions& options) {
  // Each fiber writes its own element only; Wait makes them visible here.
  std::vector<Result<Object>> results(objects.size(), Result<Object>(Error::Internal("not run")));
  runtime::WaitGroup group;
  for (size_t i = 0; i < objects.size(); ++i) {
    group.Add(1);
    runtime::GoNamed("create-batch", [&, i] {
      const auto panic = runtime::RunRecovering(
          [&] { results[i] = CreateObjectSync(ctx, resource, objects[i], options); });
      if (panic) {
        results[i] = Error::Internal(
            fmt::format("creating {} panicked: {}", resource.info().gvr.resource, panic->message));
      }
      group.Done();
    });
  }
  group.Wait();
  return results;
}

bool PodIsRunning(const Object& pod) {
  const std::string_view phase = pod["status"]["phase"].AsString();
  return phase == "Running" || phase == "Succeeded";
}

}  // namespace xebec::client
