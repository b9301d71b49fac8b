#include "informer/reflector.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "runtime/debug/log.h"
#include "runtime/rand.h"
#include "runtime/sched/time.h"

namespace xebec::informer {
namespace {

// A watch that ends within this time without an event says that something is wrong with the server
// or what stands before it: waiting keeps us from asking in a tight loop.
constexpr std::chrono::nanoseconds kVeryShortWatch = std::chrono::seconds(1);
// An event that cannot be read is asked for again so many times before a list steps over it.
constexpr int kUnreadableTries = 3;

bool IsTooLargeResourceVersion(const Error& error) {
  if (!IsTimeout(error)) return false;
  return std::any_of(
      error.details.causes.begin(), error.details.causes.end(),
      [](const Error::Cause& cause) { return cause.reason == "ResourceVersionTooLarge"; });
}

}  // namespace

std::chrono::nanoseconds Backoff::Next() {
  const int64_t now = runtime::NanoTime();
  if (last_ == 0 || now - last_ > reset.count()) next_ = base;
  last_ = now;
  const auto jitter =
      static_cast<int64_t>(runtime::ThreadRand().Float() * static_cast<double>(next_.count()));
  const std::chrono::nanoseconds wait = std::min(next_ + std::chrono::nanoseconds(jitter), cap);
  next_ = std::min(next_ * 2, cap);
  return wait;
}

Reflector::Reflector(std::shared_ptr<ListerWatcher> source, ReflectorSink& sink,
                     ReflectorOptions options)
    : source_(std::move(source)), sink_(sink), options_(std::move(options)) {
  if (options_.metrics == nullptr) options_.metrics = &runtime::Metrics::Default();
}

void Reflector::Run(const Context& ctx) {
  Next next = Next::kList;
  while (!ctx.IsDone()) {
    switch (next) {
      case Next::kListNewest:
        list_newest_ = true;
        [[fallthrough]];
      case Next::kList:
        next = List(ctx);
        break;
      case Next::kWatch:
        next = WatchOnce(ctx);
        break;
      case Next::kWaitThenList:
        Wait(ctx);
        next = Next::kList;
        break;
      case Next::kWaitThenWatch:
        Wait(ctx);
        next = Next::kWatch;
        break;
    }
  }
  state_.store(State::kStopped, std::memory_order_release);
}

Reflector::Next Reflector::List(const Context& ctx) {
  state_.store(State::kListing, std::memory_order_release);
  const bool newest = std::exchange(list_newest_, false);
  const std::string at = newest ? "" : resource_version_.empty() ? "0" : resource_version_;
  lists_.fetch_add(1, std::memory_order_relaxed);
  auto list = source_->List(ctx, at, /*paged=*/at.empty() || at == "0");
  if (!list) {
    if (ctx.IsDone()) return Next::kList;
    if (!newest && (IsExpired(list.error()) || IsTooLargeResourceVersion(list.error()))) {
      if (!resource_version_.empty()) list_cause_ = "expired";
      return Next::kListNewest;
    }
    Report("cannot list", list.error());
    // The next try has the same claim: a state that was asked for as the newest must not become an
    // older one.
    list_newest_ = newest;
    return Next::kWaitThenList;
  }
  options_.metrics
      ->GetCounter("xebec_reflector_lists_total", "Complete lists of a resource, by cause",
                   {{"resource", source_->Name()}, {"cause", list_cause_}})
      .Add();
  resource_version_ = list->resource_version();
  unreadable_ = 0;
  XLOGV(3, "listed", {"resource", source_->Name()}, {"items", list->size()},
        {"resourceVersion", resource_version_});
  std::string resource_version = resource_version_;
  sink_.Replace(std::move(*list).items(), resource_version);
  return Next::kWatch;
}

Reflector::Next Reflector::WatchOnce(const Context& ctx) {
  state_.store(State::kConnecting, std::memory_order_release);
  const int64_t start = runtime::NanoTime();
  const auto spread = options_.max_watch_timeout - options_.min_watch_timeout;
  const std::chrono::seconds timeout =
      options_.min_watch_timeout +
      std::chrono::seconds(runtime::ThreadRand().Below(
          static_cast<uint64_t>(std::max<int64_t>(spread.count(), 0)) + 1));
  auto stream = source_->Watch(ctx, resource_version_, timeout);
  if (!stream) return AfterWatchError(stream.error());
  state_.store(State::kWatching, std::memory_order_release);

  uint64_t events = 0;
  while (auto event = (*stream)->Next(ctx)) {
    if (!*event) {
      if (IsInvalidInput(event->error())) {
        Report("an event of the watch cannot be read", event->error());
        if (++unreadable_ < kUnreadableTries) return Next::kWaitThenWatch;
        list_cause_ = "unreadable";
        return Next::kList;
      }
      return AfterWatchError(event->error());
    }
    ++events;
    unreadable_ = 0;
    object::Object object = std::move((*event)->object);
    const std::string resource_version(object.resource_version());
    switch ((*event)->type) {
      case client::EventType::kAdded:
      case client::EventType::kModified:
        sink_.Store(std::move(object));
        break;
      case client::EventType::kDeleted:
        sink_.Delete(object);
        break;
      case client::EventType::kBookmark:
      case client::EventType::kError:  // an error by the stream's contract
        break;
    }
    if (!resource_version.empty()) {
      resource_version_ = resource_version;
      sink_.Reached(resource_version_);
    }
  }
  if (ctx.IsDone()) return Next::kWatch;
  if (events == 0 && runtime::NanoTime() - start < kVeryShortWatch.count()) {
    Report("very short watch",
           Error::Unreachable("the watch ended within a second and without an event"));
    return Next::kWaitThenWatch;
  }
  return Next::kWatch;
}

Reflector::Next Reflector::AfterWatchError(const Error& error) {
  if (IsExpired(error)) {
    XLOGV(2, "the watch's resource version is gone: listing again", {"resource", source_->Name()},
          {"resourceVersion", resource_version_});
    if (options_.on_error) options_.on_error(error);
    list_cause_ = "expired";
    return Next::kList;
  }
  if (IsCanceled(error)) return Next::kWatch;  // Run looks at the Context
  Report("the watch ended", error);
  if (IsUnreachable(error) || IsTooManyRequests(error) || IsInternalError(error) ||
      IsDeadlineExceeded(error)) {
    return Next::kWaitThenWatch;
  }
  list_cause_ = "error";
  return Next::kWaitThenList;
}

void Reflector::Wait(const Context& ctx) {
  state_.store(State::kBackingOff, std::memory_order_release);
  (void)SleepFor(ctx, options_.backoff.Next());  // Run looks at the Context
}

void Reflector::Report(std::string_view what, const Error& error) {
  XLOG(Warn, "reflector waits and tries again", {"resource", source_->Name()}, {"why", what},
       {"error", error.ToString()}, {"resourceVersion", resource_version_});
  options_.metrics
      ->GetCounter("xebec_reflector_errors_total", "Lists and watches that failed, by reason",
                   {{"resource", source_->Name()}, {"reason", error.reason}})
      .Add();
  if (options_.on_error) options_.on_error(error);
}

}  // namespace xebec::informer
