#include "client/internal/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "object/base64.h"
#include "runtime/debug/log.h"
#include "runtime/rand.h"
#include "runtime/sched/time.h"

namespace xebec::client::internal {
namespace {

using runtime::http::Headers;
using runtime::http::Request;
using runtime::http::Response;
using runtime::http::StreamResponse;

constexpr int kMostRetries = 10;
constexpr int kMostReconnects = 3;
constexpr auto kReconnectDelay = std::chrono::milliseconds(200);
constexpr size_t kMostErrorBody = 64 << 10;

std::string DefaultUserAgent() {
#if defined(__x86_64__)
  return "xebec/0.1.0 (linux/amd64)";
#else
  return "xebec/0.1.0 (linux)";
#endif
}

std::optional<std::chrono::seconds> RetryDelay(int status, const Headers& headers) {
  if (status != 429 && status < 500) return std::nullopt;
  return RetryAfter(headers);
}

// `delay` would end after ctx does.
bool PassesDeadline(const Context& ctx, std::chrono::nanoseconds delay) {
  const auto deadline = ctx.Deadline();
  return deadline && runtime::NanoTime() + delay.count() >= *deadline;
}

std::string ReadErrorBody(runtime::http::BodyReader& body) {
  std::string text;
  char buffer[4096];
  while (text.size() < kMostErrorBody) {
    auto n = body.Read(buffer);
    if (!n.ok() || *n == 0) break;
    text.append(buffer, *n);
  }
  return text;
}

}  // namespace

Rest::Rest(std::shared_ptr<runtime::http::Transport> transport, Config config,
           ClientOptions options)
    : transport_(std::move(transport)),
      config_(std::move(config)),
      options_(std::move(options)),
      host_(transport_->Host()),
      token_(config_.bearer_token, config_.bearer_token_file),
      limiter_(MakeLimiter(config_.qps, config_.burst)) {
  if (auto url = ServerUrl::Parse(config_.host, !config_.tls.ca_pem.empty()); url.ok()) {
    base_path_ = url->base_path;
    secure_ = url->https;
  }
}

Request Rest::MakeRequest(const Call& call) {
  Request request;
  request.method = call.method;
  request.path = base_path_ + call.path;
  request.query = call.query;
  request.body = call.body;
  request.headers.Set("Accept", "application/json");
  request.headers.Set("User-Agent",
                      config_.user_agent.empty() ? DefaultUserAgent() : config_.user_agent);
  if (!call.body.empty()) request.headers.Set("Content-Type", call.content_type);
  if (secure_) {
    if (std::string token = token_.Get(); !token.empty()) {
      request.headers.Set("Authorization", "Bearer " + token);
    } else if (!config_.username.empty()) {
      request.headers.Set("Authorization", "Basic " + object::EncodeBase64(config_.username + ":" +
                                                                           config_.password));
    }
  }
  const Config::Impersonate& as = config_.impersonate;
  if (!as.user.empty()) request.headers.Set("Impersonate-User", as.user);
  if (!as.uid.empty()) request.headers.Set("Impersonate-Uid", as.uid);
  for (const std::string& group : as.groups) request.headers.Add("Impersonate-Group", group);
  for (const auto& [key, values] : as.extra) {
    for (const std::string& value : values) request.headers.Add("Impersonate-Extra-" + key, value);
  }
  return request;
}

Result<void> Rest::Throttle(const Context& ctx) {
  if (!limiter_) return {};
  const auto delay = limiter_();
  if (delay <= std::chrono::nanoseconds(0)) return {};
  runtime::Metrics& metrics = options_.metrics ? *options_.metrics : runtime::Metrics::Default();
  metrics
      .GetHistogram("rest_client_rate_limiter_duration_seconds",
                    "Client-side rate limiter latency in seconds.", runtime::DefaultBuckets(),
                    {{"host", host_}})
      .Observe(std::chrono::duration<double>(delay).count());
  if (PassesDeadline(ctx, delay)) {
    return Error::DeadlineExceeded(fmt::format(
        "the client's rate limit ({} requests a second) would hold this call beyond its deadline",
        config_.qps));
  }
  return SleepFor(ctx, delay);
}

void Rest::Observe(const Call& call, const std::string& code, int64_t start, bool retry) {
  runtime::Metrics& metrics = options_.metrics ? *options_.metrics : runtime::Metrics::Default();
  metrics
      .GetCounter("rest_client_requests_total", "HTTP requests by status code, method and host.",
                  {{"code", code}, {"method", call.method}, {"host", host_}})
      .Add();
  metrics
      .GetHistogram("rest_client_request_duration_seconds", "Request latency in seconds by verb.",
                    runtime::DefaultBuckets(), {{"verb", call.verb}, {"host", host_}})
      .Observe(static_cast<double>(runtime::NanoTime() - start) / 1e9);
  if (retry) {
    metrics
        .GetCounter("rest_client_request_retries_total", "Retries by status code, verb and host.",
                    {{"code", code}, {"verb", call.verb}, {"host", host_}})
        .Add();
  }
}

// `Warning: 299 - "text"`, with \" inside.
void Rest::TellWarnings(const Call& call, const Headers& headers) {
  if (!headers.Has("Warning")) return;
  for (const auto& [name, value] : headers) {
    if (name.size() != 7 || (name[0] | 0x20) != 'w' || !value.starts_with("299 ")) continue;
    const size_t open = value.find('"');
    if (open == std::string::npos) continue;
    std::string text;
    for (size_t i = open + 1; i < value.size() && value[i] != '"'; ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      text.push_back(value[i]);
    }
    if (options_.warning_handler) {
      options_.warning_handler(text);
    } else {
      XLOG(Warn, "the server warns", {"text", Summarize(text, 500)}, {"path", call.path});
    }
  }
}

Error Rest::TransportError(const Call& call, Error error, int64_t start) const {
  // The HTTP transport names the request itself; others do not.
  if (error.message.starts_with(call.method + " ")) return error;
  const std::string what = fmt::format("{} {}{}", call.method, host_, call.path);
  if (!IsDeadlineExceeded(error)) return std::move(error).Wrap(what);
  const double seconds = static_cast<double>(runtime::NanoTime() - start) / 1e9;
  return std::move(error).Wrap(fmt::format("{}: no answer within {:.3g} s", what, seconds));
}

Result<Response> Rest::Do(const Context& caller, const Call& call) {
  Context ctx = caller;
  std::optional<CancelOnExit> bound;
  if (!caller.Deadline()) {
    auto [with_timeout, cancel] = Context::WithTimeout(caller, config_.timeout);
    ctx = with_timeout;
    bound.emplace(std::move(cancel));
  }
  const int64_t first = runtime::NanoTime();
  int reconnects = 0;
  for (int attempt = 0;; ++attempt) {
    XEBEC_TRY(Throttle(ctx));
    const int64_t start = runtime::NanoTime();
    auto response = transport_->RoundTrip(ctx, MakeRequest(call));
    Observe(call, response.ok() ? std::to_string(response->status) : "<error>", start, attempt > 0);

    std::chrono::nanoseconds delay{0};
    if (!response.ok()) {
      const bool again = call.method == "GET" && IsUnreachable(response.error()) &&
                         reconnects < kMostReconnects && !ctx.Err();
      if (!again) return TransportError(call, response.error(), first);
      // Half of the delay is random, so that many clients do not come back at once.
      delay = kReconnectDelay * (1 << reconnects++);
      delay = delay / 2 + std::chrono::nanoseconds(runtime::ThreadRand().Below(
                              static_cast<uint64_t>(delay.count() / 2)));
      if (PassesDeadline(ctx, delay)) return TransportError(call, response.error(), first);
    } else {
      TellWarnings(call, response->headers);
      if (response->status >= 200 && response->status < 300) return response;
      if (response->status == 401) token_.Invalidate();
      const auto wait = RetryDelay(response->status, response->headers);
      if (!wait || attempt >= kMostRetries || PassesDeadline(ctx, *wait)) {
        return ErrorFromResponse(call, response->status, response->headers, response->body);
      }
      delay = *wait;
      XLOGV(4, "the server asks to come again", {"path", call.path}, {"status", response->status},
            {"delay", delay});
    }
    if (auto slept = SleepFor(ctx, delay); !slept.ok()) {
      return TransportError(call, slept.error(), first);
    }
  }
}

Result<StreamResponse> Rest::Stream(const Context& ctx, const Call& call) {
  const int64_t start = runtime::NanoTime();
  auto response = transport_->Stream(ctx, MakeRequest(call));
  Observe(call, response.ok() ? std::to_string(response->status) : "<error>", start, false);
  if (!response.ok()) return TransportError(call, response.error(), start);
  TellWarnings(call, response->headers);
  if (response->status >= 200 && response->status < 300) return response;
  if (response->status == 401) token_.Invalidate();
  return ErrorFromResponse(call, response->status, response->headers,
                           ReadErrorBody(*response->body));
}

std::optional<std::chrono::seconds> RetryAfter(const Headers& headers) {
  const std::string_view text = headers.Get("Retry-After");
  int64_t seconds = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (seconds < 0 || seconds > 86400) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace xebec::client::internal
