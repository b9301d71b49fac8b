// From an HTTP request to a verb, and from its result to an HTTP answer.
#pragma once

#include "apiserver/internal/core.h"
#include "apiserver/internal/request.h"
#include "runtime/net/http.h"
#include "runtime/result.h"

namespace xebec::apiserver {

// Answers every path. Called from many fibers at once.
class ApiHandler {
 public:
  explicit ApiHandler(Core& core) : core_(core) {}

  void Serve(runtime::http::Request& request, runtime::http::ResponseWriter& out);

 private:
  void Route(runtime::http::Request& request, runtime::http::ResponseWriter& out);
  void ServeResource(runtime::http::Request& request, runtime::http::ResponseWriter& out,
                     const ResourcePath& path);
  Result<Call> MakeCall(runtime::http::Request& request, const ResourcePath& path);
  Result<Reply> RunVerb(const Call& call);
  // Carries out the call under the fault that was chosen for it.
  void RunWithFault(const Call& call, const Fault& fault, runtime::http::ResponseWriter& out);

  Core& core_;
};

}  // namespace xebec::apiserver
