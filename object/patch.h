#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "object/object.h"
#include "runtime/result.h"

namespace xebec::object {

enum class PatchType : uint8_t { kJson, kMerge, kStrategicMerge, kApply };

// "application/json-patch+json" …
std::string_view PatchContentType(PatchType type);

// RFC 6902. Fails: BadRequest (400) where the patch itself is malformed, Invalid (422) where it
// does not fit the document: a path that is not there, a failed test. The document is unchanged
// then. At most 10,000 operations; copies may add 16 MiB in total.
Result<nlohmann::ordered_json> ApplyJsonPatch(nlohmann::ordered_json document,
                                              const nlohmann::ordered_json& patch);

// RFC 7386.
nlohmann::ordered_json ApplyMergePatch(nlohmann::ordered_json document,
                                       const nlohmann::ordered_json& patch);

// Strategic merge where no merge keys are involved: objects merge, null deletes, lists are
// replaced. Fails: BadRequest on the directives $patch, $retainKeys, $setElementOrder/… and
// $deleteFromPrimitiveList/…, which need a kind's merge keys.
Result<nlohmann::ordered_json> ApplyStrategicMergePatch(nlohmann::ordered_json document,
                                                        const nlohmann::ordered_json& patch);

// The same on an Object and a patch's text, as a server applies it. kApply is refused
// (UnsupportedMediaType, 415). Fiber only.
Result<Object> ApplyPatch(const Object& object, PatchType type, std::string_view patch);

}  // namespace xebec::object
