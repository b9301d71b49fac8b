// The documents by which clients learn what is served.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/internal/core.h"
#include "apiserver/internal/request.h"
#include "runtime/net/http.h"
#include "runtime/result.h"

namespace xebec::apiserver {

// Answers /api, /apis, /apis/GROUP, the lists of a group and version, /version and /openapi/….
// Nothing if the path names none of them. Errors: 404 for a group or version that is not served,
// 405 for anything but GET, 406.
std::optional<Result<Reply>> Discover(Core& core, const std::vector<std::string>& parts,
                                      const runtime::http::Request& request);

// The OpenAPI v3 document of one group and version: its paths and kinds, without schemas.
std::string OpenApiV3(const Catalog& catalog, const std::string& group, const std::string& version);
// The index of these documents.
std::string OpenApiV3Index(const Catalog& catalog);

}  // namespace xebec::apiserver
