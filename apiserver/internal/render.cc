#include "apiserver/internal/render.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "apiserver/internal/prepare.h"
#include "apiserver/internal/status.h"

namespace xebec::apiserver {

using Json = nlohmann::json;

Renderer::Renderer(ResourcePtr resource, Accepted accepted, std::string include_object)
    : resource_(std::move(resource)),
      accepted_(std::move(accepted)),
      include_object_(std::move(include_object)) {}

void Renderer::AppendObject(std::string& out, const Item& item, bool typed) const {
  if (resource_->conversion == Conversion::kNone) {
    item.AppendTo(out, typed);
    return;
  }
  Json object = item.Parse();
  ToServed(*resource_, object);
  if (!typed) {
    object.erase("kind");
    object.erase("apiVersion");
  }
  out += object.dump();
}

void Renderer::AppendPartial(std::string& out, const Item& item) const {
  fmt::format_to(std::back_inserter(out),
                 R"({{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/{}","metadata":)",
                 accepted_.version);
  out += item.Metadata();
  out += '}';
}

std::string Renderer::One(const Item& item) const {
  std::string out;
  switch (accepted_.form) {
    case Form::kObject:
      AppendObject(out, item, true);
      break;
    case Form::kPartial:
      AppendPartial(out, item);
      break;
    case Form::kTable:
      out = TableHead(fmt::format(R"({{"resourceVersion":"{}"}})", item.revision), true);
      AppendRow(out, item);
      out += "]}";
      break;
  }
  out += '\n';
  return out;
}

std::string Renderer::List(const ListPage& page, std::string_view continue_token) const {
  Json metadata = {{"resourceVersion", std::to_string(page.revision)}};
  if (!continue_token.empty()) {
    metadata["continue"] = continue_token;
    if (page.remaining > 0) metadata["remainingItemCount"] = page.remaining;
  }
  std::string out;
  bool first = true;
  auto comma = [&] {
    if (!first) out += ',';
    first = false;
  };
  if (accepted_.form == Form::kTable) {
    out = TableHead(metadata.dump(), true);
    for (const ItemPtr& item : page.items) {
      comma();
      AppendRow(out, *item);
    }
    out += "]}\n";
    return out;
  }
  const bool partial = accepted_.form == Form::kPartial;
  size_t bytes = 256;
  for (const ItemPtr& item : page.items) bytes += item->bytes.size() + 1;
  out.reserve(bytes);
  fmt::format_to(
      std::back_inserter(out), R"({{"kind":"{}","apiVersion":"{}","metadata":{},"items":[)",
      partial ? "PartialObjectMetadataList" : resource_->list_kind,
      partial ? "meta.k8s.io/" + accepted_.version : resource_->ApiVersion(), metadata.dump());
  for (const ItemPtr& item : page.items) {
    comma();
    if (partial) {
      AppendPartial(out, *item);
    } else {
      AppendObject(out, *item, resource_->custom);
    }
  }
  out += "]}\n";
  return out;
}

void Renderer::AppendEvent(std::string& out, std::string_view type, const Item& item) {
  out += R"({"type":")";
  out += type;
  out += R"(","object":)";
  switch (accepted_.form) {
    case Form::kObject:
      AppendObject(out, item, true);
      break;
    case Form::kPartial:
      AppendPartial(out, item);
      break;
    case Form::kTable:
      out += TableHead(fmt::format(R"({{"resourceVersion":"{}"}})", item.revision), !columns_sent_);
      columns_sent_ = true;
      AppendRow(out, item);
      out += "]}";
      break;
  }
  out += "}\n";
}

void Renderer::AppendBookmark(std::string& out, uint64_t revision, bool initial_end) {
  Json metadata = {{"resourceVersion", std::to_string(revision)}, {"creationTimestamp", nullptr}};
  if (initial_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  out += R"({"type":"BOOKMARK","object":)";
  if (accepted_.form == Form::kTable) {
    metadata.erase("creationTimestamp");
    metadata.erase("annotations");
    out += TableHead(metadata.dump(), !columns_sent_) + "]}";
    columns_sent_ = true;
  } else {
    const bool partial = accepted_.form == Form::kPartial;
    const Json object = {
        {"kind", partial ? "PartialObjectMetadata" : resource_->kind},
        {"apiVersion", partial ? "meta.k8s.io/" + accepted_.version : resource_->ApiVersion()},
        {"metadata", std::move(metadata)}};
    out += object.dump();
  }
  out += "}\n";
}

void AppendErrorEvent(std::string& out, const Error& error) {
  out += Json({{"type", "ERROR"}, {"object", StatusJson(error)}}).dump();
  out += '\n';
}

}  // namespace xebec::apiserver
