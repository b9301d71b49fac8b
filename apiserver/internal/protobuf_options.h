#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "runtime/result.h"

namespace xebec::apiserver {

// DeleteOptions in the protobuf form in which client-go's typed clients send them, as JSON.
// Errors: 400 on malformed bytes.
Result<nlohmann::json> DecodeDeleteOptions(std::string_view body);

}  // namespace xebec::apiserver
