#include "client/client.h"

#include "client/internal/rest.h"
#include "runtime/net/dialer.h"
#include "runtime/net/transport.h"

namespace xebec::client {
namespace {

std::shared_ptr<runtime::http::Transport> TransportFor(const Config& config,
                                                       const ClientOptions& options) {
  // A malformed address was refused by Config::Load; one put in by hand fails at its first dial.
  ServerUrl url;
  if (auto parsed = ServerUrl::Parse(config.host, !config.tls.ca_pem.empty()); parsed.ok()) {
    url = std::move(*parsed);
  }
  std::optional<runtime::net::TlsConfig> tls;
  if (url.https) {
    tls.emplace();
    tls->ca_pem = config.tls.ca_pem;
    tls->cert_pem = config.tls.cert_pem;
    tls->key_pem = config.tls.key_pem;
    tls->server_name = config.tls.server_name;
    tls->insecure_skip_verify = config.tls.insecure_skip_verify;
    tls->alpn = {"http/1.1"};
  }
  runtime::http::TransportOptions transport;
  transport.max_conns_per_host = options.max_connections;
  transport.max_response_bytes = options.max_response_bytes;
  transport.default_deadline = config.timeout;
  return runtime::http::MakeTransport(
      std::make_shared<runtime::net::TcpDialer>(url.host, url.port, std::move(tls)), transport);
}

}  // namespace

Client::Client(Config config, ClientOptions options) {
  auto transport = TransportFor(config, options);
  rest_ =
      std::make_shared<internal::Rest>(std::move(transport), std::move(config), std::move(options));
}

Client::Client(std::shared_ptr<runtime::http::Transport> transport, Config config,
               ClientOptions options)
    : rest_(std::make_shared<internal::Rest>(std::move(transport), std::move(config),
                                             std::move(options))) {}

const Config& Client::config() const { return rest_->config(); }

client::Resource Client::Resource(GroupVersionResource gvr, std::string ns) const {
  ResourceInfo info;
  info.gvr = std::move(gvr);
  return client::Resource(rest_, std::move(info), std::move(ns));
}

client::Resource Client::Resource(ResourceInfo info, std::string ns) const {
  return client::Resource(rest_, std::move(info), std::move(ns));
}

Result<std::string> Client::GetRaw(const Context& ctx, const std::string& path) const {
  internal::Call call;
  call.path = path;
  XEBEC_ASSIGN_OR_RETURN(auto response, rest_->Do(ctx, call));
  return std::move(response.body);
}

}  // namespace xebec::client
