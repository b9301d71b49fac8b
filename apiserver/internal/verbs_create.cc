#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apiserver/internal/crd.h"
#include "apiserver/internal/prepare.h"
#include "apiserver/internal/render.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/verbs.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

constexpr int kNameTries = 8;  // of generateName, before the client hears of a conflict

// What a dry run of a create would meet in the store.
WriteOutcome CheckCreate(Core& core, const Resource& resource, const std::string& ns,
                         const std::string& name) {
  if (!ns.empty()) {
    const ItemPtr space = core.store().Get(core.namespace_table(), ns);
    if (!space) return WriteOutcome::kNoNamespace;
    if (space->deleting) return WriteOutcome::kNamespaceEnding;
  }
  const std::string key = ns.empty() ? name : ns + "/" + name;
  return core.store().Get(resource.table, key) ? WriteOutcome::kExists : WriteOutcome::kOk;
}

// A dry run's answer: what would be stored, without a revision.
ItemPtr DryRunItem(const Resource& resource, const Json& object) {
  return MakeItem(MakeDraft(object, resource.field_labels), 0);
}

}  // namespace

Error WriteError(const Core& core, const Resource& resource, WriteOutcome outcome,
                 const std::string& ns, const std::string& name) {
  switch (outcome) {
    case WriteOutcome::kExists:
      return AlreadyExistsError(resource, name);
    case WriteOutcome::kStale:
      return StaleError(resource, name);
    case WriteOutcome::kGone:
      return NotFoundError(resource, name);
    case WriteOutcome::kNoNamespace:
      return NotFoundError(*core.catalog()->Find("", "v1", "namespaces"), ns);
    case WriteOutcome::kNamespaceEnding: {
      Error error = ForbiddenError(
          resource, name,
          fmt::format("unable to create new content in namespace {} because it is being terminated",
                      ns));
      error.details.causes.push_back({"metadata.namespace", "NamespaceTerminating",
                                      fmt::format("namespace {} is being terminated", ns)});
      return error;
    }
    case WriteOutcome::kOk:
      break;
  }
  return InternalError("a write failed for no reason");
}

void AfterWrite(Core& core, const Resource& resource) {
  if (resource.table == core.crd_table()) core.RefreshCustomResources();
}

Result<Reply> Create(Core& core, const Call& call) {
  const Resource& resource = *call.resource;
  if (resource.terminating) {
    return ForbiddenError(resource, "",
                          "create not allowed while custom resource definition is terminating");
  }
  XEBEC_ASSIGN_OR_RETURN(const bool dry_run, DryRunParam(call.http));
  XEBEC_ASSIGN_OR_RETURN(Json sent, DecodeBody(call.http));
  XEBEC_TRY(Normalize(resource, sent));
  XEBEC_TRY(MatchNamespace(resource, call.ns, sent));
  if (sent["metadata"].contains("resourceVersion")) {
    return BadRequestError("resourceVersion should not be set on objects to be created");
  }
  const bool generated = !sent["metadata"].contains("name");
  for (int tries = 1;; ++tries) {
    Json object = sent;
    XEBEC_TRY(PrepareCreate(resource, object));
    if (resource.table == core.crd_table()) XEBEC_TRY(PrepareDefinition(core, resource, object));
    const std::string name = StringField(object["metadata"], "name");
    WriteResult result;
    if (dry_run) {
      result = {CheckCreate(core, resource, call.ns, name), DryRunItem(resource, object)};
    } else {
      result = core.store().Create(resource.table, MakeDraft(object, resource.field_labels));
    }
    if (result.outcome == WriteOutcome::kExists && generated && tries < kNameTries) continue;
    if (result.outcome != WriteOutcome::kOk) {
      return WriteError(core, resource, result.outcome, call.ns, name);
    }
    if (!dry_run) AfterWrite(core, resource);
    Reply reply;
    reply.status = 201;
    reply.body = Renderer(call.resource, call.accepted, "").One(*result.item);
    return reply;
  }
}

Result<Reply> ReviewAccess(const Call& call) {
  XEBEC_ASSIGN_OR_RETURN(Json review, DecodeBody(call.http));
  XEBEC_TRY(Normalize(*call.resource, review));
  review["status"] = {{"allowed", true}, {"reason", "this server has no access control"}};
  Reply reply;
  reply.status = 201;
  reply.body = review.dump() + "\n";
  return reply;
}

}  // namespace xebec::apiserver
