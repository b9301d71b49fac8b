#include "runtime/net/transport.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "runtime/net/internal/client_conn.h"
#include "runtime/net/internal/gzip.h"
#include "runtime/net/internal/interrupt.h"
#include "runtime/net/internal/text.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/semaphore.h"

namespace xebec::runtime::http {
namespace {

using internal::ClientConn;
using internal::ClientDefaults;
using net::internal::Interrupt;

// Safe to send twice without looking at what the first did. PUT and DELETE are repeatable in
// HTTP's sense, but a repeated one may answer 409 or 404 for what it did itself.
bool MayRepeat(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool IsOutcomeDoubtful(std::string_view method) { return method == "POST" || method == "PATCH"; }

// The idle connections to one server. The oldest is closed when there are too many, and each after
// the idle timeout.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  explicit Pool(const TransportOptions& options)
      : max_idle_(options.max_idle_conns), idle_timeout_(options.idle_timeout) {}
  ~Pool() {
    if (reaper_) reaper_->Stop();
  }

  // The connection that was used last and is still good; null if there is none.
  std::unique_ptr<ClientConn> Take() {
    std::vector<std::unique_ptr<ClientConn>> stale;  // closed outside the lock
    std::lock_guard lock(mu_);
    while (!idle_.empty()) {
      auto conn = std::move(idle_.back());
      idle_.pop_back();
      if (NanoTime() - conn->idle_since < idle_timeout_.count() && conn->conn().Quiet()) {
        conn->reused = true;
        return conn;
      }
      stale.push_back(std::move(conn));
    }
    return nullptr;
  }

  void Put(std::unique_ptr<ClientConn> conn) {
    std::unique_ptr<ClientConn> oldest;
    std::lock_guard lock(mu_);
    conn->idle_since = NanoTime();
    idle_.push_back(std::move(conn));
    if (idle_.size() > max_idle_) {
      oldest = std::move(idle_.front());
      idle_.erase(idle_.begin());
    }
    if (idle_.empty() || reaping_) return;
    reaping_ = true;
    if (reaper_) {
      reaper_->Reset(idle_timeout_);
    } else {
      reaper_.emplace(idle_timeout_, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->Reap();
      });
    }
  }

 private:
  void Reap() {
    std::vector<std::unique_ptr<ClientConn>> old;
    std::lock_guard lock(mu_);
    const int64_t oldest_kept = NanoTime() - idle_timeout_.count();
    auto it = idle_.begin();
    while (it != idle_.end() && (*it)->idle_since <= oldest_kept) old.push_back(std::move(*it++));
    idle_.erase(idle_.begin(), it);
    reaping_ = !idle_.empty();
    if (reaping_) {
      reaper_->Reset(std::chrono::nanoseconds(idle_.front()->idle_since - oldest_kept));
    }
  }

  const size_t max_idle_;
  const std::chrono::nanoseconds idle_timeout_;
  Mutex mu_;
  std::vector<std::unique_ptr<ClientConn>> idle_;  // guarded by mu_; the oldest first
  std::optional<FuncTimer> reaper_;                // guarded by mu_
  bool reaping_ = false;                           // guarded by mu_: the timer runs
};

class StreamBody final : public BodyReader {
 public:
  StreamBody(const Context& ctx, std::unique_ptr<ClientConn> conn, std::string what)
      : ctx_(ctx), what_(std::move(what)), conn_(std::move(conn)), interrupt_(ctx, conn_->conn()) {}

  Result<size_t> Read(std::span<char> buffer) override {
    auto n = conn_->ReadBody(buffer);
    if (n.ok()) return n;
    if (auto done = ctx_.Err()) return std::move(*done).Wrap(what_);
    return std::move(n).error().Wrap(what_);
  }

 private:
  const Context ctx_;
  const std::string what_;
  const std::unique_ptr<ClientConn> conn_;
  const Interrupt interrupt_;  // ends before conn_ does
};

class PooledTransport final : public Transport {
 public:
  PooledTransport(std::shared_ptr<net::Dialer> dialer, TransportOptions options)
      : dialer_(std::move(dialer)),
        options_(std::move(options)),
        defaults_{dialer_->Address(), options_.user_agent, options_.max_header_bytes},
        slots_(static_cast<int64_t>(std::max<size_t>(options_.max_conns_per_host, 1))),
        pool_(std::make_shared<Pool>(options_)) {}

  Result<Response> RoundTrip(const Context& ctx, const Request& request) override;
  Result<StreamResponse> Stream(const Context& ctx, const Request& request) override;
  std::string Host() const override { return defaults_.host; }

 private:
  struct Attempt {
    bool reused = false;
    bool sent = false;
    bool received = false;
  };

  int64_t CallDeadline() const { return NanoTime() + options_.default_deadline.count(); }
  std::string Describe(const Request& request) const {
    return fmt::format("{} {}{}", request.method, defaults_.host, request.path);
  }
  Result<std::unique_ptr<ClientConn>> Dial(const Context& call);
  Result<Response> Try(const Context& call, const Request& request, bool fresh, Attempt* attempt);
  Result<void> ReadAll(ClientConn& conn, Response* response);
  Error Explain(Error error, const Context& call, const Request& request, const Attempt& attempt,
                int64_t started) const;

  const std::shared_ptr<net::Dialer> dialer_;
  const TransportOptions options_;
  const ClientDefaults defaults_;
  Semaphore slots_;
  const std::shared_ptr<Pool> pool_;
};

Result<std::unique_ptr<ClientConn>> PooledTransport::Dial(const Context& call) {
  auto [ctx, cancel] = Context::WithTimeout(call, options_.dial_timeout);
  auto conn = dialer_->Dial(ctx);
  if (conn.ok()) return std::make_unique<ClientConn>(std::move(*conn));
  if (!call.Err() && IsDeadlineExceeded(conn.error())) {
    return Error::Unreachable(conn.error().message);  // the call itself has time left
  }
  return std::move(conn).error();
}

Result<void> PooledTransport::ReadAll(ClientConn& conn, Response* response) {
  char piece[16 << 10];
  for (;;) {
    XEBEC_ASSIGN_OR_RETURN(const size_t n, conn.ReadBody(piece));
    if (n == 0) break;
    if (response->body.size() + n > options_.max_response_bytes) {
      return Error::Unreachable(fmt::format(
          "the answer has more than {} bytes: ask for less, or raise max_response_bytes",
          options_.max_response_bytes));
    }
    response->body.append(piece, n);
  }
  if (internal::EqualsIgnoringCase(response->headers.Get("Content-Encoding"), "gzip")) {
    XEBEC_ASSIGN_OR_RETURN(response->body,
                           internal::Gunzip(response->body, options_.max_response_bytes));
    response->headers.Remove("Content-Encoding");
    response->headers.Remove("Content-Length");
  }
  return {};
}

Result<Response> PooledTransport::Try(const Context& call, const Request& request, bool fresh,
                                      Attempt* attempt) {
  std::unique_ptr<ClientConn> conn = fresh ? nullptr : pool_->Take();
  attempt->reused = conn != nullptr;
  if (!conn) {
    XEBEC_ASSIGN_OR_RETURN(conn, Dial(call));
  }
  Response response;
  {
    Interrupt interrupt(call, conn->conn());
    auto head = conn->Send(request, defaults_);
    attempt->sent = conn->sent_any();
    attempt->received = conn->received_any();
    if (!head.ok()) return std::move(head).error();
    response.status = head->status;
    response.headers = std::move(head->headers);
    XEBEC_TRY(ReadAll(*conn, &response));
  }
  if (conn->reusable() && !call.Err()) pool_->Put(std::move(conn));
  return response;
}

Error PooledTransport::Explain(Error error, const Context& call, const Request& request,
                               const Attempt& attempt, int64_t started) const {
  const std::string what = Describe(request);
  std::string doubt;
  if (attempt.sent && IsOutcomeDoubtful(request.method)) {
    doubt = "; the request was sent and may have been carried out";
  }
  if (auto done = call.Err()) {
    const double seconds = static_cast<double>(NanoTime() - started) / 1e9;
    done->message = IsDeadlineExceeded(*done)
                        ? fmt::format("{}: no answer within {:.3g} s{}", what, seconds, doubt)
                        : fmt::format("{}: canceled{}", what, doubt);
    return std::move(*done);
  }
  if (!doubt.empty() && !IsInvalidInput(error)) {
    return Error::OutcomeUnknown(fmt::format("{}: {}{}", what, error.message, doubt));
  }
  // The connection was closed under the call by nobody but the network.
  if (IsCanceled(error) || IsDeadlineExceeded(error)) error.reason = "Unreachable";
  return std::move(error).Wrap(what);
}

Result<Response> PooledTransport::RoundTrip(const Context& ctx, const Request& request) {
  XEBEC_TRY(internal::CheckSendable(request));
  const int64_t started = NanoTime();
  auto [call, cancel] = Context::WithDeadline(ctx, CallDeadline());
  Attempt attempt;
  if (!slots_.Acquire(call)) {
    return Explain(Error::Canceled("no free connection"), call, request, attempt, started);
  }
  struct Slot {
    Semaphore& slots;
    ~Slot() { slots.Release(); }
  } slot{slots_};
  auto response = Try(call, request, /*fresh=*/false, &attempt);
  // A server may close an idle connection just when it is used again: nothing of an answer comes.
  if (!response.ok() && attempt.reused && !attempt.received && MayRepeat(request.method) &&
      !call.Err()) {
    attempt = {};
    response = Try(call, request, /*fresh=*/true, &attempt);
  }
  if (response.ok()) return response;
  return Explain(std::move(response).error(), call, request, attempt, started);
}

Result<StreamResponse> PooledTransport::Stream(const Context& ctx, const Request& request) {
  XEBEC_TRY(internal::CheckSendable(request));
  const int64_t started = NanoTime();
  auto [call, cancel] = Context::WithDeadline(ctx, CallDeadline());
  Attempt attempt;
  auto dialed = Dial(call);
  if (!dialed.ok()) return Explain(std::move(dialed).error(), call, request, attempt, started);
  std::unique_ptr<ClientConn> conn = std::move(*dialed);
  Result<ClientConn::Head> head = Error::Canceled("");
  {
    Interrupt interrupt(call, conn->conn());
    head = conn->Send(request, defaults_);
    attempt.sent = conn->sent_any();
  }
  if (!head.ok() || call.Err()) {
    Error error = head.ok() ? Error::Canceled("canceled") : std::move(head).error();
    return Explain(std::move(error), call, request, attempt, started);
  }
  StreamResponse response;
  response.status = head->status;
  response.headers = std::move(head->headers);
  response.body = std::make_unique<StreamBody>(ctx, std::move(conn), Describe(request));
  return response;
}

}  // namespace

std::shared_ptr<Transport> MakeTransport(std::shared_ptr<net::Dialer> dialer,
                                         TransportOptions options) {
  return std::make_shared<PooledTransport>(std::move(dialer), std::move(options));
}

}  // namespace xebec::runtime::http
