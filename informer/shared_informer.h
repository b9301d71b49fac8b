#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "informer/event_handler.h"
#include "informer/indexer.h"
#include "informer/list_watcher.h"
#include "informer/reflector.h"
#include "runtime/context.h"
#include "runtime/debug/metrics.h"
#include "runtime/result.h"

namespace xebec::informer {

namespace internal {
class Mailbox;
}

struct InformerOptions {
  ReflectorOptions reflector;
  // Changes each object before it is stored, for example to drop what nobody reads. Must be
  // idempotent and keep name, namespace, uid and resourceVersion.
  std::function<object::Object(object::Object)> transform;
  // Null: the process-wide registry.
  runtime::Metrics* metrics = nullptr;
};

// A handler's place in an informer. Copies name the same one.
class HandlerRegistration {
 public:
  HandlerRegistration() = default;
  // Whether the handler has heard of everything that existed when it (or the informer) started.
  bool HasSynced() const;
  // Blocks until then. Error: `ctx` ended before.
  Result<void> WaitForSync(const Context& ctx) const;

 private:
  friend class SharedIndexInformer;
  explicit HandlerRegistration(std::shared_ptr<internal::Mailbox> mailbox)
      : mailbox_(std::move(mailbox)) {}
  std::shared_ptr<internal::Mailbox> mailbox_;
};

// One cache of one resource, kept up to date by one list and watch, for any number of handlers.
//
// Contract (eventual consistency, as client-go's): for each object that stays unchanged from some
// time on, the cache comes to hold its final state and each handler is told of it. Each handler is
// told of each object's states in the order in which the cache held them, and the cache changes
// first. Handlers do not wait for one another.
//
// Safe from any fiber. The informer must outlive the fiber in Run.
class SharedIndexInformer {
 public:
  SharedIndexInformer(std::shared_ptr<ListerWatcher> source, InformerOptions options = {});
  ~SharedIndexInformer();
  SharedIndexInformer(const SharedIndexInformer&) = delete;
  SharedIndexInformer& operator=(const SharedIndexInformer&) = delete;

  // Lists, watches and tells the handlers until `ctx` is done; returns when their fibers have
  // ended. Once only: a second call is a Panic.
  void Run(const Context& ctx);

  // May be called at any time: a late handler is first told of all that the cache holds. resync:
  // the handler gets an update with the same object twice for each object so often; 0: never; at
  // least a second.
  HandlerRegistration AddEventHandler(
      std::shared_ptr<EventHandler> handler,
      std::chrono::nanoseconds resync = std::chrono::nanoseconds(0));
  // The handler hears of nothing more, but for the event it is being told. Twice is once.
  void RemoveEventHandler(const HandlerRegistration& registration);

  // Whether the first list is in the cache.
  bool HasSynced() const;
  // Blocks until then. Error: `ctx` ended before.
  Result<void> WaitForSync(const Context& ctx) const;

  const Indexer& indexer() const { return indexer_; }
  // Also after the start. Error: AlreadyExists.
  Result<void> AddIndex(const std::string& name, IndexFunc func) {
    return indexer_.AddIndex(name, std::move(func));
  }
  const std::string& name() const { return name_; }
  Reflector::State state() const { return reflector_.state(); }
  uint64_t lists() const { return reflector_.lists(); }

 private:
  class Sink;
  struct Handlers;
  void Resync(const Context& ctx);

  const std::string name_;
  const InformerOptions options_;
  Indexer indexer_;
  std::unique_ptr<Handlers> handlers_;
  std::unique_ptr<Sink> sink_;
  Reflector reflector_;
};

}  // namespace xebec::informer
