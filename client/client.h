// The client of an API server.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "client/client_options.h"
#include "client/config.h"
#include "client/options.h"
#include "client/resource.h"
#include "client/watch.h"
#include "object/list.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::runtime::http {
class Transport;
}  // namespace xebec::runtime::http

namespace xebec::client {

// A cheap handle to one server's connections, copied freely, safe on any fiber.
//
//   XEBEC_ASSIGN_OR_RETURN(auto config, client::Config::Load());
//   client::Client client(config);
//   XEBEC_ASSIGN_OR_RETURN(auto pod, client.Get<Pod>(ctx, {"default", "web-0"}));
//
// The verbs are those of Resource, on typed views (api::core::v1::Pod …): the same rules, deadlines
// and errors. Nothing is sent before the first call.
class Client {
 public:
  explicit Client(Config config, ClientOptions options = {});
  // Over a transport of one's own: the embedded server in this process, a test's script.
  explicit Client(std::shared_ptr<runtime::http::Transport> transport, Config config = {},
                  ClientOptions options = {});

  const Config& config() const;

  // The dynamic form. `ns` is used where neither key nor object names a namespace.
  client::Resource Resource(GroupVersionResource gvr, std::string ns = {}) const;
  client::Resource Resource(ResourceInfo info, std::string ns = {}) const;
  template <class T>
  client::Resource ResourceOf() const {
    return Resource(InfoOf<T>());
  }
  template <class T>
  static ResourceInfo InfoOf() {
    return {object::ResourceOf<T>(), object::KindOf<T>(), T::kNamespaced};
  }

  template <class T>
  Result<T> Get(const Context& ctx, const NamespacedName& key,
                const GetOptions& options = {}) const {
    return Typed<T>(ResourceOf<T>().Get(ctx, key, options));
  }
  template <class T>
  Result<object::List<T>> List(const Context& ctx, const ListOptions& options = {}) const {
    return TypedList<T>(ResourceOf<T>().List(ctx, options));
  }
  // Every page in one list; see Resource::ListAll.
  template <class T>
  Result<object::List<T>> ListAll(const Context& ctx, const ListOptions& options = {}) const {
    return TypedList<T>(ResourceOf<T>().ListAll(ctx, options));
  }
  template <class T>
  Result<Watcher<T>> Watch(const Context& ctx, const WatchOptions& options = {}) const {
    auto stream = ResourceOf<T>().Watch(ctx, options);
    if (!stream.ok()) return std::move(stream).error();
    return Watcher<T>(std::move(stream).value());
  }
  template <class T>
  Result<T> Create(const Context& ctx, const T& object, const CreateOptions& options = {}) const {
    return Typed<T>(ResourceOf<T>().Create(ctx, object.object(), options));
  }
  template <class T>
  Result<T> Update(const Context& ctx, const T& object, const UpdateOptions& options = {}) const {
    return Typed<T>(ResourceOf<T>().Update(ctx, object.object(), options));
  }
  template <class T>
  Result<T> UpdateStatus(const Context& ctx, const T& object,
                         const UpdateOptions& options = {}) const {
    return Typed<T>(ResourceOf<T>().UpdateStatus(ctx, object.object(), options));
  }
  template <class T>
  Result<T> Patch(const Context& ctx, const NamespacedName& key, PatchType type,
                  std::string_view body, const PatchOptions& options = {}) const {
    return Typed<T>(ResourceOf<T>().Patch(ctx, key, type, body, options));
  }
  template <class T>
  Result<T> PatchStatus(const Context& ctx, const NamespacedName& key, PatchType type,
                        std::string_view body, const PatchOptions& options = {}) const {
    return Typed<T>(ResourceOf<T>().PatchStatus(ctx, key, type, body, options));
  }
  template <class T>
  Result<void> Delete(const Context& ctx, const NamespacedName& key,
                      const DeleteOptions& options = {}) const {
    return ResourceOf<T>().Delete(ctx, key, options);
  }
  template <class T>
  Result<void> DeleteAll(const Context& ctx, const ListOptions& which = {},
                         const DeleteOptions& options = {}) const {
    return ResourceOf<T>().DeleteAll(ctx, which, options);
  }

  // A plain GET of a path ("/version", "/apis"): the body as it is.
  Result<std::string> GetRaw(const Context& ctx, const std::string& path) const;

 private:
  template <class T>
  static Result<T> Typed(Result<object::Object> object) {
    if (!object.ok()) return std::move(object).error();
    return T(std::move(object).value());
  }
  template <class T>
  static Result<object::List<T>> TypedList(Result<object::List<object::Object>> list) {
    if (!list.ok()) return std::move(list).error();
    auto meta = list->meta();
    std::vector<T> items;
    items.reserve(list->size());
    for (auto& item : std::move(list).value().items()) items.emplace_back(std::move(item));
    return object::List<T>(std::move(items), std::move(meta));
  }

  std::shared_ptr<internal::Rest> rest_;
};

}  // namespace xebec::client
