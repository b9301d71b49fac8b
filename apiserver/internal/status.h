// Errors as the API tells them: metav1.Status with reason, details and causes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/internal/resource.h"
#include "runtime/error.h"

namespace xebec::apiserver {

using Causes = std::vector<Error::Cause>;

// The v1 Status object for an error.
nlohmann::json StatusJson(const Error& error);

Error MakeError(int code, std::string reason, std::string message);
Error BadRequestError(std::string message);                                          // 400
Error ForbiddenError(const Resource&, std::string_view name, std::string_view why);  // 403
Error NotFoundError(const Resource& resource, std::string_view name);                // 404
Error NoSuchPathError();                                                             // 404
Error MethodError(const Resource& resource, std::string_view verb);                  // 405
Error NotAcceptableError(std::string_view accepted);                                 // 406
Error AlreadyExistsError(const Resource& resource, std::string_view name);           // 409
Error ConflictError(const Resource&, std::string_view name, std::string_view why);   // 409
Error StaleError(const Resource& resource, std::string_view name);      // 409, the usual message
Error ExpiredError(std::string message);                                // 410
Error TooLargeError(size_t limit);                                      // 413
Error MediaTypeError(std::string_view got, std::string_view accepted);  // 415
Error InvalidError(const Resource&, std::string_view name, Causes causes);  // 422
Error InternalError(std::string_view what);                                 // 500
Error TooLargeRevisionError(uint64_t wanted, uint64_t current);             // 504

// Causes as field errors tell them.
Error::Cause RequiredCause(std::string field, std::string_view detail = "");
Error::Cause InvalidCause(std::string field, std::string_view value, std::string_view detail);
Error::Cause ForbiddenCause(std::string field, std::string_view detail);
Error::Cause DuplicateCause(std::string field, std::string_view value);
Error::Cause UnsupportedCause(std::string field, std::string_view value,
                              std::string_view supported);

}  // namespace xebec::apiserver
