#include "object/list.h"

#include <fmt/format.h>

#include <array>

#include "object/internal/json_scan.h"
#include "object/internal/parser.h"

namespace xebec::object {

using internal::MalformedJson;
using internal::SkipSpace;
using internal::SkipValue;
using internal::WireParser;

namespace {

constexpr std::array<std::string_view, 5> kEventNames = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK",
                                                         "ERROR"};

// Reads a list's envelope with a cursor and hands out its items one at a time.
class ListReader {
 public:
  ListReader(std::string_view text, const GroupVersionKind& item_kind, const ItemFn& fn,
             const ParseOptions& options)
      : text_(text), item_kind_(item_kind), fn_(fn), options_(options) {}

  Result<ListMeta> Read() {
    Skip();
    if (!Take('{')) return Malformed("expected a list object");
    Skip();
    if (!Take('}')) {
      do {
        XEBEC_TRY(ReadField());
        Skip();
      } while (Take(','));
      if (!Take('}')) return Malformed("expected ',' or '}'");
    }
    Skip();
    if (at_ != text_.size()) return Malformed("unexpected text after the list");
    if (!kind_.empty() && !kind_.ends_with("List")) return NoList();
    if (!has_items_) return NoList();
    return std::move(meta_);
  }

 private:
  void Skip() { at_ = SkipSpace(text_, at_); }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // The envelope and what follows is small next to the items that were read: look from the start
  // only where no item has been read yet, else say where the reading stopped.
  Error Malformed(std::string_view what) {
    if (at_ >= text_.size()) {
      return Error::InvalidInput(
          fmt::format("malformed JSON at offset {}: the list ends early", text_.size()));
    }
    return Error::InvalidInput(fmt::format("malformed JSON at offset {}: {}", at_, what));
  }
  Error NoList() const {
    return Error::InvalidInput(kind_.empty()
                                   ? std::string("not a list: it has no kind and no items")
                                   : fmt::format("not a list: its kind is {}", kind_));
  }

  Result<void> ReadField() {
    Skip();
    size_t key_at = at_;
    if (at_ >= text_.size() || text_[at_] != '"') return Malformed("expected a key in quotes");
    size_t key_end = SkipValue(text_, at_);
    if (key_end == text_.npos) return Malformed("the string that starts here does not end");
    std::string_view key = text_.substr(key_at + 1, key_end - key_at - 2);
    at_ = key_end;
    Skip();
    if (!Take(':')) return Malformed("expected ':'");
    Skip();
    if (key == "items") return ReadItems();
    size_t start = at_;
    size_t end = SkipValue(text_, at_);
    if (end == text_.npos) return Fault(start, text_.size());
    // Everything else is parsed by the same parser as items are, as {"metadata": …}.
    std::string field = fmt::format("{{{}:{}}}", text_.substr(key_at, key_end - key_at),
                                    text_.substr(start, end - start));
    Result<Object> object = parser_.ParseSlice(field, 0, field.size(), options_, nullptr);
    if (!object.ok()) return Fault(start, end);
    at_ = end;
    if (key == "kind") {
      kind_ = (*object)["kind"].AsString();
      if (!kind_.ends_with("List")) return NoList();
    } else if (key == "metadata") {
      Value m = (*object)["metadata"];
      meta_.resource_version = m["resourceVersion"].AsString();
      meta_.continue_token = m["continue"].AsString();
      if (Value n = m["remainingItemCount"]; n.IsInt()) meta_.remaining_item_count = n.AsInt();
    }
    return {};
  }

  Error Fault(size_t from, size_t to) {
    return MalformedJson(text_, from, to, options_, "malformed value");
  }

  Result<void> ReadItems() {
    if (has_items_) return Malformed("the key \"items\" stands twice");
    has_items_ = true;
    if (text_.substr(at_).starts_with("null")) {  // how Go writes an empty list
      at_ += 4;
      return {};
    }
    if (!Take('[')) return Malformed("expected the items' array");
    Skip();
    if (Take(']')) return {};
    for (size_t index = 0;; ++index) {
      Skip();
      size_t end = SkipValue(text_, at_);
      Result<Object> item = end == text_.npos
                                ? Result<Object>(Fault(at_, text_.size()))
                                : parser_.ParseSlice(text_, at_, end, options_, &item_kind_);
      if (!item.ok()) return std::move(item).error().Wrap(fmt::format("items[{}]", index));
      at_ = end;
      XEBEC_TRY(fn_(std::move(*item)));
      Skip();
      if (Take(']')) return {};
      if (!Take(',')) return Malformed("expected ',' or ']'");
    }
  }

  std::string_view text_;
  const GroupVersionKind& item_kind_;
  const ItemFn& fn_;
  const ParseOptions& options_;
  WireParser parser_;
  size_t at_ = 0;
  std::string kind_;
  ListMeta meta_;
  bool has_items_ = false;
};

}  // namespace

Result<ListMeta> ParseListItems(std::string_view json, const GroupVersionKind& item_kind,
                                const ItemFn& fn, const ParseOptions& options) {
  return ListReader(json, item_kind, fn, options).Read();
}

Result<List<Object>> ParseList(std::string_view json, const GroupVersionKind& item_kind,
                               const ParseOptions& options) {
  std::vector<Object> items;
  Result<ListMeta> meta = ParseListItems(
      json, item_kind,
      [&](Object item) -> Result<void> {
        items.push_back(std::move(item));
        return {};
      },
      options);
  if (!meta.ok()) return std::move(meta).error();
  return List<Object>(std::move(items), std::move(*meta));
}

std::string_view EventTypeName(EventType type) { return kEventNames.at(static_cast<size_t>(type)); }

Result<WatchEvent> ParseWatchEvent(std::string_view line, const ParseOptions& options) {
  WireParser parser;
  std::string name;
  Result<Object> object = parser.ParseEvent(line, options, &name);
  if (!object.ok()) return std::move(object).error();
  for (size_t i = 0; i < kEventNames.size(); ++i) {
    if (kEventNames[i] == name) {
      return WatchEvent{static_cast<EventType>(i), std::move(*object)};
    }
  }
  if (name.size() > 40) name = name.substr(0, 40) + "…";
  return Error::InvalidInput(fmt::format("unknown watch event type \"{}\"", name));
}

}  // namespace xebec::object
