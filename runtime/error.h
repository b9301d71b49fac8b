#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xebec {

// An expected failure, as a value: what the API server answered, or why no answer came.
//
// Holds no managed memory, so it may travel anywhere. Cheap to move; the causes of a chain are
// shared. Test it by the functions below (`IsNotFound(e)`), not by its text.
class Error {
 public:
  // One field that the server rejected.
  struct Cause {
    std::string field;
    std::string reason;
    std::string message;
  };
  // Which object the error is about, as Kubernetes' Status.details tells it.
  struct Details {
    std::string group;
    std::string kind;
    std::string name;
    std::string uid;
    std::vector<Cause> causes;
  };

  Error() = default;
  Error(std::string reason, int code, std::string message)
      : reason(std::move(reason)), code(code), message(std::move(message)) {}

  // Kubernetes' StatusReason ("NotFound", "Conflict", …), or one of Canceled, DeadlineExceeded,
  // Unreachable, InvalidInput, OutcomeUnknown.
  std::string reason;
  // The HTTP status; 0 where there was no answer.
  int code = 0;
  // One line for people.
  std::string message;
  Details details;
  // How long the server asks to wait before the next try.
  std::optional<std::chrono::seconds> retry_after;
  // What led to this error.
  std::shared_ptr<const Error> cause;

  // One line: the message, its reason where the message does not tell it, and the chain of causes.
  std::string ToString() const;

  // Puts `context` in front of the message ("list pods: …"); reason, code and details stay.
  Error Wrap(std::string_view context) &&;
  Error Wrap(std::string_view context) const&;

  // Sets the cause and returns the error.
  Error CausedBy(Error cause) &&;

  static Error Canceled(std::string message);
  static Error DeadlineExceeded(std::string message);
  static Error Unreachable(std::string message);
  static Error InvalidInput(std::string message);
  // A request may or may not have been carried out: the connection was lost before the answer.
  static Error OutcomeUnknown(std::string message);
  static Error NotFound(std::string_view kind, std::string_view name);
  static Error AlreadyExists(std::string_view kind, std::string_view name);
  static Error Conflict(std::string_view kind, std::string_view name, std::string_view why);
  static Error Invalid(std::string_view kind, std::string_view name, std::vector<Cause> causes);
  static Error BadRequest(std::string message);
  static Error Expired(std::string message);
  static Error TooManyRequests(std::string message,
                               std::optional<std::chrono::seconds> retry_after = {});
  static Error Unauthorized(std::string message);
  static Error Forbidden(std::string message);
  static Error MethodNotAllowed(std::string message);
  static Error Timeout(std::string message);
  static Error Internal(std::string message);
};

// The reason that Kubernetes gives an answer with this HTTP status when its body names none.
std::string_view ReasonForCode(int code);

bool IsNotFound(const Error& error);
bool IsAlreadyExists(const Error& error);
// A Conflict (409) that is not AlreadyExists: the object changed meanwhile.
bool IsConflict(const Error& error);
bool IsInvalid(const Error& error);
// 410: the resource version is too old (Expired), or the continue token is (Gone).
bool IsExpired(const Error& error);
bool IsTooManyRequests(const Error& error);
// The server gave up waiting (504, Timeout).
bool IsTimeout(const Error& error);
// The server asks to try again (ServerTimeout).
bool IsServerTimeout(const Error& error);
bool IsUnauthorized(const Error& error);
bool IsForbidden(const Error& error);
bool IsInternalError(const Error& error);
bool IsBadRequest(const Error& error);
bool IsMethodNotAllowed(const Error& error);
bool IsCanceled(const Error& error);
bool IsDeadlineExceeded(const Error& error);
bool IsUnreachable(const Error& error);
bool IsInvalidInput(const Error& error);
bool IsOutcomeUnknown(const Error& error);

}  // namespace xebec
