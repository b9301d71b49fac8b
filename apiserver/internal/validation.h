// The rules that objects of built-in kinds and all metadata must follow. Not the full validation of
// kube-apiserver: names, labels, references, and what a kind cannot do without.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "apiserver/internal/resource.h"
#include "apiserver/internal/status.h"
#include "runtime/result.h"

namespace xebec::apiserver {

// What is wrong with a name under a rule, empty if nothing is.
std::string CheckName(NameRule rule, std::string_view name);
// What is wrong with a qualified name ([prefix/]name) such as an annotation's key.
std::string CheckQualifiedName(std::string_view name);

// Whether metadata's fields have the JSON types that they must have. Errors: 400, as decoding has
// it.
Result<void> CheckMetadataTypes(const nlohmann::json& metadata);

// All that is wrong with a complete object: metadata and what its kind needs.
Causes Validate(const Resource& resource, const nlohmann::json& object);
// What is wrong with the step from `old` to `object`, beyond Validate.
Causes ValidateUpdate(const Resource& resource, const nlohmann::json& old,
                      const nlohmann::json& object);

// Fills in what the API fills in for built-in kinds.
void ApplyDefaults(const Resource& resource, nlohmann::json& object);

}  // namespace xebec::apiserver
