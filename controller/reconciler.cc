#include "controller/reconciler.h"

namespace xebec::controller {
namespace {

constexpr const char* kTerminalReason = "TerminalError";

class FunctionReconciler final : public Reconciler {
 public:
  explicit FunctionReconciler(ReconcileFunc reconcile) : reconcile_(std::move(reconcile)) {}
  Result<ReconcileResult> Reconcile(Context ctx, const Request& request) override {
    return reconcile_(std::move(ctx), request);
  }

 private:
  ReconcileFunc reconcile_;
};

}  // namespace

std::shared_ptr<Reconciler> MakeReconciler(ReconcileFunc reconcile) {
  return std::make_shared<FunctionReconciler>(std::move(reconcile));
}

Error TerminalError(Error cause) {
  Error error;
  error.reason = kTerminalReason;
  error.code = cause.code;
  error.message = "will not be tried again: " + cause.message;
  error.cause = std::make_shared<const Error>(std::move(cause));
  return error;
}

bool IsTerminalError(const Error& error) { return error.reason == kTerminalReason; }

}  // namespace xebec::controller
