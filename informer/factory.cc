#include "informer/factory.h"

#include <mutex>
#include <utility>
#include <vector>

#include "runtime/sched/fiber.h"

namespace xebec::informer {

SharedInformerFactory::SharedInformerFactory(client::Client client, FactoryOptions options)
    : client_(std::move(client)), options_(std::move(options)) {}

std::shared_ptr<SharedIndexInformer> SharedInformerFactory::InformerFor(
    const client::ResourceInfo& info) {
  std::lock_guard lock(mu_);
  Entry& entry = informers_[Key{info.gvr.group, info.gvr.version, info.gvr.resource}];
  if (!entry.informer) {
    Scope scope = options_.scope;
    if (info.namespaced == false) scope.ns.clear();
    // Before the call: its arguments may be made in any order, and the scope is moved there.
    client::Resource resource = client_.Resource(info, scope.ns);
    entry.informer = std::make_shared<SharedIndexInformer>(
        MakeListerWatcher(std::move(resource), std::move(scope)), options_.informer);
  }
  return entry.informer;
}

void SharedInformerFactory::Start(const Context& ctx) {
  std::lock_guard lock(mu_);
  if (shutting_down_) return;
  for (auto& [key, entry] : informers_) {
    if (std::exchange(entry.started, true)) continue;
    running_.Add(1);
    runtime::GoNamed("informer/" + entry.informer->name(), [this, ctx, informer = entry.informer] {
      informer->Run(ctx);
      running_.Done();
    });
  }
}

Result<void> SharedInformerFactory::WaitForCacheSync(const Context& ctx) {
  std::vector<std::shared_ptr<SharedIndexInformer>> started;
  {
    std::lock_guard lock(mu_);
    for (const auto& [key, entry] : informers_) {
      if (entry.started) started.push_back(entry.informer);
    }
  }
  for (const auto& informer : started) XEBEC_TRY(informer->WaitForSync(ctx));
  return {};
}

void SharedInformerFactory::Shutdown() {
  {
    std::lock_guard lock(mu_);
    shutting_down_ = true;
  }
  running_.Wait();
}

}  // namespace xebec::informer
