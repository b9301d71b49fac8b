// The objects: one table for each resource, one revision log for all, one mutex over both.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "apiserver/internal/revision_log.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"

namespace xebec::apiserver {

// Where an object is: stable while it exists, ordered without regard to addresses.
struct ObjectRef {
  TableId table = 0;
  std::string key;
  auto operator<=>(const ObjectRef&) const = default;
};

// How a write ended.
enum class WriteOutcome : uint8_t {
  kOk,
  kExists,          // Create: the key is taken
  kStale,           // Replace, Remove: another write came first; read again
  kGone,            // Replace, Remove: the object is no longer there
  kNoNamespace,     // Create: the namespace does not exist
  kNamespaceEnding  // Create: the namespace is being deleted
};

struct WriteResult {
  WriteOutcome outcome = WriteOutcome::kOk;
  ItemPtr item;  // kOk: as stored, or at its deletion's revision
};

struct ListQuery {
  std::string ns;                          // empty: all namespaces
  std::optional<uint64_t> revision;        // empty: now
  std::string start_after;                 // key; empty: from the start
  size_t limit = 0;                        // 0: no limit
  std::function<bool(const Item&)> match;  // empty: all
};

struct ListPage {
  std::vector<ItemPtr> items;
  uint64_t revision = 0;
  bool more = false;     // the page ends before the list does
  size_t remaining = 0;  // how many objects follow (only counted without `match`)
  bool expired = false;  // the revision is compacted
};

// Thread-safe. No function blocks on anything but the mutex.
class Store {
 public:
  Store(LogOptions log_options, uint64_t first_revision);

  // The number of the table with this name ("apps/deployments"); makes it if it is new.
  TableId OpenTable(const std::string& name);
  // The table whose objects are the namespaces that namespaced objects live in.
  void SetNamespaceTable(TableId table);

  uint64_t Revision() const;
  ItemPtr Get(TableId table, std::string_view key) const;
  ItemPtr Get(const ObjectRef& ref) const { return Get(ref.table, ref.key); }
  // The object with this uid, null if there is none, and where it is.
  std::pair<ItemPtr, ObjectRef> FindUid(const std::string& uid) const;
  // The objects whose ownerReferences name this uid.
  std::vector<ObjectRef> Dependents(const std::string& uid) const;
  ListPage List(TableId table, const ListQuery& query) const;
  // The objects of all tables in this namespace.
  std::vector<ObjectRef> InNamespace(const std::string& ns) const;
  // All objects, in the order of tables and keys.
  std::vector<ObjectRef> All() const;

  WriteResult Create(TableId table, Draft draft);
  // Stores the draft if `expected` is still the current state.
  WriteResult Replace(TableId table, const ItemPtr& expected, Draft draft);
  WriteResult Remove(TableId table, const ItemPtr& expected);

  LogRead Read(TableId table, uint64_t after, size_t limit) const;
  LogRead ReadAll(uint64_t after, size_t limit) const;
  bool Reaches(TableId table, uint64_t revision) const;
  void CompactLog();

  // Told by one value (never more than one waits) whenever an event was appended.
  class Subscription {
   public:
    Subscription(Store* store, std::optional<TableId> table);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    runtime::Chan<Unit>& changed() { return changed_; }

   private:
    Store* const store_;
    runtime::Chan<Unit> changed_{1};
    uint64_t id_;
  };
  // Wakes the subscriptions of a table as an event does.
  void Wake(TableId table);

 private:
  using Objects = std::map<std::string, ItemPtr, std::less<>>;
  struct Subscriber {
    std::optional<TableId> table;  // empty: all
    runtime::Chan<Unit> changed;
  };

  void AppendLocked(EventType type, TableId table, ItemPtr item, ItemPtr previous);
  void IndexLocked(TableId table, const Item& item);
  void UnindexLocked(TableId table, const Item& item);
  void WakeLocked(TableId table);
  WriteOutcome CheckCurrentLocked(TableId table, const Item& expected) const;

  mutable runtime::Mutex mu_;  // guards all below
  RevisionLog log_;
  std::map<std::string, TableId> table_names_;
  std::vector<Objects> tables_;
  std::optional<TableId> namespaces_;
  std::unordered_map<std::string, ObjectRef> by_uid_;                // looked up only
  std::unordered_map<std::string, std::set<ObjectRef>> dependents_;  // owner uid → objects
  std::map<uint64_t, Subscriber> subscribers_;
  uint64_t next_subscriber_ = 0;
};

}  // namespace xebec::apiserver
