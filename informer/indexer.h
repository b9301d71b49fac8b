#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "object/ids.h"
#include "object/object.h"
#include "runtime/result.h"
#include "runtime/sync/rwmutex.h"

namespace xebec::informer {

// The values under which an index finds an object. Must be pure: it runs again for the old object
// when it changes.
using IndexFunc = std::function<std::vector<std::string>(const object::Object&)>;

// The objects of a cache by namespace and name, and by indexes (client-go's ThreadSafeStore and
// Indexer).
//
// Objects are immutable, so what is returned may be kept and never changes under its reader. Each
// call sees one consistent state. A writer holds the lock for the change of one entry; Replace
// builds the new state beside the old one and swaps them, so that a reader never waits for a relist
// (kubernetes#130767). Safe from any fiber.
class Indexer {
 public:
  Indexer() = default;
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  // Null if there is none.
  object::Object Get(const NamespacedName& key) const;
  // All objects, in no particular order; in one namespace through an index that is always there.
  std::vector<object::Object> List() const;
  std::vector<object::Object> ListNamespace(const std::string& ns) const;
  // Objects that `index` finds under `value`. Error: InvalidInput for an index that was not added.
  Result<std::vector<object::Object>> ByIndex(const std::string& index,
                                              const std::string& value) const;
  size_t size() const;
  // Adds an index, also over the objects that are already there. Error: AlreadyExists.
  Result<void> AddIndex(const std::string& name, IndexFunc func);
  // The newest resource version that the cache is known to reflect.
  std::string ResourceVersion() const;

  // For the informer that fills the cache; one writer at a time.
  //
  // Stores `object`; returns what was there under its key, or null.
  object::Object Put(const object::Object& object);
  // Returns what was removed, or null.
  object::Object Remove(const NamespacedName& key);
  // The new state is `objects` alone.
  void Replace(const std::vector<object::Object>& objects, std::string resource_version);
  void SetResourceVersion(std::string resource_version);

 private:
  using Keys = std::unordered_set<NamespacedName>;
  struct Index {
    IndexFunc func;
    std::unordered_map<std::string, Keys> keys;
  };
  struct State {
    std::unordered_map<NamespacedName, object::Object> objects;
    std::map<std::string, Index> indexes;
    std::unordered_map<std::string, Keys> namespaces;

    void Link(const NamespacedName& key, const object::Object& object);
    void Unlink(const NamespacedName& key, const object::Object& object);
    std::vector<object::Object> Collect(const Keys& keys) const;
  };

  mutable runtime::RWMutex mu_;
  State state_;                   // guarded by mu_
  std::string resource_version_;  // guarded by mu_
};

}  // namespace xebec::informer
