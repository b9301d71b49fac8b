#include "apiserver/internal/gc.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "apiserver/internal/verbs.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

// Changes one object's JSON by `edit` (false: nothing to do) and stores it, against other writers.
template <class Edit>
void EditObject(Core& core, const ObjectRef& ref, const std::string& uid, Edit&& edit) {
  const ResourcePtr resource = core.catalog()->OfTable(ref.table);
  if (!resource) return;
  while (const ItemPtr item = core.store().Get(ref)) {
    if (item->uid != uid) return;
    Json object = item->Parse();
    if (!edit(object)) return;
    if (StoreUpdate(core, *resource, item, object).outcome != WriteOutcome::kStale) return;
  }
}

bool DropFinalizer(Json& object, const std::string& finalizer) {
  Json& metadata = object["metadata"];
  auto list = metadata.find("finalizers");
  if (list == metadata.end()) return false;
  auto it = std::find(list->begin(), list->end(), finalizer);
  if (it == list->end()) return false;
  list->erase(it);
  if (list->empty()) metadata.erase("finalizers");
  return true;
}

bool DropOwners(Json& object, const std::set<std::string>& uids) {
  Json& metadata = object["metadata"];
  auto list = metadata.find("ownerReferences");
  if (list == metadata.end()) return false;
  Json kept = Json::array();
  for (const Json& owner : *list) {
    if (!uids.contains(StringField(owner, "uid"))) kept.push_back(owner);
  }
  if (kept.size() == list->size()) return false;
  if (kept.empty()) {
    metadata.erase("ownerReferences");
  } else {
    *list = std::move(kept);
  }
  return true;
}

enum class OwnerState : uint8_t { kSolid, kGone, kWaiting };

OwnerState StateOf(Core& core, const Item& dependent, const std::string& uid) {
  const ItemPtr owner = core.store().FindUid(uid).first;
  if (!owner) return OwnerState::kGone;
  if (!owner->ns.empty() && owner->ns != dependent.ns) {
    // An owner in another namespace is no owner; of a cluster-scoped object nothing is concluded.
    return dependent.ns.empty() ? OwnerState::kSolid : OwnerState::kGone;
  }
  return owner->deleting && owner->HasFinalizer(kForegroundFinalizer) ? OwnerState::kWaiting
                                                                      : OwnerState::kSolid;
}

bool Blocks(const Item& dependent, const std::string& owner_uid) {
  return std::any_of(dependent.owners.begin(), dependent.owners.end(), [&](const OwnerRef& owner) {
    return owner.uid == owner_uid && owner.blocks_deletion;
  });
}

void Orphan(Core& core, const ItemPtr& owner, const ObjectRef& ref) {
  for (const ObjectRef& dependent : core.store().Dependents(owner->uid)) {
    const ItemPtr item = core.store().Get(dependent);
    if (!item) continue;
    EditObject(core, dependent, item->uid,
               [&](Json& object) { return DropOwners(object, {owner->uid}); });
  }
  EditObject(core, ref, owner->uid,
             [](Json& object) { return DropFinalizer(object, kOrphanFinalizer); });
}

void WaitForDependents(Core& core, const ItemPtr& owner, const ObjectRef& ref) {
  for (const ObjectRef& dependent : core.store().Dependents(owner->uid)) {
    CheckDependent(core, dependent);
  }
  for (const ObjectRef& dependent : core.store().Dependents(owner->uid)) {
    const ItemPtr item = core.store().Get(dependent);
    if (item && Blocks(*item, owner->uid) && (owner->ns.empty() || owner->ns == item->ns)) return;
  }
  EditObject(core, ref, owner->uid,
             [](Json& object) { return DropFinalizer(object, kForegroundFinalizer); });
}

}  // namespace

void CheckDependent(Core& core, const ObjectRef& ref) {
  const ItemPtr item = core.store().Get(ref);
  if (!item || item->owners.empty() || item->deleting) return;
  const ResourcePtr resource = core.catalog()->OfTable(ref.table);
  if (!resource) return;
  bool solid = false, waiting = false;
  std::set<std::string> not_solid;
  for (const OwnerRef& owner : item->owners) {
    const OwnerState state = StateOf(core, *item, owner.uid);
    solid = solid || state == OwnerState::kSolid;
    waiting = waiting || state == OwnerState::kWaiting;
    if (state != OwnerState::kSolid) not_solid.insert(owner.uid);
  }
  if (solid) {
    if (!not_solid.empty()) {
      EditObject(core, ref, item->uid, [&](Json& object) { return DropOwners(object, not_solid); });
    }
    return;
  }
  DeleteRequest request;
  request.uid = item->uid;
  const bool has_dependents = !core.store().Dependents(item->uid).empty();
  if (waiting && has_dependents) request.propagation = "Foreground";
  (void)DeleteObject(core, *resource, ref.key, request);
}

void CheckOwner(Core& core, const std::string& uid) {
  const auto [owner, ref] = core.store().FindUid(uid);
  if (!owner || !owner->deleting) return;
  if (owner->HasFinalizer(kOrphanFinalizer)) {
    Orphan(core, owner, ref);
  } else if (owner->HasFinalizer(kForegroundFinalizer)) {
    WaitForDependents(core, owner, ref);
  }
}

void CollectAfter(Core& core, const LogEvent& event) {
  const Item& item = *event.item;
  if (event.type == EventType::kDeleted) {
    for (const ObjectRef& dependent : core.store().Dependents(item.uid)) {
      CheckDependent(core, dependent);
    }
  } else {
    if (!item.owners.empty()) CheckDependent(core, {event.table, item.Key()});
    if (item.deleting) CheckOwner(core, item.uid);
  }
  // Owners that waited for this object, or for what it was before.
  std::set<std::string> owners;
  if (event.previous) {
    for (const OwnerRef& owner : event.previous->owners) owners.insert(owner.uid);
  }
  for (const std::string& uid : owners) CheckOwner(core, uid);
}

}  // namespace xebec::apiserver
