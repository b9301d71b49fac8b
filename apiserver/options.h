#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "apiserver/faults.h"

namespace xebec::apiserver {

// How a Server behaves. The defaults suit tests and demos.
struct Options {
  // The largest request body in bytes; more is a 413. Default: 3 MiB, as kube-apiserver has it.
  size_t max_body_bytes = 3 << 20;
  // Requests (watches apart) worked on at once; more are answered 429 with Retry-After: 1.
  size_t max_in_flight = 1000;
  // The revision log keeps at most so many events, and so many bytes of objects in them. A watch or
  // a continued list that would need an older event gets 410 (Expired).
  size_t log_max_events = 100'000;
  size_t log_max_bytes = 128 << 20;
  // The revision before the first write. A server that keeps nothing over a restart should start
  // above all that it ever gave out, so that old cursors get 410 and list again: the program
  // starts at the wall clock's milliseconds.
  uint64_t first_revision = 1;
  // A read that asks for a later revision than there is waits so long before it gets 504.
  std::chrono::nanoseconds fresh_wait = std::chrono::seconds(3);
  // The time between two bookmarks of a watch that allows them.
  std::chrono::nanoseconds bookmark_interval = std::chrono::seconds(60);
  // How long a watch without timeoutSeconds lasts: from this to twice this, by Rand.
  std::chrono::nanoseconds watch_timeout = std::chrono::minutes(30);
  // What /version tells.
  std::string git_version = "v1.36.3+xebec";
  // Serve addresses beyond the loopback. Off: Start refuses them, for there is no access control.
  bool allow_remote = false;
  // Asked before each request is carried out; for fault tests. Empty: no faults.
  FaultHook faults;
};

}  // namespace xebec::apiserver
