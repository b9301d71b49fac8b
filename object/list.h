#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object/ids.h"
#include "object/object.h"
#include "runtime/result.h"

namespace xebec::object {

// The metadata of a list.
struct ListMeta {
  std::string resource_version;
  std::string continue_token;                   // empty on the last page
  std::optional<int64_t> remaining_item_count;  // not counting this page, where the server knows
};

// What a list request returned: handles to its items, safe anywhere. T is Object or a typed view.
template <class T>
class List {
 public:
  using value_type = T;

  List() = default;
  List(std::vector<T> items, ListMeta meta) : items_(std::move(items)), meta_(std::move(meta)) {}

  const std::vector<T>& items() const& { return items_; }
  std::vector<T> items() && { return std::move(items_); }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const T& operator[](size_t i) const { return items_[i]; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  const ListMeta& meta() const { return meta_; }
  const std::string& resource_version() const { return meta_.resource_version; }
  const std::string& continue_token() const { return meta_.continue_token; }
  const std::optional<int64_t>& remaining_item_count() const { return meta_.remaining_item_count; }

 private:
  std::vector<T> items_;
  ListMeta meta_;
};

// Called with each item in turn; an error ends the walk and is returned. The object may be kept.
using ItemFn = std::function<Result<void>(Object)>;

// Walks a list reply (PodList, …) item by item: the items are parsed one after another, so that
// memory beyond the text and the items is that of one item. Items without kind and apiVersion
// (those of built-in lists) get those of `item_kind`; leave its kind empty to keep items as they
// are. Fiber only. Fails: InvalidInput with the offset (malformed or truncated text; a Table or
// anything else that is no list), what `fn` returns. Items before the fault have been delivered.
Result<ListMeta> ParseListItems(std::string_view json, const GroupVersionKind& item_kind,
                                const ItemFn& fn, const ParseOptions& options = {});

// The same, collected.
Result<List<Object>> ParseList(std::string_view json, const GroupVersionKind& item_kind,
                               const ParseOptions& options = {});

template <class T>
Result<List<T>> ParseListOf(std::string_view json) {
  std::vector<T> items;
  auto meta = ParseListItems(json, KindOf<T>(), [&](Object o) -> Result<void> {
    items.emplace_back(T(std::move(o)));
    return {};
  });
  if (!meta.ok()) return meta.error();
  return List<T>(std::move(items), std::move(*meta));
}

enum class EventType : uint8_t { kAdded, kModified, kDeleted, kBookmark, kError };
std::string_view EventTypeName(EventType type);  // "ADDED" …

struct WatchEvent {
  EventType type = EventType::kAdded;
  Object object;  // a Status where type is kError
};

// Parses one line of a watch: {"type": "ADDED", "object": {…}}. Fiber only. Fails: InvalidInput
// with the offset.
Result<WatchEvent> ParseWatchEvent(std::string_view line, const ParseOptions& options = {});

}  // namespace xebec::object
