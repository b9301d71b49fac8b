#pragma once

#include <string_view>
#include <vector>

#include <api/podset.h>
#include <xebec/controller/controller.h>
#include <xebec/informer/informer.h>
#include <xebec/object/api/core/v1.h>

namespace podset {

using xebec::api::core::v1::Pod;
using xebec::api::podset::v1alpha1::PodSet;

// Pods of a PodSet carry its name under this label.
inline constexpr std::string_view kLabel = "examples.xebec.dev/podset";
// Keeps a deleted PodSet until its pods are gone.
inline constexpr std::string_view kFinalizer = "examples.xebec.dev/pods";

// Keeps spec.replicas pods with spec.image for each PodSet, named NAME-0, NAME-1 …
//
// Names are fixed by number, so that a reconcile that works with an old cache cannot make a pod
// twice: the second create is refused with AlreadyExists.
class PodSetReconciler final : public xebec::controller::Reconciler {
 public:
  PodSetReconciler(xebec::client::Client client, xebec::informer::Lister<PodSet> sets,
                   xebec::informer::Lister<Pod> pods);

  xebec::Result<xebec::controller::ReconcileResult> Reconcile(
      xebec::Context ctx, const xebec::controller::Request& request) override;

 private:
  xebec::Result<xebec::controller::ReconcileResult> Finalize(const xebec::Context& ctx,
                                                             const PodSet& set,
                                                             const std::vector<Pod>& pods);
  xebec::Result<void> CreatePods(const xebec::Context& ctx, const PodSet& set,
                                 const std::vector<int>& numbers);
  xebec::Result<void> DeletePods(const xebec::Context& ctx, const std::vector<Pod>& pods);
  xebec::Result<void> ReportStatus(const xebec::Context& ctx, const PodSet& set,
                                   const std::vector<Pod>& pods, std::string_view message);

  xebec::client::Client client_;
  xebec::informer::Lister<PodSet> sets_;
  xebec::informer::Lister<Pod> pods_;
};

// Adds the controller to a manager.
xebec::Result<void> AddPodSetController(xebec::controller::Manager& manager,
                                        xebec::controller::LoopOptions options = {});

// Creates the CustomResourceDefinition if it is not there, and waits until it is served.
xebec::Result<void> InstallPodSetCrd(const xebec::Context& ctx,
                                     const xebec::client::Client& client);

}  // namespace podset
