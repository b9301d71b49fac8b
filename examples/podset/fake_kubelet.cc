#include "fake_kubelet.h"

#include <string_view>

#include <xebec/object/time.h>
#include <xebec/runtime/rand.h>
#include "podset_controller.h"

namespace podset {
namespace {

using xebec::Result;
using xebec::controller::ReconcileResult;

bool Fails(const Pod& pod, const FakeKubeletOptions& options) {
  uint64_t hash = options.seed;
  for (char c : pod.uid()) hash = hash * 1099511628211u + static_cast<unsigned char>(c);
  return xebec::runtime::Rand(hash).Below(100) < static_cast<uint64_t>(options.fail_percent);
}

}  // namespace

Result<void> AddFakeKubelet(xebec::controller::Manager& manager, FakeKubeletOptions options) {
  auto reconcile = [client = manager.client(), pods = manager.ListerFor<Pod>(), options](
                       xebec::Context ctx,
                       const xebec::controller::Request& request) -> Result<ReconcileResult> {
    auto pod = pods.Get(request.key);
    if (!pod) return ReconcileResult::Done();
    Result<void> done;
    if (pod->metadata().IsDeleting()) {
      done = client.Delete<Pod>(ctx, request.key,
                                {.grace_period_seconds = 0, .uid = std::string(pod->uid())});
    } else if (pod->status().phase().empty() || pod->status().phase() == "Pending") {
      const bool fails = Fails(*pod, options);
      xebec::object::Builder patch;
      patch.Set({"metadata", "uid"}, pod->uid());  // this pod, not a later one of its name
      patch.Set({"status", "phase"}, fails ? "Failed" : "Running");
      if (fails) patch.Set({"status", "reason"}, "FakeKubelet");
      auto patched =
          client.PatchStatus<Pod>(ctx, request.key, xebec::client::PatchType::kMerge, patch.Json());
      if (!patched) done = std::move(patched).error();
    }
    // A pod that is gone or was replaced meanwhile brings an event of its own.
    if (!done && !IsNotFound(done.error()) && !IsConflict(done.error()) &&
        !IsInvalid(done.error())) {
      return std::move(done).error();
    }
    return ReconcileResult::Done();
  };
  auto ours = [](const Pod& pod) { return !pod.metadata().Label(kLabel).empty(); };
  return xebec::controller::Builder(manager)
      .Named("fake-kubelet")
      .For<Pod>({.on_create = ours,
                 .on_update = [ours](const Pod&, const Pod& pod) { return ours(pod); }})
      .WithOptions({.max_concurrent_reconciles = 8})
      .Complete(reconcile);
}

}  // namespace podset
