#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xebec::apiserver {

using StringPairs = std::vector<std::pair<std::string, std::string>>;

// One entry of metadata.ownerReferences, as far as the collector needs it.
struct OwnerRef {
  std::string api_version, kind, name, uid;
  bool blocks_deletion = false;
};

// What the server reads from an object without parsing it again.
struct ItemMeta {
  std::string ns, name, uid;
  std::string created;  // metadata.creationTimestamp, RFC 3339
  StringPairs labels;   // sorted by key
  StringPairs fields;   // the selectable fields beyond name and namespace
  std::vector<std::string> finalizers;
  std::vector<OwnerRef> owners;
  bool deleting = false;  // metadata.deletionTimestamp is set

  // "ns/name", or "name" for a cluster-scoped object: the key within its table.
  std::string Key() const { return ns.empty() ? name : ns + "/" + name; }
  bool HasFinalizer(std::string_view finalizer) const;
};

// An object that waits for its revision: its bytes before and after the value of
// metadata.resourceVersion. Serialising happens here, outside the store's lock.
struct Draft {
  ItemMeta meta;
  std::string head, tail;
  size_t body_at = 0;   // in head: just after kind and apiVersion
  size_t meta_at = 0;   // in head: the brace that opens metadata
  size_t meta_end = 0;  // in tail: just after the brace that closes metadata
};

// A stored object: immutable, shared by the table, the log and every list and watch that shows it.
struct Item : ItemMeta {
  uint64_t revision = 0;
  std::string bytes;  // the whole object as JSON, kind and apiVersion first
  size_t body_at = 0, revision_at = 0, revision_len = 0, meta_at = 0, meta_len = 0;

  std::string_view Metadata() const { return std::string_view(bytes).substr(meta_at, meta_len); }
  // Appends the object to `out`, without kind and apiVersion if `typed` is false.
  void AppendTo(std::string& out, bool typed) const;
  nlohmann::json Parse() const;
};
using ItemPtr = std::shared_ptr<const Item>;

// Serialises `doc` (an object with kind, apiVersion and metadata). `field_paths` are the dotted
// paths of the fields that field selectors may name.
Draft MakeDraft(const nlohmann::json& doc, const std::vector<std::string>& field_paths);

// The draft with its revision filled in.
ItemPtr MakeItem(Draft draft, uint64_t revision);

// The same object at another revision: what a DELETED event carries.
ItemPtr WithRevision(const Item& item, uint64_t revision);

// A string field of a JSON object, empty if it is missing or no string.
std::string StringField(const nlohmann::json& object, std::string_view key);

}  // namespace xebec::apiserver
