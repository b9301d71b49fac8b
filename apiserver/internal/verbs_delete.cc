#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apiserver/internal/crd.h"
#include "apiserver/internal/gc.h"
#include "apiserver/internal/namespace.h"
#include "apiserver/internal/prepare.h"
#include "apiserver/internal/protobuf_options.h"
#include "apiserver/internal/render.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/verbs.h"
#include "object/protobuf.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

// DeleteOptions from the body (JSON or protobuf) and the query, which wins where both speak.
Result<DeleteRequest> ReadDeleteOptions(const Call& call) {
  DeleteRequest out;
  Json body = Json::object();
  if (!call.http.body.empty()) {
    if (object::IsProtobuf(call.http.body)) {
      XEBEC_ASSIGN_OR_RETURN(body, DecodeDeleteOptions(call.http.body));
    } else {
      XEBEC_ASSIGN_OR_RETURN(body, ParseJson(call.http.body));
    }
    if (!body.is_object()) return BadRequestError("the body of a delete must be DeleteOptions");
    const std::string kind = StringField(body, "kind");
    if (!kind.empty() && kind != "DeleteOptions") {
      return BadRequestError(
          fmt::format("the body of a delete must be DeleteOptions, but its kind is {}", kind));
    }
  }
  out.propagation = StringField(body, "propagationPolicy");
  auto read_orphan = [&](bool orphan) { out.propagation = orphan ? "Orphan" : "Background"; };
  if (auto it = body.find("orphanDependents"); it != body.end() && it->is_boolean()) {
    read_orphan(it->get<bool>());
  }
  if (auto it = body.find("preconditions"); it != body.end() && it->is_object()) {
    if (it->contains("uid")) out.uid = StringField(*it, "uid");
    if (it->contains("resourceVersion")) {
      out.resource_version = StringField(*it, "resourceVersion");
    }
  }
  if (auto it = body.find("dryRun"); it != body.end() && it->is_array() && !it->empty()) {
    if (*it != Json::array({"All"})) {
      return BadRequestError("dryRun: only \"All\" is supported");
    }
    out.dry_run = true;
  }
  if (const std::string policy = call.http.Query("propagationPolicy"); !policy.empty()) {
    out.propagation = policy;
  }
  XEBEC_ASSIGN_OR_RETURN(const auto orphan, BoolParam(call.http, "orphanDependents"));
  if (orphan) read_orphan(*orphan);
  XEBEC_ASSIGN_OR_RETURN(const bool dry_run, DryRunParam(call.http));
  out.dry_run = out.dry_run || dry_run;
  if (!out.propagation.empty() && out.propagation != "Background" &&
      out.propagation != "Foreground" && out.propagation != "Orphan") {
    Resource options;
    options.group = "meta.k8s.io";
    options.kind = "DeleteOptions";
    return InvalidError(options, "",
                        {UnsupportedCause("propagationPolicy", out.propagation,
                                          "\"Foreground\", \"Background\", \"Orphan\"")});
  }
  return out;
}

Result<void> CheckPreconditions(const Resource& resource, const Item& item,
                                const DeleteRequest& request) {
  if (request.uid && *request.uid != item.uid) {
    return ConflictError(
        resource, item.name,
        fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The "
                    "object might have been deleted and then recreated",
                    *request.uid, item.uid));
  }
  if (request.resource_version && *request.resource_version != std::to_string(item.revision)) {
    return ConflictError(
        resource, item.name,
        fmt::format(
            "the ResourceVersion in the precondition ({}) does not match the ResourceVersion "
            "in record ({}). The object might have been modified",
            *request.resource_version, item.revision));
  }
  return {};
}

// The finalizers after the deletion's policy took and gave its own.
std::vector<std::string> FinalizersFor(const Item& item, const std::string& propagation) {
  const bool unsaid = propagation.empty();
  std::vector<std::string> out;
  for (const std::string& finalizer : item.finalizers) {
    if (!unsaid && (finalizer == kOrphanFinalizer || finalizer == kForegroundFinalizer)) continue;
    out.push_back(finalizer);
  }
  if (propagation == "Orphan") out.emplace_back(kOrphanFinalizer);
  if (propagation == "Foreground") out.emplace_back(kForegroundFinalizer);
  return out;
}

bool SameSet(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// The object marked as deleting, with these finalizers.
Json MarkedDeleting(const Item& item, const std::vector<std::string>& finalizers) {
  Json object = item.Parse();
  MarkDeleting(object);
  object["metadata"].erase("finalizers");
  if (!finalizers.empty()) object["metadata"]["finalizers"] = finalizers;
  return object;
}

// One try. kStale and kGone are for the caller.
WriteResult TryDelete(Core& core, const Resource& resource, const ItemPtr& current,
                      const DeleteRequest& request, bool& removed) {
  std::optional<Json> marked;
  std::vector<std::string> finalizers = FinalizersFor(*current, request.propagation);
  const bool is_pod = resource.plural == "pods" && resource.group.empty();
  if (resource.table == core.namespace_table()) {
    if (!current->deleting) marked = TerminatingNamespace(*current);
  } else if (resource.table == core.crd_table()) {
    if (!current->deleting) marked = TerminatingDefinition(*current);
  } else if (!finalizers.empty()) {
    if (!current->deleting || !SameSet(finalizers, current->finalizers)) {
      marked = MarkedDeleting(*current, finalizers);
    }
  } else {
    removed = true;
    // A pod is seen as deleting before it goes, whatever its grace.
    if (is_pod && !current->deleting) marked = MarkedDeleting(*current, {});
  }
  if (request.dry_run) {
    if (!marked) return {WriteOutcome::kOk, current};
    return {WriteOutcome::kOk,
            MakeItem(MakeDraft(*marked, resource.field_labels), current->revision)};
  }
  ItemPtr latest = current;
  if (marked) {
    WriteResult result =
        core.store().Replace(resource.table, current, MakeDraft(*marked, resource.field_labels));
    if (result.outcome != WriteOutcome::kOk) return result;
    latest = result.item;
  }
  if (!removed) return {WriteOutcome::kOk, latest};
  return core.store().Remove(resource.table, latest);
}

std::string DeletedStatus(const Resource& resource, const Item& item) {
  Json details = {{"name", item.name}, {"kind", resource.plural}, {"uid", item.uid}};
  if (!resource.group.empty()) details["group"] = resource.group;
  return Json({{"kind", "Status"},
               {"apiVersion", "v1"},
               {"metadata", Json::object()},
               {"status", "Success"},
               {"details", std::move(details)}})
             .dump() +
         "\n";
}

}  // namespace

Result<DeleteOutcome> DeleteObject(Core& core, const Resource& resource, const std::string& key,
                                   const DeleteRequest& request) {
  while (true) {
    const ItemPtr current = core.store().Get(resource.table, key);
    if (!current) return NotFoundError(resource, key.substr(key.find('/') + 1));
    XEBEC_TRY(CheckPreconditions(resource, *current, request));
    if (resource.table == core.namespace_table() && IsPermanentNamespace(current->name)) {
      return ForbiddenError(resource, current->name, "this namespace may not be deleted");
    }
    DeleteOutcome outcome;
    const WriteResult result = TryDelete(core, resource, current, request, outcome.removed);
    if (result.outcome == WriteOutcome::kStale) continue;
    if (result.outcome != WriteOutcome::kOk) {
      return WriteError(core, resource, result.outcome, current->ns, current->name);
    }
    outcome.item = result.item;
    if (!request.dry_run) AfterWrite(core, resource);
    return outcome;
  }
}

Result<Reply> Delete(Core& core, const Call& call) {
  const Resource& resource = *call.resource;
  XEBEC_ASSIGN_OR_RETURN(const DeleteRequest request, ReadDeleteOptions(call));
  XEBEC_ASSIGN_OR_RETURN(const DeleteOutcome outcome,
                         DeleteObject(core, resource, call.Key(), request));
  Reply reply;
  if (outcome.removed && !resource.returns_deleted) {
    reply.body = DeletedStatus(resource, *outcome.item);
  } else {
    reply.body = Renderer(call.resource, call.accepted, "").One(*outcome.item);
  }
  return reply;
}

Result<Reply> DeleteCollection(Core& core, const Call& call) {
  const Resource& resource = *call.resource;
  XEBEC_ASSIGN_OR_RETURN(const DeleteRequest request, ReadDeleteOptions(call));
  XEBEC_ASSIGN_OR_RETURN(const ObjectFilter filter, ObjectFilter::From(call));
  XEBEC_ASSIGN_OR_RETURN(const auto limit, NumberParam(call.http, "limit"));
  ListQuery query;
  query.ns = call.ns;
  query.limit = limit.value_or(0);
  query.match = [&](const Item& item) { return filter.Matches(item); };
  const ListPage page = core.store().List(resource.table, query);
  for (const ItemPtr& item : page.items) {
    const Result<DeleteOutcome> outcome = DeleteObject(core, resource, item->Key(), request);
    if (!outcome && !IsNotFound(outcome.error())) return outcome.error();
  }
  Reply reply;
  reply.body = Renderer(call.resource, call.accepted, "").List(page, "");
  return reply;
}

}  // namespace xebec::apiserver
