#pragma once

#include <functional>
#include <map>
#include <string>

#include "runtime/context.h"
#include "runtime/net/http.h"
#include "runtime/result.h"
#include "runtime/sync/mutex.h"

namespace xebec::controller {

// A check of one thing; an Error says what is wrong. Called at each probe, under the probe's
// Context: it must not block for long.
using HealthCheck = std::function<Result<void>(Context)>;

// The checks behind one endpoint, answered as the API server answers them:
//
//   GET /healthz            "ok", or 500 with a line for each check
//   GET /healthz?verbose    a line for each check in any case
//   GET /healthz?exclude=a  without the check `a` (may be repeated)
//   GET /healthz/a          the check `a` alone
//
// Safe from any fiber.
class HealthChecks {
 public:
  explicit HealthChecks(std::string endpoint) : endpoint_(std::move(endpoint)) {}

  const std::string& endpoint() const { return endpoint_; }
  void Add(std::string name, HealthCheck check);
  void Serve(runtime::http::Request& request, runtime::http::ResponseWriter& response) const;

 private:
  std::string endpoint_;  // "healthz"
  mutable runtime::Mutex mu_;
  std::map<std::string, HealthCheck> checks_;  // guarded by mu_
};

}  // namespace xebec::controller
