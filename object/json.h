#pragma once

#include <nlohmann/json_fwd.hpp>

#include "object/builder.h"
#include "object/object.h"
#include "object/value.h"
#include "runtime/result.h"

// The edge to nlohmann::json. Only code that needs it includes this; the rest of the library reads
// Values.
namespace xebec::object {

// Fails: InvalidInput where the root is no object, or on a value that JSON has no form for (binary,
// NaN). Fiber only.
Result<Object> FromJson(const nlohmann::json& json);
Result<Object> FromJson(const nlohmann::ordered_json& json);

// Missing becomes null.
nlohmann::json ToJson(const Value& value);
nlohmann::ordered_json ToOrderedJson(const Value& value);

// Sets a value made of a json at a path of a builder.
Result<void> SetJson(Builder& builder, const Path& path, const nlohmann::json& json);

}  // namespace xebec::object
