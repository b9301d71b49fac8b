#include "apiserver/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "apiserver/internal/core.h"
#include "apiserver/internal/gc.h"
#include "apiserver/internal/handler.h"
#include "runtime/net/dialer.h"
#include "runtime/sched/fiber.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"

namespace xebec::apiserver {
namespace {

namespace http = runtime::http;

constexpr std::chrono::seconds kStopGrace(5);
constexpr size_t kTransportBody = 64 << 20;  // larger bodies are refused before the API sees them

bool IsLoopback(std::string_view address) {
  const size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

http::ServerOptions HttpOptions(const Options& options) {
  http::ServerOptions out;
  out.max_body_bytes = std::max(kTransportBody, options.max_body_bytes + 1);
  return out;
}

}  // namespace

struct Server::Impl {
  explicit Impl(Options options)
      : core(std::move(options)), handler(core), http(HttpOptions(core.options())) {
    http.SetHandler(
        [this](http::Request& request, http::ResponseWriter& out) { handler.Serve(request, out); });
  }

  // The collector runs as long as anybody can be served.
  void StartCollector() {
    std::lock_guard lock(mu);
    if (collecting || stopped) return;
    collecting = true;
    fibers.Add(1);
    runtime::GoNamed("apiserver collector", [this] {
      RunCollector(core);
      fibers.Done();
    });
  }

  Core core;
  ApiHandler handler;
  http::Server http;
  runtime::WaitGroup fibers;
  mutable runtime::Mutex mu;  // guards what follows
  std::string url;
  bool collecting = false;
  bool stopped = false;
};

Server::Server(Options options) : impl_(std::make_shared<Impl>(std::move(options))) {}

Server::~Server() { Stop(); }

Result<std::string> Server::Start(std::string_view address) {
  if (!impl_->core.options().allow_remote && !IsLoopback(address)) {
    return Error::InvalidInput(
        fmt::format("address \"{}\" is not of the loopback, and this server has no access control: "
                    "use 127.0.0.1:PORT, or allow remote addresses",
                    address));
  }
  XEBEC_ASSIGN_OR_RETURN(const std::string bound, impl_->http.Start(address));
  impl_->StartCollector();
  std::lock_guard lock(impl_->mu);
  impl_->url = "http://" + bound;
  return impl_->url;
}

std::string Server::Url() const {
  std::lock_guard lock(impl_->mu);
  return impl_->url;
}

std::string Server::Kubeconfig() const {
  return fmt::format(
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: xebec\n"
      "  cluster:\n"
      "    server: {}\n"
      "contexts:\n"
      "- name: xebec\n"
      "  context:\n"
      "    cluster: xebec\n"
      "    user: xebec\n"
      "    namespace: default\n"
      "users:\n"
      "- name: xebec\n"
      "  user: {{}}\n"
      "current-context: xebec\n",
      Url());
}

std::shared_ptr<http::Transport> Server::InProcessTransport(http::TransportOptions options) {
  impl_->StartCollector();
  auto dialer = std::make_shared<runtime::net::PipeDialer>(
      [impl = impl_](std::unique_ptr<runtime::net::Conn> conn) {
        impl->http.ServeConn(std::move(conn));
      },
      "xebec-apiserver");
  return http::MakeTransport(std::move(dialer), std::move(options));
}

http::Handler Server::Handler() {
  impl_->StartCollector();
  return [impl = impl_](http::Request& request, http::ResponseWriter& out) {
    impl->handler.Serve(request, out);
  };
}

void Server::Stop() {
  {
    std::lock_guard lock(impl_->mu);
    if (impl_->stopped) return;
    impl_->stopped = true;
  }
  impl_->core.Stop();
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), kStopGrace);
  (void)impl_->http.Shutdown(ctx);
  cancel();
  impl_->http.Close();
  impl_->fibers.Wait();
}

uint64_t Server::Revision() const { return impl_->core.store().Revision(); }

void Server::CompactLog() { impl_->core.store().CompactLog(); }

}  // namespace xebec::apiserver
