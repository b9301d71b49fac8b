// TLS over any Conn, by OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/context.h"
#include "runtime/net/conn.h"
#include "runtime/result.h"

namespace xebec::runtime::net {

// What a TLS client or server needs. Certificates and keys are PEM text, not file names.
struct TlsConfig {
  // Client: the authorities that the server's certificate must lead to; empty: the system's.
  // Server: if set, clients must present a certificate that leads to one of them.
  std::string ca_pem;
  // The own certificate (and its chain) and key: needed by a server, optional for a client.
  std::string cert_pem;
  std::string key_pem;
  // Client: the name or IP address that the server's certificate must be for. Empty: the host
  // that is dialed.
  std::string server_name;
  // Client: accept any certificate. For tests and `insecure-skip-tls-verify: true` only.
  bool insecure_skip_verify = false;
  // Protocols offered (client) or chosen from (server), by preference, e.g. {"http/1.1"}.
  std::vector<std::string> alpn;
};

// A TlsConfig that has been read and checked once and serves many connections. Thread-safe.
class TlsContext {
 public:
  // InvalidInput with one line that says which part cannot be used (malformed PEM, a key that
  // does not fit its certificate, an expired own certificate).
  static Result<std::shared_ptr<const TlsContext>> ForClient(const TlsConfig& config);
  static Result<std::shared_ptr<const TlsContext>> ForServer(const TlsConfig& config);
  ~TlsContext();

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// An encrypted connection that is closed without CloseWrite looks cut to its peer: TLS tells an end
// from a cut.
//
// Shakes hands over `conn` and returns the encrypted connection, which owns it. Blocks until
// done, failed, or `ctx` is done. A certificate that does not pass is an Unreachable error whose
// one line names the fault (expired, unknown authority, wrong host) and what to do.
Result<std::unique_ptr<Conn>> TlsClient(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsConfig& config);
Result<std::unique_ptr<Conn>> TlsClient(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsContext& tls, const std::string& dialed_host);

// The server's side of the same.
Result<std::unique_ptr<Conn>> TlsServer(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsConfig& config);
Result<std::unique_ptr<Conn>> TlsServer(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsContext& tls);

// The protocol that ALPN settled on, "" if none or if `conn` is not a TLS connection.
std::string TlsNegotiatedProtocol(const Conn& conn);

// The common name and organisations ("CN=admin,O=system:masters") of the certificate that the
// peer proved, "" if none or if `conn` is not a TLS connection.
std::string TlsPeerSubject(const Conn& conn);

}  // namespace xebec::runtime::net
