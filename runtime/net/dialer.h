// Where a client's connections come from: TCP, TLS, or a pipe into a server of this process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/context.h"
#include "runtime/net/conn.h"
#include "runtime/net/tls.h"
#include "runtime/result.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime::net {

// Opens connections to one server. Thread-safe.
class Dialer {
 public:
  virtual ~Dialer() = default;

  // A new connection, ready for use. Blocks until connected, failed, or `ctx` is done.
  // Errors: Unreachable, with the address in the message; DeadlineExceeded; Canceled.
  virtual Result<std::unique_ptr<Conn>> Dial(const Context& ctx) = 0;

  // What is dialed, "host:port" as an HTTP Host header has it.
  virtual std::string Address() const = 0;
};

// Dials a TCP port, with TLS on top if `tls` is given.
class TcpDialer final : public Dialer {
 public:
  TcpDialer(std::string host, int port, std::optional<TlsConfig> tls = std::nullopt);

  Result<std::unique_ptr<Conn>> Dial(const Context& ctx) override;
  std::string Address() const override;

 private:
  Result<std::shared_ptr<const TlsContext>> Tls();

  const std::string host_;
  const int port_;
  const std::optional<TlsConfig> tls_config_;
  Mutex mu_;
  std::shared_ptr<const TlsContext> tls_;  // guarded by mu_; read at the first Dial
};

// Each Dial makes a Pipe and hands its other end to `serve`, in a fiber of its own.
//
//   auto dialer = std::make_shared<PipeDialer>(
//       [&](std::unique_ptr<Conn> conn) { server.ServeConn(std::move(conn)); });
class PipeDialer final : public Dialer {
 public:
  explicit PipeDialer(std::function<void(std::unique_ptr<Conn>)> serve,
                      std::string address = "pipe");

  Result<std::unique_ptr<Conn>> Dial(const Context& ctx) override;
  std::string Address() const override { return address_; }

 private:
  const std::function<void(std::unique_ptr<Conn>)> serve_;
  const std::string address_;
};

}  // namespace xebec::runtime::net
