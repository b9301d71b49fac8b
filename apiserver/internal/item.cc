#include "apiserver/internal/item.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

// The text of the scalar at a dotted path, empty if there is none.
std::string FieldText(const Json& doc, std::string_view path) {
  const Json* at = &doc;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string part(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!at->is_object()) return "";
    auto it = at->find(part);
    if (it == at->end()) return "";
    at = &*it;
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_primitive() && !at->is_null() ? at->dump() : "";
}

ItemMeta ReadMeta(const Json& doc, const std::vector<std::string>& field_paths) {
  ItemMeta out;
  const Json& meta = doc.at("metadata");
  out.ns = StringField(meta, "namespace");
  out.name = StringField(meta, "name");
  out.uid = StringField(meta, "uid");
  out.created = StringField(meta, "creationTimestamp");
  out.deleting = !StringField(meta, "deletionTimestamp").empty();
  if (auto it = meta.find("labels"); it != meta.end() && it->is_object()) {
    for (const auto& [key, value] : it->items()) {
      if (value.is_string()) out.labels.emplace_back(key, value.get<std::string>());
    }
  }
  if (auto it = meta.find("finalizers"); it != meta.end() && it->is_array()) {
    for (const Json& finalizer : *it) {
      if (finalizer.is_string()) out.finalizers.push_back(finalizer.get<std::string>());
    }
  }
  if (auto it = meta.find("ownerReferences"); it != meta.end() && it->is_array()) {
    for (const Json& ref : *it) {
      if (!ref.is_object()) continue;
      OwnerRef owner{StringField(ref, "apiVersion"), StringField(ref, "kind"),
                     StringField(ref, "name"), StringField(ref, "uid"), false};
      if (auto b = ref.find("blockOwnerDeletion"); b != ref.end() && b->is_boolean()) {
        owner.blocks_deletion = b->get<bool>();
      }
      out.owners.push_back(std::move(owner));
    }
  }
  for (const std::string& path : field_paths) out.fields.emplace_back(path, FieldText(doc, path));
  return out;
}

void AppendField(std::string& out, bool& first, const std::string& key, const std::string& value) {
  if (!first) out += ',';
  first = false;
  out += Json(key).dump();
  out += ':';
  out += value;
}

}  // namespace

bool ItemMeta::HasFinalizer(std::string_view finalizer) const {
  return std::find(finalizers.begin(), finalizers.end(), finalizer) != finalizers.end();
}

void Item::AppendTo(std::string& out, bool typed) const {
  if (typed) {
    out += bytes;
    return;
  }
  out += '{';
  out += std::string_view(bytes).substr(body_at + 1);
}

nlohmann::json Item::Parse() const { return Json::parse(bytes); }

Draft MakeDraft(const nlohmann::json& doc, const std::vector<std::string>& field_paths) {
  Draft draft;
  draft.meta = ReadMeta(doc, field_paths);
  std::string& head = draft.head;
  head = "{\"kind\":" + Json(StringField(doc, "kind")).dump() +
         ",\"apiVersion\":" + Json(StringField(doc, "apiVersion")).dump();
  draft.body_at = head.size();
  head += ",\"metadata\":";
  draft.meta_at = head.size();
  head += '{';
  // Metadata's fields stand in their order; the revision goes where it belongs among them.
  std::string* out = &head;
  bool first = true;
  bool placed = false;
  auto place_revision = [&] {
    AppendField(*out, first, "resourceVersion", "\"");
    out = &draft.tail;
    *out += '"';
    placed = true;
  };
  for (const auto& [key, value] : doc.at("metadata").items()) {
    if (key == "resourceVersion") continue;
    if (!placed && key > "resourceVersion") place_revision();
    AppendField(*out, first, key, value.dump());
  }
  if (!placed) place_revision();
  draft.tail += '}';
  draft.meta_end = draft.tail.size();
  first = false;
  for (const auto& [key, value] : doc.items()) {
    if (key == "kind" || key == "apiVersion" || key == "metadata") continue;
    AppendField(draft.tail, first, key, value.dump());
  }
  draft.tail += '}';
  return draft;
}

ItemPtr MakeItem(Draft draft, uint64_t revision) {
  auto item = std::make_shared<Item>();
  static_cast<ItemMeta&>(*item) = std::move(draft.meta);
  const std::string text = std::to_string(revision);
  item->revision = revision;
  item->body_at = draft.body_at;
  item->revision_at = draft.head.size();
  item->revision_len = text.size();
  item->meta_at = draft.meta_at;
  item->meta_len = draft.head.size() + text.size() + draft.meta_end - draft.meta_at;
  item->bytes.reserve(draft.head.size() + text.size() + draft.tail.size());
  item->bytes.append(draft.head).append(text).append(draft.tail);
  return item;
}

ItemPtr WithRevision(const Item& item, uint64_t revision) {
  auto copy = std::make_shared<Item>(item);
  const std::string text = std::to_string(revision);
  copy->bytes.replace(item.revision_at, item.revision_len, text);
  copy->revision = revision;
  copy->meta_len = item.meta_len + text.size() - item.revision_len;
  copy->revision_len = text.size();
  return copy;
}

std::string StringField(const nlohmann::json& object, std::string_view key) {
  if (!object.is_object()) return "";
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace xebec::apiserver
