#include "informer/list_watcher.h"

#include <utility>

namespace xebec::informer {
namespace {

class ClientEventStream final : public EventStream {
 public:
  explicit ClientEventStream(client::WatchStream stream) : stream_(std::move(stream)) {}
  std::optional<Result<client::Event<object::Object>>> Next(const Context& ctx) override {
    return stream_.Next(ctx);
  }

 private:
  client::WatchStream stream_;
};

class ClientListerWatcher final : public ListerWatcher {
 public:
  ClientListerWatcher(client::Resource resource, Scope scope)
      : resource_(std::move(resource)), scope_(std::move(scope)) {}

  Result<object::List<object::Object>> List(const Context& ctx, const std::string& resource_version,
                                            bool paged) override {
    client::ListOptions options{.ns = scope_.ns,
                                .label_selector = scope_.label_selector,
                                .field_selector = scope_.field_selector,
                                .resource_version = resource_version};
    return paged ? resource_.ListAll(ctx, options) : resource_.List(ctx, options);
  }

  Result<std::unique_ptr<EventStream>> Watch(const Context& ctx,
                                             const std::string& resource_version,
                                             std::chrono::seconds timeout) override {
    XEBEC_ASSIGN_OR_RETURN(
        auto stream,
        resource_.Watch(ctx, client::WatchOptions{.ns = scope_.ns,
                                                  .label_selector = scope_.label_selector,
                                                  .field_selector = scope_.field_selector,
                                                  .resource_version = resource_version,
                                                  .timeout = timeout}));
    return std::unique_ptr<EventStream>(std::make_unique<ClientEventStream>(std::move(stream)));
  }

  std::string Name() const override { return resource_.info().gvr.resource; }

 private:
  client::Resource resource_;
  Scope scope_;
};

}  // namespace

std::shared_ptr<ListerWatcher> MakeListerWatcher(client::Resource resource, Scope scope) {
  return std::make_shared<ClientListerWatcher>(std::move(resource), std::move(scope));
}

}  // namespace xebec::informer
