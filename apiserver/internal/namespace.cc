#include "apiserver/internal/namespace.h"

#include <nlohmann/json.hpp>

#include "apiserver/internal/prepare.h"
#include "apiserver/internal/verbs.h"

namespace xebec::apiserver {

bool IsPermanentNamespace(std::string_view name) {
  return name == "default" || name == "kube-system" || name == "kube-public";
}

nlohmann::json TerminatingNamespace(const Item& item) {
  nlohmann::json object = item.Parse();
  MarkDeleting(object);
  object["metadata"].erase("deletionGracePeriodSeconds");
  object["status"]["phase"] = "Terminating";
  return object;
}

void EmptyNamespace(Core& core, const std::string& name) {
  Store& store = core.store();
  ItemPtr space = store.Get(core.namespace_table(), name);
  if (!space || !space->deleting) return;
  for (const ObjectRef& ref : store.InNamespace(name)) {
    const ItemPtr item = store.Get(ref);
    if (!item || item->deleting) continue;
    const ResourcePtr resource = core.catalog()->OfTable(ref.table);
    if (resource) {
      (void)DeleteObject(core, *resource, ref.key, {});
    } else {
      store.Remove(ref.table, item);  // its definition is gone: nobody else can
    }
  }
  // What is left waits for finalizers; nothing new can come.
  while (store.InNamespace(name).empty()) {
    space = store.Get(core.namespace_table(), name);
    if (!space || !space->finalizers.empty()) return;
    if (store.Remove(core.namespace_table(), space).outcome != WriteOutcome::kStale) return;
  }
}

}  // namespace xebec::apiserver
