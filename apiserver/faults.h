#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace xebec::apiserver {

// One call that a fault may hit. Keyed by what is called and how often it was called before, not by
// time or by one stream of random numbers: taking one fault away does not shift the others.
struct FaultPoint {
  std::string verb;      // get list watch create update patch delete deletecollection
  std::string resource;  // "pods", "deployments.apps", "pods/status"
  std::string ns, name;  // empty where the request names none
  uint64_t index = 0;    // calls of this verb and resource before this one
};

// What happens to a call.
struct Fault {
  enum class Kind : uint8_t {
    kNone,
    kStatus,       // answered with `code`, nothing is applied
    kStatusAfter,  // applied, but answered with `code`
    kDropBefore,   // the connection is cut, nothing is applied
    kDropAfter,    // applied, then the connection is cut without an answer
    kHang          // never answered: held until the client goes or the server stops
  };
  Kind kind = Kind::kNone;
  int code = 500;
  std::string message;  // empty: a message by the code
  std::optional<std::chrono::seconds> retry_after;
  // Waits so long first, whatever the kind.
  std::chrono::nanoseconds delay{0};
  // A watch is cut (as by a lost connection) after so many events were sent. Only for watches.
  std::optional<size_t> cut_after_events;

  static Fault Status(int code, std::string message = "") {
    Fault fault;
    fault.kind = Kind::kStatus;
    fault.code = code;
    fault.message = std::move(message);
    return fault;
  }
};

// Decides the fate of a call. Called from the request's fiber: must be thread-safe; may block.
using FaultHook = std::function<Fault(const FaultPoint&)>;

}  // namespace xebec::apiserver
