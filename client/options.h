// The options of the client's verbs. Empty fields are not sent: the server's defaults hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace xebec::client {

struct GetOptions {
  // "": the newest state; "0": any state the server has at hand; else: at least this one.
  std::string resource_version{};
  // "status", "scale" …
  std::string subresource{};
};

struct ListOptions {
  // Empty: all namespaces.
  std::string ns{};
  // "app=web,tier in (a,b),!old"; LabelSelector::ToString() gives this form.
  std::string label_selector{};
  // "metadata.name=x,spec.nodeName!=y"
  std::string field_selector{};
  // Most items in one answer; 0: all.
  int64_t limit = 0;
  // From the page before.
  std::string continue_token{};
  // As in GetOptions.
  std::string resource_version{};
  // "NotOlderThan" or "Exact"; needs a resource version.
  std::string resource_version_match{};
};

struct WatchOptions {
  std::string ns{};
  std::string label_selector{};
  std::string field_selector{};
  // Where to start: the list's resource version. "": now, with what exists as ADDED events first.
  std::string resource_version{};
  std::string resource_version_match{};
  bool allow_bookmarks = true;
  // The server sends what exists, then a bookmark (WatchList).
  bool send_initial_events = false;
  // The server ends the watch after this time; 0: its own default.
  std::chrono::seconds timeout{0};
  // The watch ends with an error when not a byte came for this long: half-open connections are
  // found that way. Load balancers cut after 240 s and more, bookmarks come about each minute.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(225);
  // One event may have so many bytes; a longer one ends the watch with an error.
  size_t max_event_bytes = size_t{64} << 20;
};

// Common to all that write.
struct WriteOptions {
  // Everything is checked and admitted, nothing is stored.
  bool dry_run = false;
  std::string field_manager{};
  // "Strict", "Warn" or "Ignore"
  std::string field_validation{};
  std::string subresource{};
};
using CreateOptions = WriteOptions;
using UpdateOptions = WriteOptions;
using PatchOptions = WriteOptions;

enum class PatchType {
  kJson,            // RFC 6902, a list of operations
  kMerge,           // RFC 7386
  kStrategicMerge,  // Kubernetes' own; built-in kinds only
};

enum class Propagation {
  kDefault,     // as the kind has it
  kBackground,  // the object now, its dependents after it
  kForeground,  // its dependents first
  kOrphan,      // its dependents stay
};

struct DeleteOptions {
  std::optional<int64_t> grace_period_seconds{};
  Propagation propagation = Propagation::kDefault;
  // Delete only this very object: else a Conflict.
  std::string uid{};
  // Delete only if unchanged: else a Conflict.
  std::string resource_version{};
  bool dry_run = false;
};

}  // namespace xebec::client
