// A watch is a cursor into the revision log: it reads what came after it, writes that to the client
// and waits for more. Nothing is buffered for it. A client so slow that the log moves on past its
// cursor gets 410 and is cut; it lists again and loses nothing but time.
#include <fmt/format.h>

#include <algorithm>

#include "apiserver/internal/render.h"
#include "apiserver/internal/status.h"
#include "apiserver/internal/verbs.h"
#include "runtime/rand.h"
#include "runtime/sched/time.h"
#include "runtime/sync/select.h"

namespace xebec::apiserver {
namespace {

using runtime::NanoTime;

constexpr size_t kBatch = 256;  // events read and written at once

struct WatchOptions {
  std::optional<uint64_t> revision;  // empty or 0: now
  bool initial_events = false;       // synthetic ADDED events first
  bool mark_initial_end = false;     // then the annotated bookmark
  bool bookmarks = false;
  int64_t deadline = 0;  // NanoTime
};

Result<WatchOptions> ParseWatch(Core& core, const Call& call) {
  WatchOptions out;
  XEBEC_ASSIGN_OR_RETURN(out.revision, NumberParam(call.http, "resourceVersion"));
  XEBEC_ASSIGN_OR_RETURN(const auto send_initial, BoolParam(call.http, "sendInitialEvents"));
  XEBEC_ASSIGN_OR_RETURN(const auto bookmarks, BoolParam(call.http, "allowWatchBookmarks"));
  XEBEC_ASSIGN_OR_RETURN(const auto seconds, NumberParam(call.http, "timeoutSeconds"));
  const std::string match = call.http.Query("resourceVersionMatch");
  Causes causes;
  if (send_initial && match != "NotOlderThan") {
    causes.push_back(
        ForbiddenCause("resourceVersionMatch",
                       "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (!send_initial && !match.empty()) {
    causes.push_back(ForbiddenCause(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  }
  if (!causes.empty()) {
    Resource options;
    options.group = "meta.k8s.io";
    options.kind = "ListOptions";
    return InvalidError(options, "", std::move(causes));
  }
  const bool from_now = !out.revision || *out.revision == 0;
  out.initial_events = send_initial.value_or(from_now);
  out.bookmarks = bookmarks.value_or(false);
  out.mark_initial_end = send_initial.value_or(false) && out.bookmarks;
  int64_t lasts = core.options().watch_timeout.count();
  if (seconds && *seconds > 0) {
    lasts = static_cast<int64_t>(std::min<uint64_t>(*seconds, 1 << 30)) * 1'000'000'000;
  } else {
    lasts += static_cast<int64_t>(runtime::ThreadRand().Below(static_cast<uint64_t>(lasts) + 1));
  }
  out.deadline = NanoTime() + lasts;
  return out;
}

Error TooOld(uint64_t asked, uint64_t current) {
  return ExpiredError(fmt::format("too old resource version: {} ({})", asked, current));
}

// One watch while it runs.
class Stream {
 public:
  Stream(Core& core, const Call& call, runtime::http::ResponseWriter& out, ObjectFilter filter,
         WatchOptions options, std::optional<size_t> cut_after)
      : core_(core),
        call_(call),
        out_(out),
        filter_(std::move(filter)),
        options_(options),
        cut_after_(cut_after),
        renderer_(call.resource, call.accepted, call.http.Query("includeObject")),
        changes_(&core.store(), call.resource->table) {}

  WatchEnd Run() {
    if (!Begin()) return WatchEnd::kDone;
    int64_t next_bookmark = NanoTime() + core_.options().bookmark_interval.count();
    while (!cut_) {
      if (!Drain()) return WatchEnd::kDone;
      if (cut_) break;
      const int64_t now = NanoTime();
      if (now >= options_.deadline) {
        if (options_.bookmarks) renderer_.AppendBookmark(text_, cursor_, false);
        Send();
        return WatchEnd::kDone;
      }
      if (options_.bookmarks && now >= next_bookmark) {
        renderer_.AppendBookmark(text_, cursor_, false);
        if (!Send()) return WatchEnd::kDone;
        next_bookmark = now + core_.options().bookmark_interval.count();
      }
      const int64_t until =
          options_.bookmarks ? std::min(options_.deadline, next_bookmark) : options_.deadline;
      if (!Wait(until - now)) return WatchEnd::kDone;
    }
    Send();
    return WatchEnd::kCut;
  }

 private:
  // Sets the cursor and sends what a watch begins with. False if the watch is over.
  bool Begin() {
    Store& store = core_.store();
    if (options_.initial_events) {
      ListQuery query;
      query.ns = call_.ns;
      query.match = [this](const Item& item) { return filter_.Matches(item); };
      const ListPage page = store.List(call_.resource->table, query);
      cursor_ = page.revision;
      for (const ItemPtr& item : page.items) {
        if (!Event("ADDED", *item)) break;
        if (text_.size() > (64 << 10) && !Send()) return false;
      }
      if (options_.mark_initial_end) renderer_.AppendBookmark(text_, cursor_, true);
    } else {
      cursor_ = options_.revision && *options_.revision > 0 ? *options_.revision : store.Revision();
    }
    return Send();
  }

  // Sends all that the log has. False if the watch is over.
  bool Drain() {
    while (!cut_) {
      const LogRead read = core_.store().Read(call_.resource->table, cursor_, kBatch);
      if (read.expired) {
        AppendErrorEvent(text_, TooOld(cursor_, core_.store().Revision()));
        Send();
        return false;
      }
      cursor_ = read.up_to;
      for (const EventPtr& event : read.events) {
        if (!Show(*event)) break;
      }
      if (!Send()) return false;
      if (read.events.size() < kBatch) return true;
    }
    return true;
  }

  // An object that enters the selector is ADDED, one that leaves it DELETED, as it was before but
  // at the revision of the change.
  bool Show(const LogEvent& event) {
    if (!call_.ns.empty() && event.item->ns != call_.ns) return true;
    const bool before = event.previous && filter_.Matches(*event.previous);
    const bool after = event.type != EventType::kDeleted && filter_.Matches(*event.item);
    if (after) return Event(before ? "MODIFIED" : "ADDED", *event.item);
    if (!before) return true;
    if (event.type == EventType::kDeleted) return Event("DELETED", *event.item);
    return Event("DELETED", *WithRevision(*event.previous, event.revision));
  }

  // False once the fault that cuts this watch strikes.
  bool Event(std::string_view type, const Item& item) {
    if (cut_after_ && sent_ >= *cut_after_) {
      cut_ = true;
      return false;
    }
    renderer_.AppendEvent(text_, type, item);
    if (++sent_; cut_after_ && sent_ >= *cut_after_) cut_ = true;
    return !cut_;
  }

  bool Send() {
    if (text_.empty() && started_) return true;
    started_ = true;
    const bool good = out_.Write(text_).ok() && out_.Flush().ok();
    text_.clear();
    return good;
  }

  // Until something changes, or this long. False if the watch is over.
  bool Wait(int64_t nanos) {
    bool over = false;
    runtime::Select(
        runtime::OnReceive(changes_.changed(), [](auto&&) {}),
        runtime::OnReceive(call_.http.ctx.Done(), [&](auto&&) { over = true; }),
        runtime::OnReceive(core_.stopping().Done(), [&](auto&&) { over = true; }),
        runtime::OnTimeout(std::chrono::nanoseconds(std::max<int64_t>(nanos, 0)), [] {}));
    if (over) return false;
    // A resource whose definition went is served no more.
    const Resource& resource = *call_.resource;
    if (!resource.custom ||
        core_.catalog()->Find(resource.group, resource.version, resource.plural) != nullptr) {
      return true;
    }
    Drain();
    return false;
  }

  Core& core_;
  const Call& call_;
  runtime::http::ResponseWriter& out_;
  const ObjectFilter filter_;
  const WatchOptions options_;
  const std::optional<size_t> cut_after_;
  Renderer renderer_;
  Store::Subscription changes_;
  uint64_t cursor_ = 0;
  std::string text_;  // written, not yet sent
  size_t sent_ = 0;
  bool cut_ = false;
  bool started_ = false;
};

}  // namespace

Result<WatchEnd> Watch(Core& core, const Call& call, runtime::http::ResponseWriter& out,
                       std::optional<size_t> cut_after_events) {
  XEBEC_ASSIGN_OR_RETURN(ObjectFilter filter, ObjectFilter::From(call));
  XEBEC_ASSIGN_OR_RETURN(const WatchOptions options, ParseWatch(core, call));
  if (options.revision) XEBEC_TRY(WaitForRevision(core, call, *options.revision));
  out.headers().Set("Content-Type", "application/json");
  out.headers().Set("Cache-Control", "no-cache, private");
  out.WriteHeader(200);
  Stream stream(core, call, out, std::move(filter), options, cut_after_events);
  return stream.Run();
}

}  // namespace xebec::apiserver
