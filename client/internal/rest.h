// One request to the API server: headers, deadline, rate limit, retries, metrics, and what the
// answer means. Everything above this file deals in objects.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/client_options.h"
#include "client/config.h"
#include "client/internal/token_source.h"
#include "object/object.h"
#include "runtime/context.h"
#include "runtime/net/transport.h"
#include "runtime/result.h"

namespace xebec::client::internal {

struct Call {
  std::string method = "GET";
  std::string verb =
      "get";         // the API's word, for metrics: get list watch create update patch delete
  std::string path;  // decoded, without the server's base path
  std::string query;
  std::string body;
  std::string content_type = "application/json";
};

// Ends a context when the scope does.
class CancelOnExit {
 public:
  explicit CancelOnExit(CancelFunc cancel) : cancel_(std::move(cancel)) {}
  ~CancelOnExit() { cancel_(); }
  CancelOnExit(const CancelOnExit&) = delete;
  CancelOnExit& operator=(const CancelOnExit&) = delete;

 private:
  CancelFunc cancel_;
};

// Thread-safe; shared by all handles of a Client.
class Rest {
 public:
  Rest(std::shared_ptr<runtime::http::Transport> transport, Config config, ClientOptions options);

  // Sends `call` and returns the answer if its status is 2xx. Retries as SEMANTICS has it: an
  // answer 429 or 5xx with Retry-After (10 times), a GET whose connection failed (3 times); nothing
  // else, so a POST is never repeated on a guess. Ends at ctx's deadline, or Config::timeout if it
  // has none.
  Result<runtime::http::Response> Do(const Context& ctx, const Call& call);

  // Opens a stream. Config::timeout holds until the header is there; afterwards only `ctx` ends it.
  // No retries: the reflector knows better when to come again.
  Result<runtime::http::StreamResponse> Stream(const Context& ctx, const Call& call);

  const Config& config() const { return config_; }
  const ClientOptions& options() const { return options_; }
  const std::string& host() const { return host_; }

 private:
  runtime::http::Request MakeRequest(const Call& call);
  Result<void> Throttle(const Context& ctx);
  void Observe(const Call& call, const std::string& code, int64_t start, bool retry);
  void TellWarnings(const Call& call, const runtime::http::Headers& headers);
  Error TransportError(const Call& call, Error error, int64_t start) const;

  const std::shared_ptr<runtime::http::Transport> transport_;
  const Config config_;
  const ClientOptions options_;
  const std::string host_;
  std::string base_path_;
  bool secure_ = false;  // credentials may be sent
  TokenSource token_;
  // How long the next call has to wait; unset: no limit.
  const std::function<std::chrono::nanoseconds()> limiter_;
};

// A token bucket of `qps` a second and at least one at once; unset for qps <= 0.
std::function<std::chrono::nanoseconds()> MakeLimiter(double qps, int burst);

// The typed error of an answer with status >= 300: its Status body decoded, any other body
// summarised.
Error ErrorFromResponse(const Call& call, int status, const runtime::http::Headers& headers,
                        const std::string& body);

// The typed error of a Status object, as error events of watches carry it.
Error ErrorFromStatus(const object::Object& status);

// "30": seconds; a date or anything else: none.
std::optional<std::chrono::seconds> RetryAfter(const runtime::http::Headers& headers);

// The first `most` bytes on one line, printable.
std::string Summarize(std::string_view body, size_t most = 160);

}  // namespace xebec::client::internal
