#include <chrono>

#include "apiserver/internal/crd.h"
#include "apiserver/internal/gc.h"
#include "apiserver/internal/namespace.h"
#include "runtime/sync/select.h"

namespace xebec::apiserver {
namespace {

constexpr size_t kBatch = 256;

// The namespace of an object that went may be empty now, and so may its definition.
void FinishContainers(Core& core, const LogEvent& event) {
  const Item& item = *event.item;
  if (event.table == core.namespace_table()) {
    if (event.type != EventType::kDeleted && item.deleting) EmptyNamespace(core, item.name);
    return;
  }
  if (event.table == core.crd_table()) {
    if (event.type == EventType::kDeleted) {
      PurgeDefinition(core, item);
    } else if (item.deleting) {
      EmptyDefinition(core, item.name);
    }
    return;
  }
  if (event.type != EventType::kDeleted) return;
  if (!item.ns.empty()) EmptyNamespace(core, item.ns);
  const ResourcePtr resource = core.catalog()->OfTable(event.table);
  if (resource && resource->custom && resource->terminating) {
    EmptyDefinition(core, resource->plural + "." + resource->group);
  }
}

void Handle(Core& core, const LogEvent& event) {
  CollectAfter(core, event);
  FinishContainers(core, event);
}

// Looks at every object as if it had just changed: what the log no longer tells.
void Rescan(Core& core) {
  for (const ObjectRef& ref : core.store().All()) {
    LogEvent event;
    event.type = EventType::kModified;
    event.table = ref.table;
    event.item = core.store().Get(ref);
    if (event.item) Handle(core, event);
  }
}

}  // namespace

void RunCollector(Core& core) {
  Store::Subscription changes(&core.store(), std::nullopt);
  uint64_t cursor = core.store().Revision();
  Rescan(core);
  while (!core.stopping().Err()) {
    LogRead read = core.store().ReadAll(cursor, kBatch);
    if (read.expired) {
      cursor = core.store().Revision();
      Rescan(core);
      continue;
    }
    cursor = read.up_to;
    for (const EventPtr& event : read.events) Handle(core, *event);
    if (!read.events.empty()) continue;
    runtime::Select(runtime::OnReceive(changes.changed(), [](auto&&) {}),
                    runtime::OnReceive(core.stopping().Done(), [](auto&&) {}));
  }
}

}  // namespace xebec::apiserver
