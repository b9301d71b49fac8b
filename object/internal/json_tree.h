// Helpers for patches on nlohmann::ordered_json.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "runtime/error.h"

namespace xebec::object::internal {

using OrderedJson = nlohmann::ordered_json;

// Equality without regard to the order of fields (ordered_json's own sees it).
bool JsonEqual(const OrderedJson& a, const OrderedJson& b);

// About how many bytes of JSON a value is.
size_t JsonSize(const OrderedJson& json);

// 422 with the reason Invalid: a patch that does not fit its document.
inline Error PatchDoesNotFit(std::string message) {
  return Error("Invalid", 422, std::move(message));
}

}  // namespace xebec::object::internal
