// CustomResourceDefinitions: what they must say, what is served because of them, and their end.
// They are served without schemas: any object is stored as it comes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apiserver/internal/core.h"
#include "apiserver/internal/item.h"
#include "runtime/result.h"

namespace xebec::apiserver {

inline constexpr char kDefinitionFinalizer[] = "customresourcecleanup.apiextensions.k8s.io";

// Checks a definition that is created or updated, fills in names that may be left out, and sets the
// conditions NamesAccepted and Established. Errors: 422.
Result<void> PrepareDefinition(Core& core, const Resource& resource, nlohmann::json& definition);

// The definition marked as deleting, with the finalizer that waits for its objects.
nlohmann::json TerminatingDefinition(const Item& definition);

// Deletes the objects of a definition that is being deleted, and then the definition.
void EmptyDefinition(Core& core, const std::string& name);

// Removes what is left of a resource whose definition is gone.
void PurgeDefinition(Core& core, const Item& definition);

}  // namespace xebec::apiserver
