#include "runtime/net/dialer.h"

#include <fmt/format.h>

#include <mutex>

#include "runtime/sched/fiber.h"

namespace xebec::runtime::net {

TcpDialer::TcpDialer(std::string host, int port, std::optional<TlsConfig> tls)
    : host_(std::move(host)), port_(port), tls_config_(std::move(tls)) {}

std::string TcpDialer::Address() const {
  if (host_.find(':') != std::string::npos) return fmt::format("[{}]:{}", host_, port_);
  return fmt::format("{}:{}", host_, port_);
}

Result<std::shared_ptr<const TlsContext>> TcpDialer::Tls() {
  std::lock_guard lock(mu_);
  if (!tls_) {
    XEBEC_ASSIGN_OR_RETURN(tls_, TlsContext::ForClient(*tls_config_));
  }
  return tls_;
}

Result<std::unique_ptr<Conn>> TcpDialer::Dial(const Context& ctx) {
  if (!tls_config_) return DialTcp(ctx, host_, port_);
  XEBEC_ASSIGN_OR_RETURN(auto tls, Tls());
  XEBEC_ASSIGN_OR_RETURN(auto conn, DialTcp(ctx, host_, port_));
  return TlsClient(ctx, std::move(conn), *tls, host_);
}

PipeDialer::PipeDialer(std::function<void(std::unique_ptr<Conn>)> serve, std::string address)
    : serve_(std::move(serve)), address_(std::move(address)) {}

Result<std::unique_ptr<Conn>> PipeDialer::Dial(const Context& ctx) {
  if (auto done = ctx.Err()) return std::move(*done);
  auto [client, server] = Pipe();
  GoNamed("pipe server",
          [serve = serve_, conn = std::move(server)]() mutable { serve(std::move(conn)); });
  return std::move(client);
}

}  // namespace xebec::runtime::net
