#include "podset_controller.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include <xebec/client/batch.h>
#include <xebec/client/helpers.h>
#include <xebec/object/api/apiextensions/v1.h>
#include <xebec/runtime/debug/log.h>
#include <xebec/runtime/sync/mutex.h>
#include <xebec/runtime/sync/wait_group.h>
#include "plan.h"

namespace podset {

using xebec::Context;
using xebec::Error;
using xebec::Result;
using xebec::controller::ReconcileResult;
using xebec::controller::Request;
namespace client = xebec::client;

namespace {

// An index of the pods' cache: by the uid of the controlling owner.
constexpr const char* kOwnerIndex = "controller-uid";

}  // namespace

PodSetReconciler::PodSetReconciler(client::Client client, xebec::informer::Lister<PodSet> sets,
                                   xebec::informer::Lister<Pod> pods)
    : client_(std::move(client)), sets_(std::move(sets)), pods_(std::move(pods)) {}

Result<ReconcileResult> PodSetReconciler::Reconcile(Context ctx, const Request& request) {
  Result<PodSet> found = sets_.Get(request.key);
  if (!found) return ReconcileResult::Done();  // deleted; its finalizer has seen to its pods
  PodSet set = *found;
  XEBEC_ASSIGN_OR_RETURN(std::vector<Pod> pods, pods_.ByIndex(kOwnerIndex, std::string(set.uid())));
  if (set.metadata().IsDeleting()) return Finalize(ctx, set, pods);

  if (set.spec().replicas() < 0 || set.spec().image().empty()) {
    const char* why = "spec.replicas must not be negative and spec.image must be set";
    XEBEC_TRY(ReportStatus(ctx, set, pods, why));
    return xebec::controller::TerminalError(Error::InvalidInput(why));
  }
  if (!set.metadata().HasFinalizer(kFinalizer)) {
    XEBEC_ASSIGN_OR_RETURN(set, client::AddFinalizer(ctx, client_, set, kFinalizer));
  }

  const Plan plan = MakePlan(set, pods);
  Result<void> removed = DeletePods(ctx, plan.remove);
  Result<void> created = CreatePods(ctx, set, plan.create);
  const Error* failure = !created ? &created.error() : !removed ? &removed.error() : nullptr;
  XEBEC_TRY(ReportStatus(ctx, set, pods, failure != nullptr ? failure->message : ""));
  if (failure != nullptr) return *failure;
  return ReconcileResult::Done();
}

Result<ReconcileResult> PodSetReconciler::Finalize(const Context& ctx, const PodSet& set,
                                                   const std::vector<Pod>& pods) {
  if (!set.metadata().HasFinalizer(kFinalizer)) return ReconcileResult::Done();
  XEBEC_TRY(DeletePods(ctx, pods));
  if (!pods.empty()) return ReconcileResult::Done();  // their deletions bring the next reconcile
  // The cache may not know yet of a pod that was just created: the server is asked before the last
  // step.
  XEBEC_ASSIGN_OR_RETURN(
      auto left,
      client_.List<Pod>(ctx, {.ns = std::string(set.ns()),
                              .label_selector = fmt::format("{}={}", kLabel, set.name())}));
  std::vector<Pod> own;
  for (const Pod& pod : left) {
    if (pod.metadata().IsControlledBy(set.uid())) own.push_back(pod);
  }
  if (!own.empty()) {
    XEBEC_TRY(DeletePods(ctx, own));
    return ReconcileResult::RequeueAfter(std::chrono::seconds(1));
  }
  auto released = client::RemoveFinalizer(ctx, client_, set, kFinalizer);
  if (!released && !IsNotFound(released.error())) return std::move(released).error();
  return ReconcileResult::Done();
}

// A fiber for each pod; every failure is logged with its pod's name, the first one is returned.
Result<void> PodSetReconciler::CreatePods(const Context& ctx, const PodSet& set,
                                          const std::vector<int>& numbers) {
  std::vector<Pod> pods;
  pods.reserve(numbers.size());
  for (int number : numbers) pods.push_back(MakePod(set, number));
  std::vector<Result<Pod>> results = client::CreateBatch(ctx, client_, pods);
  Result<void> first;
  int failures = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i]) continue;
    Error error = std::move(results[i]).error();
    if (IsAlreadyExists(error)) {
      // Ours, when the cache is behind; anyone's otherwise.
      Result<Pod> live = client_.Get<Pod>(ctx, pods[i].key());
      if (live ? live->metadata().IsControlledBy(set.uid()) : IsNotFound(live.error())) continue;
      if (live)
        error =
            Error::Conflict("pods", pods[i].name(), "the name is taken by a pod of someone else");
    }
    ++failures;
    XLOG(Warn, "cannot create a pod", {"pod", pods[i].key()}, {"error", error.ToString()});
    if (first.ok()) first = std::move(error);
  }
  if (failures > 1)
    return first.error().Wrap(
        fmt::format("{} of {} pods not created, first", failures, pods.size()));
  return first;
}

Result<void> PodSetReconciler::DeletePods(const Context& ctx, const std::vector<Pod>& pods) {
  xebec::runtime::WaitGroup running;
  xebec::runtime::Mutex mu;
  Result<void> first;  // guarded by mu
  for (const Pod& pod : pods) {
    if (pod.metadata().IsDeleting()) continue;
    running.Go([&, pod] {
      // The uid keeps a new pod of the same name safe from a decision about the old one.
      auto deleted = client_.Delete<Pod>(ctx, pod.key(), {.uid = std::string(pod.uid())});
      if (deleted || IsNotFound(deleted.error()) || IsConflict(deleted.error())) return;
      std::lock_guard lock(mu);
      if (first.ok()) first = std::move(deleted);
    });
  }
  running.Wait();
  return first;
}

Result<void> PodSetReconciler::ReportStatus(const Context& ctx, const PodSet& set,
                                            const std::vector<Pod>& pods,
                                            std::string_view message) {
  int replicas = 0;
  int ready = 0;
  for (const Pod& pod : pods) {
    if (pod.metadata().IsDeleting()) continue;
    ++replicas;
    ready += pod.status().phase() == "Running";
  }
  const auto now = set.status();
  if (set["status"].IsObject() && now.replicas() == replicas && now.ready_replicas() == ready &&
      now.observed_generation() == set.metadata().generation() && now.message() == message) {
    return {};
  }
  xebec::object::Builder patch;
  patch.Set({"status", "replicas"}, replicas)
      .Set({"status", "readyReplicas"}, ready)
      .Set({"status", "observedGeneration"}, set.metadata().generation())
      .Set({"status", "message"}, message);
  auto patched =
      client_.PatchStatus<PodSet>(ctx, set.key(), client::PatchType::kMerge, patch.Json());
  if (patched || IsNotFound(patched.error())) return {};
  return std::move(patched).error();
}

Result<void> AddPodSetController(xebec::controller::Manager& manager,
                                 xebec::controller::LoopOptions options) {
  XEBEC_TRY(manager.informers().InformerFor<Pod>()->AddIndex(
      kOwnerIndex, [](const xebec::object::Object& pod) -> std::vector<std::string> {
        auto owner = pod.metadata().ControllerOwner();
        return owner ? std::vector<std::string>{owner->uid} : std::vector<std::string>{};
      }));
  return xebec::controller::Builder(manager)
      .For<PodSet>()
      .Owns<Pod>()
      .WithOptions(std::move(options))
      .Complete(std::make_shared<PodSetReconciler>(manager.client(), manager.ListerFor<PodSet>(),
                                                   manager.ListerFor<Pod>()));
}

Result<void> InstallPodSetCrd(const Context& ctx, const client::Client& client) {
  using xebec::api::apiextensions::v1::CustomResourceDefinition;
  XEBEC_ASSIGN_OR_RETURN(auto crd, xebec::object::Object::Parse(PodSet::kCrd));
  auto created = client.Create(ctx, CustomResourceDefinition(crd));
  if (!created && !IsAlreadyExists(created.error())) {
    return std::move(created).error().Wrap("cannot install the PodSet resource");
  }
  auto served = client::WaitFor<CustomResourceDefinition>(
      ctx, client, crd.key(),
      [](const CustomResourceDefinition& crd) {
        for (const auto& condition : crd.status().conditions()) {
          if (condition.type() == "Established") return condition.status() == "True";
        }
        return false;
      },
      std::chrono::seconds(30));
  if (!served) return std::move(served).error().Wrap("the PodSet resource is not served");
  return {};
}

}  // namespace podset
