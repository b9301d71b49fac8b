#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "informer/indexer.h"
#include "informer/shared_informer.h"
#include "object/selector.h"
#include "runtime/result.h"

namespace xebec::informer {

// Reads an informer's cache as typed objects: no request is sent, and what is returned may be older
// than the server's state. Objects are immutable and may be kept. Cheap to copy; safe from any
// fiber.
template <class T>
class Lister {
 public:
  explicit Lister(std::shared_ptr<const SharedIndexInformer> informer)
      : informer_(std::move(informer)) {}

  // Error: NotFound.
  Result<T> Get(const NamespacedName& key) const {
    object::Object object = informer_->indexer().Get(key);
    if (!object) return Error::NotFound(T::kResource, key.ToString());
    return T(std::move(object));
  }

  std::vector<T> List() const { return Typed(informer_->indexer().List()); }
  std::vector<T> List(const object::LabelSelector& selector) const {
    return Selected(informer_->indexer().List(), selector);
  }
  std::vector<T> ListNamespace(const std::string& ns) const {
    return Typed(informer_->indexer().ListNamespace(ns));
  }
  std::vector<T> ListNamespace(const std::string& ns, const object::LabelSelector& selector) const {
    return Selected(informer_->indexer().ListNamespace(ns), selector);
  }
  // Error: InvalidInput for an index that was not added.
  Result<std::vector<T>> ByIndex(const std::string& index, const std::string& value) const {
    XEBEC_ASSIGN_OR_RETURN(auto objects, informer_->indexer().ByIndex(index, value));
    return Typed(std::move(objects));
  }

 private:
  static std::vector<T> Typed(std::vector<object::Object> objects) {
    std::vector<T> typed;
    typed.reserve(objects.size());
    for (object::Object& object : objects) typed.emplace_back(std::move(object));
    return typed;
  }
  static std::vector<T> Selected(std::vector<object::Object> objects,
                                 const object::LabelSelector& selector) {
    std::erase_if(
        objects, [&](const object::Object& o) { return !selector.Matches(o.metadata().labels()); });
    return Typed(std::move(objects));
  }

  std::shared_ptr<const SharedIndexInformer> informer_;
};

}  // namespace xebec::informer
