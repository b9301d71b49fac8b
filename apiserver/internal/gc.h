// Garbage collection by owner references, keyed by uid: an object whose owners are all gone goes
// too.
#pragma once

#include <string>

#include "apiserver/internal/core.h"
#include "apiserver/internal/revision_log.h"

namespace xebec::apiserver {

inline constexpr char kOrphanFinalizer[] = "orphan";
inline constexpr char kForegroundFinalizer[] = "foregroundDeletion";

// What follows for owners and dependents from one change.
void CollectAfter(Core& core, const LogEvent& event);

// Deletes the object if none of its owners exists; drops references to owners that are gone, or
// that wait for their dependents, if another one is left.
void CheckDependent(Core& core, const ObjectRef& ref);

// Goes on with the deletion of an owner that orphans its dependents or waits for them.
void CheckOwner(Core& core, const std::string& uid);

// The collector's fiber: follows the revision log and does what deletions of owners, namespaces and
// definitions entail. Returns when the server stops.
void RunCollector(Core& core);

}  // namespace xebec::apiserver
