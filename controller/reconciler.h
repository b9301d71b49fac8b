#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "controller/request.h"
#include "runtime/context.h"
#include "runtime/error.h"
#include "runtime/result.h"

namespace xebec::controller {

// What a reconcile that did not fail asks for next.
//
//   Done()          nothing: the next event for the key brings the next reconcile. Failures so far
//   are forgotten. Requeue()       another reconcile after the rate limiter's delay for this key.
//   RequeueAfter(d) another reconcile after d; failures so far are forgotten. d <= 0 is Requeue().
//
// A failed reconcile (an Error) is tried again after the rate limiter's delay, unless it is a
// TerminalError.
class ReconcileResult {
 public:
  static ReconcileResult Done() { return {}; }
  static ReconcileResult Requeue() {
    ReconcileResult result;
    result.requeue_ = true;
    return result;
  }
  static ReconcileResult RequeueAfter(std::chrono::nanoseconds delay) {
    if (delay <= delay.zero()) return Requeue();
    ReconcileResult result;
    result.after_ = delay;
    return result;
  }

  bool requeue() const { return requeue_; }
  std::optional<std::chrono::nanoseconds> after() const { return after_; }

 private:
  bool requeue_ = false;
  std::optional<std::chrono::nanoseconds> after_;
};

// Brings the world nearer to what one object asks for.
//
// The loop calls Reconcile from several fibers at a time, never for one key twice at once. `ctx`
// carries the reconcile's deadline (LoopOptions::reconcile_timeout) and is cancelled when a stop
// was asked for and the grace is over. A Panic or an exception that leaves Reconcile fails that
// reconcile alone.
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual Result<ReconcileResult> Reconcile(Context ctx, const Request& request) = 0;
};

using ReconcileFunc = std::function<Result<ReconcileResult>(Context, const Request&)>;

// A reconciler from any callable with Reconcile's signature.
std::shared_ptr<Reconciler> MakeReconciler(ReconcileFunc reconcile);

// Marks an error that a further try would not cure, such as a spec that can never be satisfied: it
// is logged and counted, and the key is reconciled again only at its next event.
Error TerminalError(Error cause);
bool IsTerminalError(const Error& error);

}  // namespace xebec::controller
