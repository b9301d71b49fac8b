#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "runtime/check.h"
#include "runtime/debug/log.h"
#include "runtime/net/http.h"
#include "runtime/net/internal/server_conn.h"
#include "runtime/net/internal/server_engine.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/select.h"

namespace xebec::runtime::http {

using internal::ServerConn;

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  explicit Impl(Options given) : options(std::move(given)) {
    std::tie(ctx, cancel) = Context::WithCancel(Context::Background());
    dispatch = [this](Request& request, ResponseWriter& w) { Dispatch(request, w); };
    set_idle = [this](uint64_t id, bool idle) { return SetIdle(id, idle); };
  }

  void Dispatch(Request& request, ResponseWriter& w);
  bool SetIdle(uint64_t id, bool idle);
  Result<void> AcceptLoop(net::Listener& listener);
  void ServeAccepted(std::unique_ptr<net::Conn> conn);
  void ServeConn(std::unique_ptr<net::Conn> conn);
  // Counts the caller among those that Shutdown waits for; false once the server stops.
  bool Enter();
  void Leave();
  // Stops accepting and closes idle connections, or all.
  void Stop(bool all);
  Result<std::shared_ptr<const net::TlsContext>> Tls();

  const Options options;
  internal::Engine engine;
  Context ctx;
  CancelFunc cancel;
  std::function<void(Request&, ResponseWriter&)> dispatch;
  std::function<bool(uint64_t, bool)> set_idle;
  Chan<Unit> drained;  // closed when the server stops and nobody is inside any more

  // Set before serving starts.
  std::map<std::string, Handler, std::less<>> exact;
  std::map<std::string, Handler, std::less<>> prefixes;
  Handler fallback;

  struct Open {
    std::shared_ptr<internal::ServerConn> conn;
    bool idle = true;
  };
  mutable Mutex mu;
  bool stopping = false;  // guarded by mu, like all below
  uint64_t inside = 0;    // connections and accept loops
  uint64_t next_id = 1;
  std::map<uint64_t, Open> open;  // by id: closing them has an order
  std::map<uint64_t, net::Listener*> listeners;
  std::shared_ptr<const net::TlsContext> tls;
};

void Server::Impl::Dispatch(Request& request, ResponseWriter& w) {
  if (auto it = exact.find(request.path); it != exact.end()) return it->second(request, w);
  // The longest prefix is the last key not above the path that it starts with; each step back
  // tries a shorter one.
  for (auto it = prefixes.upper_bound(request.path); it != prefixes.begin();) {
    --it;
    if (request.path.starts_with(it->first)) return it->second(request, w);
  }
  if (fallback) return fallback(request, w);
  w.headers().Set("Content-Type", "text/plain; charset=utf-8");
  w.WriteHeader(404);
  static_cast<void>(w.Write("404 page not found\n"));
}

bool Server::Impl::SetIdle(uint64_t id, bool idle) {
  std::lock_guard lock(mu);
  if (stopping) return false;
  if (auto it = open.find(id); it != open.end()) it->second.idle = idle;
  return true;
}

bool Server::Impl::Enter() {
  std::lock_guard lock(mu);
  if (stopping) return false;
  ++inside;
  return true;
}

void Server::Impl::Leave() {
  std::lock_guard lock(mu);
  if (--inside == 0 && stopping && !drained.closed()) drained.Close();
}

void Server::Impl::Stop(bool all) {
  std::vector<std::shared_ptr<internal::ServerConn>> to_close;
  {
    std::lock_guard lock(mu);
    stopping = true;
    for (auto& [id, listener] : listeners) listener->Close();
    for (auto& [id, one] : open) {
      if (all || one.idle) to_close.push_back(one.conn);
    }
    if (inside == 0 && !drained.closed()) drained.Close();
  }
  for (const auto& conn : to_close) conn->Close();
  cancel(Error::Canceled("the server is stopping"));
}

Result<std::shared_ptr<const net::TlsContext>> Server::Impl::Tls() {
  if (!options.tls) return std::shared_ptr<const net::TlsContext>();
  std::lock_guard lock(mu);
  if (!tls) {
    XEBEC_ASSIGN_OR_RETURN(tls, net::TlsContext::ForServer(*options.tls));
  }
  return tls;
}

Result<void> Server::Impl::AcceptLoop(net::Listener& listener) {
  if (!Enter()) return {};
  uint64_t id;
  {
    std::lock_guard lock(mu);
    id = next_id++;
    listeners[id] = &listener;
    if (stopping) listener.Close();
  }
  Result<void> result;
  for (;;) {
    auto conn = listener.Accept();
    if (!conn.ok()) {
      if (!IsCanceled(conn.error())) result = std::move(conn).error();
      break;
    }
    GoNamed("http connection", [self = shared_from_this(), conn = std::move(*conn)]() mutable {
      self->ServeAccepted(std::move(conn));
    });
  }
  {
    std::lock_guard lock(mu);
    listeners.erase(id);
  }
  Leave();
  return result;
}

void Server::Impl::ServeAccepted(std::unique_ptr<net::Conn> conn) {
  if (options.tls) {
    auto context = Tls();
    if (!context.ok()) return;  // reported when serving started
    auto [handshake, done] = Context::WithTimeout(ctx, options.header_timeout);
    auto secured = net::TlsServer(handshake, std::move(conn), **context);
    if (!secured.ok()) {
      XLOG(Debug, "tls handshake failed", {"error", secured.error().message});
      return;
    }
    conn = std::move(*secured);
  }
  ServeConn(std::move(conn));
}

void Server::Impl::ServeConn(std::unique_ptr<net::Conn> conn) {
  std::shared_ptr<internal::ServerConn> served;
  {
    std::lock_guard lock(mu);
    if (stopping) return;
    if (open.size() < options.max_connections) {
      const uint64_t id = next_id++;
      served = std::make_shared<internal::ServerConn>(
          id, std::move(conn), ServerConn::Server{options, engine, ctx, dispatch, set_idle});
      open[id] = Open{served, true};
      ++inside;
    }
  }
  if (!served) {
    // NOLINTNEXTLINE(bugprone-use-after-move): moved only where `served` is set
    conn->SetWriteDeadline(NanoTime() + 1'000'000'000);
    static_cast<void>(
        conn->Write("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
                    "Content-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n"));
    internal::Linger(*conn);
    return;
  }
  served->Run();
  {
    std::lock_guard lock(mu);
    open.erase(served->id());
  }
  Leave();
}

Server::Server(Options options) : impl_(std::make_shared<Impl>(std::move(options))) {}

Server::~Server() {
  impl_->Stop(/*all=*/true);
  impl_->drained.Receive();
}

void Server::HandleFunc(std::string pattern, Handler handler) {
  CHECK(pattern.starts_with('/'), "pattern \"{}\" must start with '/'", pattern);
  auto& routes = pattern.ends_with('/') ? impl_->prefixes : impl_->exact;
  const bool added = routes.emplace(pattern, std::move(handler)).second;
  CHECK(added, "two handlers for pattern \"{}\"", pattern);
}

void Server::SetHandler(Handler handler) { impl_->fallback = std::move(handler); }

Result<void> Server::Serve(std::unique_ptr<net::Listener> listener) {
  XEBEC_TRY(impl_->Tls());
  const std::shared_ptr<Impl> impl = impl_;
  return impl->AcceptLoop(*listener);
}

Result<void> Server::ListenAndServe(std::string_view address) {
  XEBEC_ASSIGN_OR_RETURN(auto listener, net::Listener::Listen(address));
  return Serve(std::move(listener));
}

Result<std::string> Server::Start(std::string_view address) {
  XEBEC_TRY(impl_->Tls());
  XEBEC_ASSIGN_OR_RETURN(auto listener, net::Listener::Listen(address));
  std::string bound = listener->Addr();
  // Entered here, so that a Shutdown right after Start waits for the loop's end.
  if (!impl_->Enter()) return Error::Canceled("the server has been stopped");
  GoNamed("http accept", [impl = impl_, listener = std::move(listener)] {
    auto result = impl->AcceptLoop(*listener);
    if (!result.ok()) XLOG(Error, "http server stopped", {"error", result.error().message});
    impl->Leave();
  });
  return bound;
}

void Server::ServeConn(std::unique_ptr<net::Conn> conn) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->ServeConn(std::move(conn));
}

Result<void> Server::Shutdown(const Context& ctx) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->Stop(/*all=*/false);
  Select(OnReceive(impl->drained, [](auto&&) {}), OnReceive(ctx.Done(), [](auto&&) {}));
  if (impl->drained.closed()) return {};
  impl->Stop(/*all=*/true);
  return std::move(*ctx.Err()).Wrap("waiting for running requests");
}

void Server::Close() { impl_->Stop(/*all=*/true); }

size_t Server::connections() const {
  std::lock_guard lock(impl_->mu);
  return impl_->open.size();
}

}  // namespace xebec::runtime::http
