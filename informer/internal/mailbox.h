#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>

#include "informer/event_handler.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/debug/metrics.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"

namespace xebec::informer::internal {

// One handler of an informer: the events it still has to be told, and the fiber that tells it.
//
// The queue is unbounded, as client-go's: an entry is a handle or two (the objects are shared with
// the cache), a slow handler must not hold up the others, and dropping an event would lose it. Its
// length is a metric.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  struct Add {
    object::Object object;
    bool initial;
  };
  struct Update {
    object::Object old_object, new_object;
  };
  struct Delete {
    object::Object object;
    bool final_state_unknown;
  };
  struct Synced {};  // everything that existed at the start lies before this
  using Event = std::variant<Add, Update, Delete, Synced>;

  Mailbox(std::string informer, std::shared_ptr<EventHandler> handler,
          std::chrono::nanoseconds resync, runtime::Metrics& metrics);

  // Starts the fiber; `running` counts it.
  void Start(const std::shared_ptr<runtime::WaitGroup>& running);
  void Push(Event event);
  // No event is delivered after the one that is being delivered. Never blocks.
  void Stop();

  bool synced() const { return synced_.closed(); }
  // Closed once the handler has heard of everything that existed at the start.
  const runtime::Chan<Unit>& synced_channel() const { return synced_; }
  std::chrono::nanoseconds resync() const { return resync_; }

  // Of the informer, under its lock: when the next resync is due (NanoTime).
  int64_t next_resync = 0;

 private:
  void Run();
  void Deliver(const Event& event);

  const std::string informer_;
  const std::shared_ptr<EventHandler> handler_;
  const std::chrono::nanoseconds resync_;
  runtime::Counter& panics_;
  runtime::Chan<Unit> synced_;

  runtime::Mutex mu_;
  runtime::Cond changed_;     // of mu_
  std::deque<Event> events_;  // guarded by mu_
  bool stopped_ = false;      // guarded by mu_
};

}  // namespace xebec::informer::internal
