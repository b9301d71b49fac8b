#include "runtime/error.h"

#include <fmt/format.h>

namespace xebec {
namespace {

// Kubernetes' own reasons with the HTTP status that the API server sends with each.
struct ReasonCode {
  std::string_view reason;
  int code;
};
constexpr ReasonCode kReasons[] = {
    {"BadRequest", 400},
    {"Unauthorized", 401},
    {"Forbidden", 403},
    {"NotFound", 404},
    {"MethodNotAllowed", 405},
    {"NotAcceptable", 406},
    {"Conflict", 409},
    {"Expired", 410},
    {"RequestEntityTooLarge", 413},
    {"UnsupportedMediaType", 415},
    {"Invalid", 422},
    {"TooManyRequests", 429},
    {"InternalError", 500},
    {"ServiceUnavailable", 503},
    {"Timeout", 504},
};

// True if the reason is `reason`, or no known reason is given and the status is `code`.
bool Has(const Error& error, std::string_view reason, int code) {
  if (error.reason == reason) return true;
  return (error.reason.empty() || error.reason == "Unknown") && code != 0 && error.code == code;
}

Error About(std::string reason, int code, std::string_view kind, std::string_view name,
            std::string message) {
  Error error(std::move(reason), code, std::move(message));
  error.details.kind = kind;
  error.details.name = name;
  return error;
}

}  // namespace

std::string_view ReasonForCode(int code) {
  for (const ReasonCode& known : kReasons) {
    if (known.code == code) return known.reason;
  }
  return "Unknown";
}

std::string Error::ToString() const {
  std::string text =
      message.empty() ? (reason.empty() ? std::string("unknown error") : reason) : message;
  if (!message.empty() && !reason.empty() && message.find(reason) == std::string::npos) {
    text += code != 0 ? fmt::format(" ({} {})", reason, code) : fmt::format(" ({})", reason);
  }
  if (cause) text += ": " + cause->ToString();
  return text;
}

Error Error::Wrap(std::string_view context) && {
  message = message.empty() ? std::string(context) : fmt::format("{}: {}", context, message);
  return std::move(*this);
}

Error Error::Wrap(std::string_view context) const& { return Error(*this).Wrap(context); }

Error Error::CausedBy(Error why) && {
  cause = std::make_shared<const Error>(std::move(why));
  return std::move(*this);
}

Error Error::Canceled(std::string message) { return {"Canceled", 0, std::move(message)}; }
Error Error::DeadlineExceeded(std::string message) {
  return {"DeadlineExceeded", 0, std::move(message)};
}
Error Error::Unreachable(std::string message) { return {"Unreachable", 0, std::move(message)}; }
Error Error::InvalidInput(std::string message) { return {"InvalidInput", 0, std::move(message)}; }
Error Error::OutcomeUnknown(std::string message) {
  return {"OutcomeUnknown", 0, std::move(message)};
}

Error Error::NotFound(std::string_view kind, std::string_view name) {
  return About("NotFound", 404, kind, name, fmt::format("{} \"{}\" not found", kind, name));
}
Error Error::AlreadyExists(std::string_view kind, std::string_view name) {
  return About("AlreadyExists", 409, kind, name,
               fmt::format("{} \"{}\" already exists", kind, name));
}
Error Error::Conflict(std::string_view kind, std::string_view name, std::string_view why) {
  return About("Conflict", 409, kind, name,
               fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", kind, name, why));
}
Error Error::Invalid(std::string_view kind, std::string_view name, std::vector<Cause> causes) {
  std::string message = fmt::format("{} \"{}\" is invalid", kind, name);
  const char* separator = ": ";
  for (const Cause& one : causes) {
    message += fmt::format("{}{}: {}", separator, one.field, one.message);
    separator = ", ";
  }
  Error error = About("Invalid", 422, kind, name, std::move(message));
  error.details.causes = std::move(causes);
  return error;
}
Error Error::BadRequest(std::string message) { return {"BadRequest", 400, std::move(message)}; }
Error Error::Expired(std::string message) { return {"Expired", 410, std::move(message)}; }
Error Error::TooManyRequests(std::string message, std::optional<std::chrono::seconds> retry_after) {
  Error error("TooManyRequests", 429, std::move(message));
  error.retry_after = retry_after;
  return error;
}
Error Error::Unauthorized(std::string message) { return {"Unauthorized", 401, std::move(message)}; }
Error Error::Forbidden(std::string message) { return {"Forbidden", 403, std::move(message)}; }
Error Error::MethodNotAllowed(std::string message) {
  return {"MethodNotAllowed", 405, std::move(message)};
}
Error Error::Timeout(std::string message) { return {"Timeout", 504, std::move(message)}; }
Error Error::Internal(std::string message) { return {"InternalError", 500, std::move(message)}; }

bool IsNotFound(const Error& error) { return Has(error, "NotFound", 404); }
bool IsAlreadyExists(const Error& error) { return Has(error, "AlreadyExists", 0); }
bool IsConflict(const Error& error) { return Has(error, "Conflict", 409); }
bool IsInvalid(const Error& error) { return Has(error, "Invalid", 422); }
bool IsExpired(const Error& error) { return Has(error, "Expired", 410) || Has(error, "Gone", 410); }
bool IsTooManyRequests(const Error& error) { return Has(error, "TooManyRequests", 429); }
bool IsTimeout(const Error& error) { return Has(error, "Timeout", 504); }
bool IsServerTimeout(const Error& error) { return Has(error, "ServerTimeout", 0); }
bool IsUnauthorized(const Error& error) { return Has(error, "Unauthorized", 401); }
bool IsForbidden(const Error& error) { return Has(error, "Forbidden", 403); }
bool IsInternalError(const Error& error) { return Has(error, "InternalError", 500); }
bool IsBadRequest(const Error& error) { return Has(error, "BadRequest", 400); }
bool IsMethodNotAllowed(const Error& error) { return Has(error, "MethodNotAllowed", 405); }
bool IsCanceled(const Error& error) { return error.reason == "Canceled"; }
bool IsDeadlineExceeded(const Error& error) { return error.reason == "DeadlineExceeded"; }
bool IsUnreachable(const Error& error) { return error.reason == "Unreachable"; }
bool IsInvalidInput(const Error& error) { return error.reason == "InvalidInput"; }
bool IsOutcomeUnknown(const Error& error) { return error.reason == "OutcomeUnknown"; }

}  // namespace xebec
