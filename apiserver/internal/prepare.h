// From what a client sent to what is stored: the steps that every create and update takes, whatever
// its verb. Pure functions of their arguments, the clock and Rand.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apiserver/internal/item.h"
#include "apiserver/internal/request.h"
#include "apiserver/internal/resource.h"
#include "runtime/result.h"

namespace xebec::apiserver {

// The body of a write as a JSON object, decoded from JSON or protobuf. Errors: 400, 415.
Result<nlohmann::json> DecodeBody(const runtime::http::Request& request);

// Checks kind, apiVersion and the types of what the server itself reads; fills in a missing kind of
// a built-in resource; brings the object into the stored version. Errors: 400.
Result<void> Normalize(const Resource& resource, nlohmann::json& object);

// Sets the namespace of the request, or checks that it is the object's. Errors: 400.
Result<void> MatchNamespace(const Resource& resource, const std::string& ns,
                            nlohmann::json& object);

// Makes a normalized object ready to be created: uid, times, generation, status, defaults, rules.
// Errors: 422.
Result<void> PrepareCreate(const Resource& resource, nlohmann::json& object);

// Makes a normalized object ready to replace `old`: what clients may not change is kept, the
// generation follows the spec. Errors: 422.
Result<void> PrepareUpdate(const Resource& resource, const nlohmann::json& old,
                           nlohmann::json& object);

// The same for /status: everything but the status is kept. Errors: 422.
Result<void> PrepareStatusUpdate(const Resource& resource, const nlohmann::json& old,
                                 nlohmann::json& object);

// Marks an object as being deleted: deletionTimestamp, grace period 0, generation.
void MarkDeleting(nlohmann::json& object);

// Between stored and served versions (Resource::conversion). Both change apiVersion as needed.
void ToStored(const Resource& resource, nlohmann::json& object);
void ToServed(const Resource& resource, nlohmann::json& object);

}  // namespace xebec::apiserver
