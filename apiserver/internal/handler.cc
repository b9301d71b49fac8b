#include "apiserver/internal/handler.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>

#include "apiserver/internal/discovery.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/verbs.h"
#include "runtime/debug/log.h"
#include "runtime/sched/time.h"

namespace xebec::apiserver {
namespace {

using runtime::http::Request;
using runtime::http::ResponseWriter;

void Send(ResponseWriter& out, const Reply& reply) {
  out.headers().Set("Content-Type", reply.content_type);
  out.headers().Set("Cache-Control", "no-cache, private");
  out.WriteHeader(reply.status);
  (void)out.Write(reply.body);
}

void SendError(ResponseWriter& out, const Error& error) {
  const nlohmann::json status = StatusJson(error);
  if (error.retry_after) {
    out.headers().Set("Retry-After", std::to_string(error.retry_after->count()));
  }
  Reply reply;
  reply.status = status["code"];
  reply.body = status.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  Send(out, reply);
}

bool IsHealthPath(const std::string& path) {
  for (const char* known : {"/healthz", "/livez", "/readyz"}) {
    if (path == known || path.starts_with(std::string(known) + "/")) return true;
  }
  return false;
}

// The verb of a request, as access rules and faults name it; empty for a method that has none.
std::string VerbOf(const Request& request, bool named, bool watch) {
  const std::string& method = request.method;
  if (method == "GET" || method == "HEAD") {
    if (watch) return "watch";
    return named ? "get" : "list";
  }
  if (method == "POST") return named ? "" : "create";
  if (method == "PUT") return named ? "update" : "";
  if (method == "PATCH") return named ? "patch" : "";
  if (method == "DELETE") return named ? "delete" : "deletecollection";
  return "";
}

Error FaultError(const Fault& fault) {
  std::string reason(ReasonForCode(fault.code));
  Error error = MakeError(
      fault.code, reason.empty() ? "Unknown" : reason,
      fault.message.empty() ? fmt::format("injected fault: status {}", fault.code) : fault.message);
  error.retry_after = fault.retry_after;
  return error;
}

}  // namespace

void ApiHandler::Serve(Request& request, ResponseWriter& out) {
  const int64_t start = runtime::NanoTime();
  try {
    Route(request, out);
  } catch (const std::exception& e) {
    XLOG(Error, "a request failed", {"method", request.method}, {"path", request.path},
         {"error", std::string_view(e.what())});
    if (out.wrote_header()) throw;
    SendError(out, InternalError("a bug in the server; its log tells more"));
  }
  XLOGV(2, "request", {"method", request.method}, {"path", request.path}, {"query", request.query},
        {"took", std::chrono::nanoseconds(runtime::NanoTime() - start)});
}

void ApiHandler::Route(Request& request, ResponseWriter& out) {
  if (IsHealthPath(request.path)) {
    Reply reply;
    reply.body = "ok";
    reply.content_type = "text/plain; charset=utf-8";
    Send(out, reply);
    return;
  }
  if (request.body.size() > core_.options().max_body_bytes) {
    SendError(out, TooLargeError(core_.options().max_body_bytes));
    return;
  }
  const std::vector<std::string> parts = SplitPath(request.path);
  if (auto discovered = Discover(core_, parts, request)) {
    if (*discovered) {
      Send(out, **discovered);
    } else {
      SendError(out, discovered->error());
    }
    return;
  }
  const auto path = ParseResourcePath(parts);
  if (!path) {
    SendError(out, NoSuchPathError());
    return;
  }
  ServeResource(request, out, *path);
}

void ApiHandler::ServeResource(Request& request, ResponseWriter& out, const ResourcePath& path) {
  const Result<Call> call = MakeCall(request, path);
  if (!call) {
    SendError(out, call.error());
    return;
  }
  Fault fault;
  if (core_.options().faults) {
    FaultPoint point;
    point.verb = call->verb;
    point.resource = call->resource->Qualified();
    if (!call->subresource.empty()) point.resource += "/" + call->subresource;
    point.ns = call->ns;
    point.name = call->name;
    point.index = core_.CountCall(point.verb + " " + point.resource);
    fault = core_.options().faults(point);
  }
  struct InFlight {
    std::atomic<size_t>& count;
    const size_t now;
    explicit InFlight(std::atomic<size_t>& c) : count(c), now(c.fetch_add(1) + 1) {}
    ~InFlight() { count.fetch_sub(1); }
  };
  if (call->verb == "watch") {
    RunWithFault(*call, fault, out);
    return;
  }
  const InFlight in_flight(core_.in_flight());
  if (in_flight.now > core_.options().max_in_flight) {
    Error error =
        MakeError(429, "TooManyRequests",
                  "the server has received too many requests and has asked us to try again "
                  "later");
    error.retry_after = std::chrono::seconds(1);
    SendError(out, error);
    return;
  }
  RunWithFault(*call, fault, out);
}

Result<Call> ApiHandler::MakeCall(Request& request, const ResourcePath& path) {
  const ResourcePtr resource = core_.catalog()->Find(path.group, path.version, path.plural);
  if (!resource) return NoSuchPathError();
  if (!path.ns.empty() && !resource->namespaced) return NoSuchPathError();
  const bool across = resource->namespaced && path.ns.empty();  // all namespaces
  if (across && !path.name.empty()) return NoSuchPathError();
  if (!path.subresource.empty() && (path.subresource != "status" || !resource->has_status)) {
    return NoSuchPathError();
  }
  XEBEC_ASSIGN_OR_RETURN(const auto watch, BoolParam(request, "watch"));
  Call call{request, resource, path.ns, path.name, path.subresource, "", {}};
  call.verb = VerbOf(request, !path.name.empty(), watch.value_or(false));
  const bool known =
      !call.verb.empty() && (resource->listable || call.verb == "create") &&
      !(across && call.verb != "list" && call.verb != "watch") &&
      !(call.OnStatus() && call.verb != "get" && call.verb != "update" && call.verb != "patch");
  if (!known) return MethodError(*resource, call.verb.empty() ? request.method : call.verb);
  XEBEC_ASSIGN_OR_RETURN(call.accepted, NegotiateObject(request.headers.Get("Accept")));
  return call;
}

Result<Reply> ApiHandler::RunVerb(const Call& call) {
  if (!call.resource->listable) return ReviewAccess(call);
  if (call.verb == "get") return Get(core_, call);
  if (call.verb == "list") return List(core_, call);
  if (call.verb == "create") return Create(core_, call);
  if (call.verb == "update") return Update(core_, call);
  if (call.verb == "patch") return Patch(core_, call);
  if (call.verb == "delete") return Delete(core_, call);
  return DeleteCollection(core_, call);
}

void ApiHandler::RunWithFault(const Call& call, const Fault& fault, ResponseWriter& out) {
  using Kind = Fault::Kind;
  if (fault.delay.count() > 0) (void)SleepFor(call.http.ctx, fault.delay);
  if (fault.kind == Kind::kHang) {
    call.http.ctx.Done().Receive();
    out.Abort();
    return;
  }
  if (fault.kind == Kind::kDropBefore) {
    out.Abort();
    return;
  }
  if (fault.kind == Kind::kStatus) {
    SendError(out, FaultError(fault));
    return;
  }
  if (call.verb == "watch") {
    const Result<WatchEnd> end = Watch(core_, call, out, fault.cut_after_events);
    if (!end) {
      SendError(out, end.error());
    } else if (*end == WatchEnd::kCut) {
      out.Abort();
    }
    return;
  }
  const Result<Reply> reply = RunVerb(call);
  if (fault.kind == Kind::kDropAfter) {
    out.Abort();
  } else if (fault.kind == Kind::kStatusAfter) {
    SendError(out, FaultError(fault));
  } else if (reply) {
    Send(out, *reply);
  } else {
    SendError(out, reply.error());
  }
}

}  // namespace xebec::apiserver
