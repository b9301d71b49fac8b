#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apiserver/internal/crd.h"
#include "apiserver/internal/prepare.h"
#include "apiserver/internal/render.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/verbs.h"
#include "object/patch.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

constexpr int kWriteTries = 1000;  // of a write that names no revision, against others

Reply Answer(const Call& call, const Item& item, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.body = Renderer(call.resource, call.accepted, "").One(item);
  return reply;
}

Result<object::PatchType> ReadPatchType(const Call& call) {
  const std::string type = MediaType(call.http.headers.Get("Content-Type"));
  using object::PatchType;
  for (const PatchType known : {PatchType::kJson, PatchType::kMerge, PatchType::kStrategicMerge}) {
    if (type != object::PatchContentType(known)) continue;
    // As in a real server, custom resources have no merge keys and take no strategic patches.
    if (known != PatchType::kStrategicMerge || !call.resource->custom) return known;
  }
  return MediaTypeError(type, call.resource->custom
                                  ? "application/json-patch+json, application/merge-patch+json"
                                  : "application/json-patch+json, application/merge-patch+json, "
                                    "application/strategic-merge-patch+json");
}

// The patched form of `current` (as served). Errors: 400, 422.
Result<Json> ApplyPatchTo(const Call& call, object::PatchType type,
                          const nlohmann::ordered_json& patch, const Json& current) {
  nlohmann::ordered_json document = current;
  if (type == object::PatchType::kMerge) {
    return Json(object::ApplyMergePatch(std::move(document), patch));
  }
  Result<nlohmann::ordered_json> patched =
      type == object::PatchType::kJson
          ? object::ApplyJsonPatch(std::move(document), patch)
          : object::ApplyStrategicMergePatch(std::move(document), patch);
  if (!patched) {
    Error error = patched.error();
    if (error.code == 0) error = BadRequestError(error.message);
    if (error.details.name.empty()) {
      error.details.group = call.resource->group;
      error.details.kind = call.resource->plural;
      error.details.name = call.name;
    }
    return error;
  }
  return Json(*patched);
}

// From the object that a client wants (`wanted`, normalized) and what there is: what is stored, or
// why not. `exact`: the client must name the current revision.
Result<void> PrepareWrite(Core& core, const Call& call, const Json& old, Json& wanted,
                          bool needs_revision) {
  const Resource& resource = *call.resource;
  const std::string revision = StringField(wanted["metadata"], "resourceVersion");
  if (revision.empty() || revision == "0") {
    if (needs_revision) {
      return InvalidError(
          resource, call.name,
          {InvalidCause("metadata.resourceVersion", "", "must be specified for an update")});
    }
  } else if (revision != StringField(old["metadata"], "resourceVersion")) {
    return StaleError(resource, call.name);
  }
  if (call.OnStatus()) return PrepareStatusUpdate(resource, old, wanted);
  XEBEC_TRY(PrepareUpdate(resource, old, wanted));
  if (resource.table == core.crd_table()) XEBEC_TRY(PrepareDefinition(core, resource, wanted));
  return {};
}

// Makes `wanted` from the current object, prepares it and stores it; again if another write came
// between. `make` gets the object as stored and its item.
template <class Make>
Result<Reply> Write(Core& core, const Call& call, bool needs_revision, Make&& make) {
  const Resource& resource = *call.resource;
  XEBEC_ASSIGN_OR_RETURN(const bool dry_run, DryRunParam(call.http));
  for (int tries = 0; tries < kWriteTries; ++tries) {
    const ItemPtr current = core.store().Get(resource.table, call.Key());
    if (!current) return NotFoundError(resource, call.name);
    const Json old = current->Parse();
    XEBEC_ASSIGN_OR_RETURN(Json wanted, make(old, *current));
    XEBEC_TRY(PrepareWrite(core, call, old, wanted, needs_revision));
    if (wanted == old) return Answer(call, *current);
    if (dry_run) {
      return Answer(call, *MakeItem(MakeDraft(wanted, resource.field_labels), current->revision));
    }
    const WriteResult result = StoreUpdate(core, resource, current, wanted);
    if (result.outcome == WriteOutcome::kOk) {
      AfterWrite(core, resource);
      return Answer(call, *result.item);
    }
    if (result.outcome != WriteOutcome::kStale) {
      return WriteError(core, resource, result.outcome, call.ns, call.name);
    }
  }
  return StaleError(resource, call.name);
}

// A PUT of an object that is not there, for the kinds that may be created so.
Result<Reply> CreateByUpdate(Core& core, const Call& call, Json object) {
  const Resource& resource = *call.resource;
  object["metadata"].erase("resourceVersion");
  XEBEC_TRY(PrepareCreate(resource, object));
  const WriteResult result =
      core.store().Create(resource.table, MakeDraft(object, resource.field_labels));
  if (result.outcome != WriteOutcome::kOk) {
    return WriteError(core, resource, result.outcome, call.ns, call.name);
  }
  return Answer(call, *result.item, 201);
}

}  // namespace

WriteResult StoreUpdate(Core& core, const Resource& resource, const ItemPtr& current,
                        const Json& object) {
  Draft draft = MakeDraft(object, resource.field_labels);
  const bool last_finalizer_gone = current->deleting && draft.meta.finalizers.empty() &&
                                   resource.table != core.namespace_table();
  if (!last_finalizer_gone) {
    return core.store().Replace(resource.table, current, std::move(draft));
  }
  const WriteResult removed = core.store().Remove(resource.table, current);
  if (removed.outcome != WriteOutcome::kOk) return removed;
  // The client that took the last finalizer away sees the object as it wanted it.
  return {WriteOutcome::kOk, MakeItem(std::move(draft), current->revision)};
}

Result<Reply> Update(Core& core, const Call& call) {
  const Resource& resource = *call.resource;
  XEBEC_ASSIGN_OR_RETURN(Json sent, DecodeBody(call.http));
  XEBEC_TRY(Normalize(resource, sent));
  XEBEC_TRY(MatchNamespace(resource, call.ns, sent));
  const std::string name = StringField(sent["metadata"], "name");
  if (name.empty()) sent["metadata"]["name"] = call.name;
  if (!name.empty() && name != call.name) {
    return BadRequestError(fmt::format(
        "the name of the object ({}) does not match the name on the URL ({})", name, call.name));
  }
  const std::string uid = StringField(sent["metadata"], "uid");
  const bool creates = resource.create_on_update && !call.OnStatus() && uid.empty() &&
                       !sent["metadata"].contains("resourceVersion");
  if (creates && !core.store().Get(resource.table, call.Key())) {
    XEBEC_ASSIGN_OR_RETURN(const bool dry_run, DryRunParam(call.http));
    if (!dry_run) return CreateByUpdate(core, call, std::move(sent));
  }
  return Write(core, call, !resource.unconditional_update,
               [&](const Json&, const Item& current) -> Result<Json> {
                 if (!uid.empty() && uid != current.uid) {
                   return ConflictError(
                       resource, call.name,
                       fmt::format("Precondition failed: UID in precondition: {}, UID in object "
                                   "meta: {}",
                                   uid, current.uid));
                 }
                 return sent;
               });
}

Result<Reply> Patch(Core& core, const Call& call) {
  const Resource& resource = *call.resource;
  XEBEC_ASSIGN_OR_RETURN(const object::PatchType type, ReadPatchType(call));
  XEBEC_ASSIGN_OR_RETURN(const Json body, ParseJson(call.http.body));
  if (type == object::PatchType::kJson ? !body.is_array() : !body.is_object()) {
    return BadRequestError(type == object::PatchType::kJson
                               ? "a JSON patch must be a list of operations"
                               : "a merge patch must be a JSON object");
  }
  const nlohmann::ordered_json patch = body;
  return Write(core, call, false, [&](const Json& old, const Item&) -> Result<Json> {
    Json served = old;
    ToServed(resource, served);
    XEBEC_ASSIGN_OR_RETURN(Json patched, ApplyPatchTo(call, type, patch, served));
    XEBEC_TRY(Normalize(resource, patched));
    XEBEC_TRY(MatchNamespace(resource, call.ns, patched));
    return patched;
  });
}

}  // namespace xebec::apiserver
