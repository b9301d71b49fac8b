#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "informer/list_watcher.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/debug/metrics.h"
#include "runtime/error.h"
#include "runtime/sched/atomic.h"

namespace xebec::informer {

// What a reflector keeps up to date. Called by the reflector's fiber alone.
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  // The state as of a list.
  virtual void Replace(std::vector<object::Object> objects,
                       const std::string& resource_version) = 0;
  // An object was added or changed; deleted.
  virtual void Store(object::Object object) = 0;
  virtual void Delete(const object::Object& object) = 0;
  // The state is known to be as of this resource version (an event or a bookmark said so).
  virtual void Reached(const std::string& resource_version) = 0;
};

// Waits between tries: `base` doubled up to `cap`, each lengthened by up to as much again at
// random; begins anew after `reset` without a wait. The defaults are client-go's.
struct Backoff {
  std::chrono::nanoseconds base = std::chrono::milliseconds(800);
  std::chrono::nanoseconds cap = std::chrono::seconds(30);
  std::chrono::nanoseconds reset = std::chrono::minutes(2);

  std::chrono::nanoseconds Next();

 private:
  std::chrono::nanoseconds next_{0};
  int64_t last_ = 0;  // NanoTime of the last Next; 0 before it
};

struct ReflectorOptions {
  Backoff backoff;
  // The server is asked to end each watch after a random time between these.
  std::chrono::seconds min_watch_timeout = std::chrono::minutes(5);
  std::chrono::seconds max_watch_timeout = std::chrono::minutes(10);
  // Called, besides the log line, with each error that made the reflector wait or list again.
  std::function<void(const Error&)> on_error;
  // Null: the process-wide registry.
  runtime::Metrics* metrics = nullptr;
};

// Keeps a sink in step with a server: list, then watch from the list's resource version on
// (client-go's Reflector).
//
//   kListing ──ok──▶ kConnecting ──opened──▶ kWatching
//      ▲  │fail           ▲  │refused, 429        │ ended by the server, or cut: connect again
//      │  ▼               │  ▼                    │ 410, or three unreadable events at one resource
//      version: list
//    kBackingOff       kBackingOff ◀──────────────┘ anything else: wait, then list
//
// The first list is at resource version "0" (any state the server has at hand), later ones at the
// last version seen, and after Expired or "too large" at "" (the newest). A watch that is refused,
// cut or unreadable is opened again from the last version seen, without a new list: nothing is
// lost, since that version moves only with what the sink got.
class Reflector {
 public:
  enum class State : uint8_t { kNew, kListing, kConnecting, kWatching, kBackingOff, kStopped };

  Reflector(std::shared_ptr<ListerWatcher> source, ReflectorSink& sink,
            ReflectorOptions options = {});

  // Blocks until `ctx` is done. Once only.
  void Run(const Context& ctx);

  State state() const { return state_.load(std::memory_order_acquire); }
  // How often the server was listed.
  uint64_t lists() const { return lists_.load(std::memory_order_relaxed); }

 private:
  enum class Next { kList, kListNewest, kWatch, kWaitThenList, kWaitThenWatch };

  Next List(const Context& ctx);
  Next WatchOnce(const Context& ctx);
  Next AfterWatchError(const Error& error);
  void Wait(const Context& ctx);
  void Report(std::string_view what, const Error& error);

  const std::shared_ptr<ListerWatcher> source_;
  ReflectorSink& sink_;
  ReflectorOptions options_;
  runtime::Atomic<State> state_{State::kNew};
  runtime::Atomic<uint64_t> lists_{0};
  // Of the fiber in Run:
  std::string resource_version_;
  bool list_newest_ = false;
  // Why the next list is made, for metrics: first, expired, unreadable or error.
  const char* list_cause_ = "first";
  int unreadable_ = 0;  // events in a row that could not be read at this resource version
};

}  // namespace xebec::informer
