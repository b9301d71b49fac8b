#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "apiserver/internal/render.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/verbs.h"
#include "runtime/sched/time.h"
#include "runtime/sync/select.h"

namespace xebec::apiserver {
namespace {

constexpr uint64_t kMaxPage = 1 << 20;

// Where a continued list goes on: "REVISION:KEY" in hexadecimal, opaque to clients.
std::string EncodeContinue(uint64_t revision, const std::string& key) {
  std::string out;
  for (const char c : std::to_string(revision) + ":" + key) {
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

std::optional<std::pair<uint64_t, std::string>> DecodeContinue(std::string_view token) {
  std::string text;
  for (size_t i = 0; i + 1 < token.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(&token[i], &token[i] + 2, byte, 16);
    if (error != std::errc() || end != &token[i] + 2) return std::nullopt;
    text += static_cast<char>(byte);
  }
  uint64_t revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  const size_t at = static_cast<size_t>(end - text.data());
  if (token.size() % 2 != 0 || error != std::errc() || at >= text.size() || text[at] != ':') {
    return std::nullopt;
  }
  return std::pair(revision, text.substr(at + 1));
}

// Which revision a list is about, waiting for it where it has to.
Result<std::optional<uint64_t>> ListRevision(Core& core, const Call& call, uint64_t limit) {
  const std::string match = call.http.Query("resourceVersionMatch");
  XEBEC_ASSIGN_OR_RETURN(const std::optional<uint64_t> asked,
                         NumberParam(call.http, "resourceVersion"));
  Causes causes;
  if (!match.empty()) {
    if (!asked) {
      causes.push_back(ForbiddenCause("resourceVersionMatch",
                                      "resourceVersionMatch is forbidden unless resourceVersion is "
                                      "provided"));
    }
    if (match != "Exact" && match != "NotOlderThan") {
      causes.push_back(
          UnsupportedCause("resourceVersionMatch", match, "\"Exact\", \"NotOlderThan\", \"\""));
    }
    if (match == "Exact" && asked == 0) {
      causes.push_back(
          ForbiddenCause("resourceVersionMatch",
                         "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
    }
  }
  if (call.http.HasQuery("sendInitialEvents")) {
    causes.push_back(
        ForbiddenCause("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (!causes.empty()) {
    Resource options;  // the error is about the options' kind, not about an object
    options.group = "meta.k8s.io";
    options.kind = "ListOptions";
    return InvalidError(options, "", std::move(causes));
  }
  if (!asked || *asked == 0) return std::optional<uint64_t>();
  XEBEC_TRY(WaitForRevision(core, call, *asked));
  if (match == "Exact" || (match.empty() && limit > 0)) return std::optional<uint64_t>(*asked);
  return std::optional<uint64_t>();
}

// Field selectors may name only what the resource declares.
Result<void> CheckFields(const Resource& resource, const object::FieldSelector& fields) {
  for (const auto& requirement : fields.requirements()) {
    const std::string& path = requirement.path;
    if (path == "metadata.name" || path == "metadata.namespace") continue;
    const auto& known = resource.field_labels;
    if (std::find(known.begin(), known.end(), path) != known.end()) continue;
    std::string list = "\"metadata.name\", \"metadata.namespace\"";
    for (const std::string& label : known) list += ", \"" + label + "\"";
    return BadRequestError(fmt::format("field label not supported: {} (for {} these are: {})", path,
                                       resource.Qualified(), list));
  }
  return {};
}

}  // namespace

Result<ObjectFilter> ObjectFilter::From(const Call& call) {
  ObjectFilter filter;
  if (const std::string text = call.http.Query("labelSelector"); !text.empty()) {
    Result<object::LabelSelector> labels = object::LabelSelector::Parse(text);
    if (!labels) {
      return BadRequestError("unable to parse labelSelector: " + labels.error().message);
    }
    filter.labels_ = std::move(*labels);
  }
  std::string fields = call.http.Query("fieldSelector");
  if (!call.name.empty()) {
    if (!fields.empty()) fields += ',';
    fields += "metadata.name=" + call.name;
  }
  if (!fields.empty()) {
    Result<object::FieldSelector> parsed = object::FieldSelector::Parse(fields);
    if (!parsed) {
      return BadRequestError("unable to parse fieldSelector: " + parsed.error().message);
    }
    filter.fields_ = std::move(*parsed);
    XEBEC_TRY(CheckFields(*call.resource, filter.fields_));
  }
  return filter;
}

bool ObjectFilter::Matches(const Item& item) const {
  if (labels_.IsNothing()) return false;
  for (const auto& requirement : labels_.requirements()) {
    auto it =
        std::lower_bound(item.labels.begin(), item.labels.end(), requirement.key,
                         [](const auto& label, const auto& key) { return label.first < key; });
    if (it != item.labels.end() && it->first == requirement.key) {
      const std::string_view value = it->second;
      if (!requirement.Matches(&value)) return false;
    } else if (!requirement.Matches(nullptr)) {
      return false;
    }
  }
  for (const auto& requirement : fields_.requirements()) {
    std::string_view value;
    if (requirement.path == "metadata.name") {
      value = item.name;
    } else if (requirement.path == "metadata.namespace") {
      value = item.ns;
    } else {
      for (const auto& [path, text] : item.fields) {
        if (path == requirement.path) value = text;
      }
    }
    if ((value == requirement.value) != requirement.equal) return false;
  }
  return true;
}

Result<void> WaitForRevision(Core& core, const Call& call, uint64_t revision) {
  Store& store = core.store();
  if (store.Revision() >= revision) return {};
  Store::Subscription changes(&store, std::nullopt);
  const int64_t deadline = runtime::NanoTime() + core.options().fresh_wait.count();
  while (store.Revision() < revision) {
    const int64_t left = deadline - runtime::NanoTime();
    if (left <= 0) return TooLargeRevisionError(revision, store.Revision());
    bool over = false;
    runtime::Select(runtime::OnReceive(changes.changed(), [](auto&&) {}),
                    runtime::OnReceive(call.http.ctx.Done(), [&](auto&&) { over = true; }),
                    runtime::OnReceive(core.stopping().Done(), [&](auto&&) { over = true; }),
                    runtime::OnTimeout(std::chrono::nanoseconds(left), [] {}));
    if (over) return MakeError(504, "Timeout", "the request was cancelled while it waited");
  }
  return {};
}

Result<Reply> Get(Core& core, const Call& call) {
  XEBEC_ASSIGN_OR_RETURN(const std::optional<uint64_t> revision,
                         NumberParam(call.http, "resourceVersion"));
  if (revision) XEBEC_TRY(WaitForRevision(core, call, *revision));
  const ItemPtr item = core.store().Get(call.resource->table, call.Key());
  if (!item) return NotFoundError(*call.resource, call.name);
  Reply reply;
  reply.body = Renderer(call.resource, call.accepted, call.http.Query("includeObject")).One(*item);
  return reply;
}

Result<Reply> List(Core& core, const Call& call) {
  XEBEC_ASSIGN_OR_RETURN(const ObjectFilter filter, ObjectFilter::From(call));
  XEBEC_ASSIGN_OR_RETURN(const std::optional<uint64_t> limit, NumberParam(call.http, "limit"));
  ListQuery query;
  query.ns = call.ns;
  query.limit = std::min(limit.value_or(0), kMaxPage);
  if (!filter.IsEverything()) {
    query.match = [&filter](const Item& item) { return filter.Matches(item); };
  }
  const std::string token = call.http.Query("continue");
  if (!token.empty()) {
    const auto at = DecodeContinue(token);
    if (!at) return BadRequestError("continue key is not valid");
    const std::string version = call.http.Query("resourceVersion");
    if (!version.empty() && version != "0") {
      return BadRequestError("specifying resource version is not allowed when using continue");
    }
    query.revision = at->first;
    query.start_after = at->second;
  } else {
    XEBEC_ASSIGN_OR_RETURN(query.revision, ListRevision(core, call, query.limit));
  }
  const ListPage page = core.store().List(call.resource->table, query);
  if (page.expired) {
    if (!token.empty()) {
      return ExpiredError(
          "The provided continue parameter is too old to display a consistent list result. You "
          "must "
          "start a new list without the continue parameter.");
    }
    return ExpiredError("The resourceVersion for the provided list is too old.");
  }
  std::string next;
  if (page.more) next = EncodeContinue(page.revision, page.items.back()->Key());
  Reply reply;
  reply.body =
      Renderer(call.resource, call.accepted, call.http.Query("includeObject")).List(page, next);
  return reply;
}

}  // namespace xebec::apiserver
