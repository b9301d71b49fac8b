#include "apiserver/internal/status.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

Error ResourceError(int code, const char* reason, const Resource& resource, std::string_view name,
                    std::string message) {
  Error error = MakeError(code, reason, std::move(message));
  error.details.group = resource.group;
  error.details.kind = resource.plural;
  error.details.name = name;
  return error;
}

// Reasons that stand for a failure of a client's side have no place in a Status.
std::string StatusReason(const Error& error) {
  if (error.reason == "InvalidInput") return "BadRequest";
  if (error.reason == "Canceled" || error.reason == "DeadlineExceeded") return "Timeout";
  if (error.reason == "Unreachable" || error.reason == "OutcomeUnknown") return "InternalError";
  return error.reason;
}

int StatusCode(const Error& error) {
  if (error.code != 0) return error.code;
  const std::string reason = StatusReason(error);
  if (reason == "BadRequest") return 400;
  if (reason == "NotFound") return 404;
  if (reason == "Timeout") return 504;
  return 500;
}

}  // namespace

Json StatusJson(const Error& error) {
  Json out = {{"kind", "Status"},           {"apiVersion", "v1"},
              {"metadata", Json::object()}, {"status", "Failure"},
              {"message", error.message},   {"reason", StatusReason(error)},
              {"code", StatusCode(error)}};
  Json details = Json::object();
  if (!error.details.name.empty()) details["name"] = error.details.name;
  if (!error.details.group.empty()) details["group"] = error.details.group;
  if (!error.details.kind.empty()) details["kind"] = error.details.kind;
  if (!error.details.uid.empty()) details["uid"] = error.details.uid;
  if (!error.details.causes.empty()) {
    Json& causes = details["causes"] = Json::array();
    for (const Error::Cause& cause : error.details.causes) {
      Json entry = Json::object();
      if (!cause.reason.empty()) entry["reason"] = cause.reason;
      if (!cause.message.empty()) entry["message"] = cause.message;
      if (!cause.field.empty()) entry["field"] = cause.field;
      causes.push_back(std::move(entry));
    }
  }
  if (error.retry_after) details["retryAfterSeconds"] = error.retry_after->count();
  if (!details.empty()) out["details"] = std::move(details);
  return out;
}

Error MakeError(int code, std::string reason, std::string message) {
  Error error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  return error;
}

Error BadRequestError(std::string message) {
  return MakeError(400, "BadRequest", std::move(message));
}

Error ForbiddenError(const Resource& resource, std::string_view name, std::string_view why) {
  return ResourceError(403, "Forbidden", resource, name,
                       fmt::format("{} \"{}\" is forbidden: {}", resource.Qualified(), name, why));
}

Error NotFoundError(const Resource& resource, std::string_view name) {
  return ResourceError(404, "NotFound", resource, name,
                       fmt::format("{} \"{}\" not found", resource.Qualified(), name));
}

Error NoSuchPathError() {
  return MakeError(404, "NotFound", "the server could not find the requested resource");
}

Error MethodError(const Resource& resource, std::string_view verb) {
  return ResourceError(
      405, "MethodNotAllowed", resource, "",
      fmt::format("{} is not supported on resources of kind \"{}\"", verb, resource.Qualified()));
}

Error NotAcceptableError(std::string_view accepted) {
  return MakeError(406, "NotAcceptable",
                   fmt::format("only the following media types are accepted: {}", accepted));
}

Error AlreadyExistsError(const Resource& resource, std::string_view name) {
  return ResourceError(409, "AlreadyExists", resource, name,
                       fmt::format("{} \"{}\" already exists", resource.Qualified(), name));
}

Error ConflictError(const Resource& resource, std::string_view name, std::string_view why) {
  return ResourceError(409, "Conflict", resource, name,
                       fmt::format("Operation cannot be fulfilled on {} \"{}\": {}",
                                   resource.Qualified(), name, why));
}

Error StaleError(const Resource& resource, std::string_view name) {
  return ConflictError(resource, name,
                       "the object has been modified; please apply your changes to the latest "
                       "version and try again");
}

Error ExpiredError(std::string message) { return MakeError(410, "Expired", std::move(message)); }

Error TooLargeError(size_t limit) {
  return MakeError(413, "RequestEntityTooLarge",
                   fmt::format("Request entity too large: limit is {}", limit));
}

Error MediaTypeError(std::string_view got, std::string_view accepted) {
  return MakeError(415, "UnsupportedMediaType",
                   fmt::format("the body of the request was in an unknown format \"{}\" - accepted "
                               "media types include: {}",
                               got, accepted));
}

Error InvalidError(const Resource& resource, std::string_view name, Causes causes) {
  std::string list;
  for (const Error::Cause& cause : causes) {
    if (!list.empty()) list += ", ";
    list += fmt::format("{}: {}", cause.field, cause.message);
  }
  if (causes.size() > 1) list = "[" + list + "]";
  Error error =
      MakeError(422, "Invalid",
                fmt::format("{} \"{}\" is invalid: {}", resource.QualifiedKind(), name, list));
  error.details.group = resource.group;
  error.details.kind = resource.kind;
  error.details.name = name;
  error.details.causes = std::move(causes);
  return error;
}

Error InternalError(std::string_view what) {
  Error error = MakeError(500, "InternalError", fmt::format("Internal error occurred: {}", what));
  error.details.causes.push_back({"", "", std::string(what)});
  return error;
}

Error TooLargeRevisionError(uint64_t wanted, uint64_t current) {
  Error error = MakeError(
      504, "Timeout",
      fmt::format("Timeout: Too large resource version: {}, current: {}", wanted, current));
  error.retry_after = std::chrono::seconds(1);
  error.details.causes.push_back({"", "ResourceVersionTooLarge", "Too large resource version"});
  return error;
}

Error::Cause RequiredCause(std::string field, std::string_view detail) {
  return {std::move(field), "FieldValueRequired",
          detail.empty() ? "Required value" : fmt::format("Required value: {}", detail)};
}

Error::Cause InvalidCause(std::string field, std::string_view value, std::string_view detail) {
  return {std::move(field), "FieldValueInvalid",
          fmt::format("Invalid value: {}: {}", Json(std::string(value)).dump(), detail)};
}

Error::Cause ForbiddenCause(std::string field, std::string_view detail) {
  return {std::move(field), "FieldValueForbidden", fmt::format("Forbidden: {}", detail)};
}

Error::Cause DuplicateCause(std::string field, std::string_view value) {
  return {std::move(field), "FieldValueDuplicate",
          fmt::format("Duplicate value: {}", Json(std::string(value)).dump())};
}

Error::Cause UnsupportedCause(std::string field, std::string_view value,
                              std::string_view supported) {
  return {std::move(field), "FieldValueNotSupported",
          fmt::format("Unsupported value: {}: supported values: {}",
                      Json(std::string(value)).dump(), supported)};
}

}  // namespace xebec::apiserver
