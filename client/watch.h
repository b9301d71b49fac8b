// A watch: events pulled one by one.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "object/list.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::client {

using object::EventType;

template <class T>
struct Event {
  EventType type = EventType::kAdded;  // never kError: those come as errors
  T object;                            // of a bookmark: only its resource version counts
};

// An open watch over one connection of its own. Used by one fiber at a time; only Stop() may be
// called by others. Destroying it closes the connection. An empty handle may only be destroyed or
// assigned to.
class WatchStream {
 public:
  WatchStream() = default;
  WatchStream(WatchStream&&) noexcept = default;
  WatchStream& operator=(WatchStream&&) noexcept = default;
  ~WatchStream();

  // The next event. Blocks; ends with the Context that the watch was opened with.
  //
  // nullopt: the watch is over: the server ended it (its timeout), Stop() was called or the Context
  // is done. An error: it is over and this is why; each error comes once, nullopt follows:
  //   an error event of the server, decoded (IsExpired: list again);
  //   Unreachable: the connection was cut, also in the middle of an event, or was silent for
  //   WatchOptions::idle_timeout;
  //   InvalidInput: what came is no event, or is longer than WatchOptions::max_event_bytes.
  std::optional<Result<Event<object::Object>>> Next();

  // The same, but also over when `ctx` is done; the watch cannot be used afterwards.
  std::optional<Result<Event<object::Object>>> Next(const Context& ctx);

  // Ends the watch; a fiber that waits in Next wakes. Any fiber, any number of times.
  void Stop();

  class Impl;
  explicit WatchStream(std::shared_ptr<Impl> impl);

 private:
  std::shared_ptr<Impl> impl_;
};

// WatchStream with typed objects; the same rules.
template <class T>
class Watcher {
 public:
  Watcher() = default;
  explicit Watcher(WatchStream stream) : stream_(std::move(stream)) {}

  std::optional<Result<Event<T>>> Next() { return Typed(stream_.Next()); }
  std::optional<Result<Event<T>>> Next(const Context& ctx) { return Typed(stream_.Next(ctx)); }
  void Stop() { stream_.Stop(); }

 private:
  static std::optional<Result<Event<T>>> Typed(std::optional<Result<Event<object::Object>>> event) {
    if (!event) return std::nullopt;
    if (!event->ok()) return Result<Event<T>>(std::move(*event).error());
    return Result<Event<T>>(Event<T>{(*event)->type, T(std::move((*event)->object))});
  }
  WatchStream stream_;
};

}  // namespace xebec::client
