#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/result.h"

namespace xebec::runtime::http::internal {

// Unpacks a gzip body. Unreachable if it is damaged, cut, or has more than `limit` bytes.
Result<std::string> Gunzip(std::string_view packed, size_t limit);

}  // namespace xebec::runtime::http::internal
