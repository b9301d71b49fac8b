#include "client/resource.h"

#include <fmt/format.h>

#include <utility>

#include "client/internal/rest.h"
#include "client/internal/watch_impl.h"
#include "object/builder.h"

namespace xebec::client {
namespace {

using internal::Call;
using object::Object;
using runtime::http::AddQuery;

constexpr int64_t kPageSize = 500;

// What may stand between two slashes of a path.
Result<void> CheckSegment(std::string_view what, std::string_view text) {
  if (text.empty()) return Error::InvalidInput(fmt::format("the {} is empty", what));
  const bool bad = text == "." || text == ".." ||
                   text.find_first_of(std::string_view("/%\0\r\n", 5)) != std::string_view::npos;
  if (bad) {
    return Error::InvalidInput(
        fmt::format("\"{}\" cannot be a {}", internal::Summarize(text), what));
  }
  return {};
}

void AddText(std::string& query, std::string_view key, const std::string& value) {
  if (!value.empty()) AddQuery(query, key, value);
}

std::string WriteQuery(const WriteOptions& options) {
  std::string query;
  if (options.dry_run) AddQuery(query, "dryRun", "All");
  AddText(query, "fieldManager", options.field_manager);
  AddText(query, "fieldValidation", options.field_validation);
  return query;
}

std::string SelectorQuery(const ListOptions& options) {
  std::string query;
  AddText(query, "labelSelector", options.label_selector);
  AddText(query, "fieldSelector", options.field_selector);
  return query;
}

std::string ListQuery(const ListOptions& options) {
  std::string query = SelectorQuery(options);
  if (options.limit > 0) AddQuery(query, "limit", std::to_string(options.limit));
  AddText(query, "continue", options.continue_token);
  AddText(query, "resourceVersion", options.resource_version);
  AddText(query, "resourceVersionMatch", options.resource_version_match);
  return query;
}

std::string WatchQuery(const WatchOptions& options) {
  std::string query = "watch=true";
  AddText(query, "labelSelector", options.label_selector);
  AddText(query, "fieldSelector", options.field_selector);
  AddText(query, "resourceVersion", options.resource_version);
  AddText(query, "resourceVersionMatch", options.resource_version_match);
  if (options.allow_bookmarks) AddQuery(query, "allowWatchBookmarks", "true");
  if (options.send_initial_events) AddQuery(query, "sendInitialEvents", "true");
  if (options.timeout.count() > 0) {
    AddQuery(query, "timeoutSeconds", std::to_string(options.timeout.count()));
  }
  return query;
}

std::string DeleteBody(const DeleteOptions& options) {
  object::Builder body(GroupVersionKind{"", "v1", "DeleteOptions"});
  bool any = false;
  const auto set = [&](const object::Path& path, const object::Input& value) {
    body.Set(path, value);
    any = true;
  };
  if (options.grace_period_seconds) set("gracePeriodSeconds", *options.grace_period_seconds);
  if (!options.uid.empty()) set({"preconditions", "uid"}, options.uid);
  if (!options.resource_version.empty()) {
    set({"preconditions", "resourceVersion"}, options.resource_version);
  }
  switch (options.propagation) {
    case Propagation::kDefault:
      break;
    case Propagation::kBackground:
      set("propagationPolicy", "Background");
      break;
    case Propagation::kForeground:
      set("propagationPolicy", "Foreground");
      break;
    case Propagation::kOrphan:
      set("propagationPolicy", "Orphan");
      break;
  }
  if (options.dry_run) {
    body.Append("dryRun", "All");
    any = true;
  }
  return any ? body.Json() : std::string();
}

const char* ContentType(PatchType type) {
  switch (type) {
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      break;
  }
  return "application/strategic-merge-patch+json";
}

// An answer of 200 whose body cannot be used.
Error BadBody(const Call& call, const Error& error, const std::string& body) {
  return Error::InvalidInput(
      fmt::format("{} {}: the server's answer of {} bytes cannot be used: {}", call.method,
                  call.path, body.size(), error.message));
}

}  // namespace

Resource::Resource(std::shared_ptr<internal::Rest> rest, ResourceInfo info, std::string ns)
    : rest_(std::move(rest)), info_(std::move(info)), ns_(std::move(ns)) {}

Result<std::string> Resource::Path(std::string_view ns, std::string_view name,
                                   std::string_view subresource) const {
  std::string path = info_.gvr.PathPrefix();
  const std::string_view space = ns.empty() ? std::string_view(ns_) : ns;
  const bool namespaced = info_.namespaced.value_or(!space.empty());
  if (namespaced && !space.empty()) {
    XEBEC_TRY(CheckSegment("namespace", space));
    path += fmt::format("/namespaces/{}", space);
  }
  XEBEC_TRY(CheckSegment("resource name", info_.gvr.resource));
  path += fmt::format("/{}", info_.gvr.resource);
  if (!name.empty()) {
    XEBEC_TRY(CheckSegment("name", name));
    path += fmt::format("/{}", name);
  }
  if (!subresource.empty()) {
    XEBEC_TRY(CheckSegment("subresource", subresource));
    path += fmt::format("/{}", subresource);
  }
  return path;
}

Result<std::string> Resource::ObjectPath(const NamespacedName& key,
                                         std::string_view subresource) const {
  if (key.name.empty()) {
    return Error::InvalidInput(fmt::format("the name of one of {} is empty", info_.gvr.resource));
  }
  if (info_.namespaced.value_or(false) && key.ns.empty() && ns_.empty()) {
    return Error::InvalidInput(fmt::format("the namespace of {} \"{}\" is missing",
                                           info_.gvr.resource, internal::Summarize(key.name)));
  }
  return Path(key.ns, key.name, subresource);
}

Result<Object> Resource::SendObject(const Context& ctx, const Call& call) const {
  XEBEC_ASSIGN_OR_RETURN(const auto response, rest_->Do(ctx, call));
  auto object = Object::Parse(response.body, {.max_bytes = rest_->options().max_object_bytes});
  if (!object.ok()) return BadBody(call, object.error(), response.body);
  if (!object->kind().empty() || info_.gvk.kind.empty()) return object;
  return object->Edit()
      .Set("apiVersion", info_.gvk.APIVersion())
      .Set("kind", info_.gvk.kind)
      .Build();
}

Result<Object> Resource::Get(const Context& ctx, const NamespacedName& key,
                             const GetOptions& options) const {
  Call call;
  XEBEC_ASSIGN_OR_RETURN(call.path, ObjectPath(key, options.subresource));
  AddText(call.query, "resourceVersion", options.resource_version);
  return SendObject(ctx, call);
}

Result<object::List<Object>> Resource::List(const Context& ctx, const ListOptions& options) const {
  Call call;
  call.verb = "list";
  XEBEC_ASSIGN_OR_RETURN(call.path, Path(options.ns, "", ""));
  call.query = ListQuery(options);
  XEBEC_ASSIGN_OR_RETURN(const auto response, rest_->Do(ctx, call));
  auto list = object::ParseList(response.body, info_.gvk,
                                {.max_bytes = rest_->options().max_response_bytes});
  if (!list.ok()) return BadBody(call, list.error(), response.body);
  return list;
}

Result<void> Resource::ListPages(const Context& ctx, ListOptions options, const PageFn& fn) const {
  const std::string first_rv = options.resource_version;
  const std::string first_match = options.resource_version_match;
  if (options.limit == 0) options.limit = kPageSize;
  bool restarted = false;
  while (true) {
    auto page = List(ctx, options);
    if (!page.ok()) {
      const bool expired = IsExpired(page.error()) && !options.continue_token.empty() && !restarted;
      if (!expired) return std::move(page).error();
      // The snapshot behind the token is gone: one list without paging instead, as client-go does.
      options.limit = 0;
      options.continue_token.clear();
      options.resource_version = first_rv;
      options.resource_version_match = first_match;
      restarted = true;
      continue;
    }
    std::string next = page->continue_token();
    if (!next.empty() && next == options.continue_token) {
      return Error::InvalidInput(fmt::format(
          "list of {}: the server gave the same continue token twice", info_.gvr.resource));
    }
    const bool again = restarted && options.continue_token.empty();
    XEBEC_TRY(fn(std::move(page).value(), again));
    if (next.empty()) return {};
    options.continue_token = std::move(next);
    // The token holds the version.
    options.resource_version.clear();
    options.resource_version_match.clear();
  }
}

Result<object::List<Object>> Resource::ListAll(const Context& ctx, ListOptions options) const {
  std::vector<Object> items;
  object::ListMeta meta;
  XEBEC_TRY(ListPages(ctx, std::move(options),
                      [&](object::List<Object> page, bool restarted) -> Result<void> {
                        if (restarted) items.clear();
                        meta = page.meta();
                        for (Object& item : std::move(page).items())
                          items.push_back(std::move(item));
                        return {};
                      }));
  return object::List<Object>(std::move(items), std::move(meta));
}

Result<WatchStream> Resource::Watch(const Context& ctx, const WatchOptions& options) const {
  Call call;
  call.verb = "watch";
  XEBEC_ASSIGN_OR_RETURN(call.path, Path(options.ns, "", ""));
  call.query = WatchQuery(options);
  return WatchStream::Impl::Open(ctx, *rest_, call, options, info_.gvk);
}

Result<Object> Resource::Write(const Context& ctx, const char* method, const Object& object,
                               const WriteOptions& options) const {
  Call call;
  call.method = method;
  if (object.IsNull()) return Error::InvalidInput("the object is null");
  const std::string ns(object.ns());
  const bool post = call.method == "POST";
  call.verb = post ? "create" : "update";
  if (post && options.subresource.empty()) {
    if (info_.namespaced.value_or(false) && ns.empty() && ns_.empty()) {
      return Error::InvalidInput(fmt::format("the namespace of {} \"{}\" is missing",
                                             info_.gvr.resource,
                                             internal::Summarize(object.name())));
    }
    XEBEC_ASSIGN_OR_RETURN(call.path, Path(ns, "", ""));
  } else {
    XEBEC_ASSIGN_OR_RETURN(call.path,
                           ObjectPath({ns, std::string(object.name())}, options.subresource));
  }
  call.query = WriteQuery(options);
  call.body = object.Json();
  return SendObject(ctx, call);
}

Result<Object> Resource::Create(const Context& ctx, const Object& object,
                                const CreateOptions& options) const {
  return Write(ctx, "POST", object, options);
}

Result<Object> Resource::Update(const Context& ctx, const Object& object,
                                const UpdateOptions& options) const {
  return Write(ctx, "PUT", object, options);
}

Result<Object> Resource::UpdateStatus(const Context& ctx, const Object& object,
                                      UpdateOptions options) const {
  options.subresource = "status";
  return Write(ctx, "PUT", object, options);
}

Result<Object> Resource::Patch(const Context& ctx, const NamespacedName& key, PatchType type,
                               std::string_view body, const PatchOptions& options) const {
  Call call;
  call.method = "PATCH";
  call.verb = "patch";
  XEBEC_ASSIGN_OR_RETURN(call.path, ObjectPath(key, options.subresource));
  call.query = WriteQuery(options);
  call.body = std::string(body);
  call.content_type = ContentType(type);
  return SendObject(ctx, call);
}

Result<Object> Resource::PatchStatus(const Context& ctx, const NamespacedName& key, PatchType type,
                                     std::string_view body, PatchOptions options) const {
  options.subresource = "status";
  return Patch(ctx, key, type, body, options);
}

Result<void> Resource::Delete(const Context& ctx, const NamespacedName& key,
                              const DeleteOptions& options) const {
  Call call;
  call.method = "DELETE";
  call.verb = "delete";
  XEBEC_ASSIGN_OR_RETURN(call.path, ObjectPath(key, ""));
  call.body = DeleteBody(options);
  XEBEC_TRY(rest_->Do(ctx, call));
  return {};
}

Result<void> Resource::DeleteAll(const Context& ctx, const ListOptions& which,
                                 const DeleteOptions& options) const {
  Call call;
  call.method = "DELETE";
  call.verb = "deletecollection";
  XEBEC_ASSIGN_OR_RETURN(call.path, Path(which.ns, "", ""));
  call.query = SelectorQuery(which);
  call.body = DeleteBody(options);
  XEBEC_TRY(rest_->Do(ctx, call));
  return {};
}

}  // namespace xebec::client
