#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "client/client.h"
#include "informer/lister.h"
#include "informer/shared_informer.h"
#include "runtime/context.h"
#include "runtime/result.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"

namespace xebec::informer {

struct FactoryOptions {
  // What every informer of this factory is limited to.
  Scope scope;
  InformerOptions informer;
};

// One informer for each resource, shared by all who ask for it (client-go's SharedInformerFactory).
//
//   SharedInformerFactory factory(client);
//   auto pods = factory.InformerFor<Pod>();
//   pods->AddEventHandler(…);
//   factory.Start(ctx);
//   XEBEC_TRY(factory.WaitForCacheSync(ctx));
//
// Safe from any fiber.
class SharedInformerFactory {
 public:
  explicit SharedInformerFactory(client::Client client, FactoryOptions options = {});
  // Shutdown must have returned if anything was started.
  ~SharedInformerFactory() = default;

  // The informer of T's resource; made at the first call.
  template <class T>
  std::shared_ptr<SharedIndexInformer> InformerFor() {
    return InformerFor(client::Client::InfoOf<T>());
  }
  std::shared_ptr<SharedIndexInformer> InformerFor(const client::ResourceInfo& info);
  template <class T>
  Lister<T> ListerFor() {
    return Lister<T>(InformerFor<T>());
  }

  // Starts each informer that was asked for and is not started yet, in a fiber of its own; they end
  // with `ctx`. May be called again, from several fibers at once too: no informer starts twice.
  // After Shutdown it does nothing.
  void Start(const Context& ctx);

  // Blocks until every started informer holds its first list. Error: `ctx` ended before; names what
  // is missing.
  Result<void> WaitForCacheSync(const Context& ctx);

  // Starts nothing more and blocks until all informers have ended: their Context must be done, or
  // come to be.
  void Shutdown();

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // group, version, resource
  struct Entry {
    std::shared_ptr<SharedIndexInformer> informer;
    bool started = false;
  };

  const client::Client client_;
  const FactoryOptions options_;
  runtime::Mutex mu_;
  std::map<Key, Entry> informers_;  // guarded by mu_
  bool shutting_down_ = false;      // guarded by mu_
  runtime::WaitGroup running_;
};

}  // namespace xebec::informer
