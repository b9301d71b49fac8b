// A server and a transport to it, over TCP or over pipes in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "runtime/net/dialer.h"
#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/sim.h"

namespace xebec::runtime::http::testing {

// Counts what is dialed.
class CountingDialer final : public net::Dialer {
 public:
  explicit CountingDialer(std::shared_ptr<net::Dialer> inner) : inner_(std::move(inner)) {}
  Result<std::unique_ptr<net::Conn>> Dial(const Context& ctx) override {
    dialed.fetch_add(1, std::memory_order_relaxed);
    return inner_->Dial(ctx);
  }
  std::string Address() const override { return inner_->Address(); }
  int count() const { return dialed.load(std::memory_order_relaxed); }

  Atomic<int> dialed{0};

 private:
  const std::shared_ptr<net::Dialer> inner_;
};

struct Rig {
  enum class Over { kTcp, kPipe };

  explicit Rig(Over over, ServerOptions server_options = {}, TransportOptions options = {})
      : over_(over), server(std::move(server_options)), options_(std::move(options)) {}

  // After the handlers were set.
  void Start() {
    std::shared_ptr<net::Dialer> inner;
    if (over_ == Over::kTcp) {
      auto address = server.Start("127.0.0.1:0");
      ASSERT_TRUE(address.ok()) << address.error().ToString();
      inner = std::make_shared<net::TcpDialer>("127.0.0.1",
                                               std::stoi(address->substr(address->rfind(':') + 1)));
    } else {
      inner = std::make_shared<net::PipeDialer>(
          [this](std::unique_ptr<net::Conn> conn) { server.ServeConn(std::move(conn)); });
    }
    dialer = std::make_shared<CountingDialer>(std::move(inner));
    transport = MakeTransport(dialer, options_);
  }
  Result<Response> Get(const std::string& path, const Context& ctx = {}) {
    Request request;
    request.path = path;
    return transport->RoundTrip(ctx, request);
  }
  Result<Response> Post(const std::string& path, std::string body, const Context& ctx = {}) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = std::move(body);
    return transport->RoundTrip(ctx, request);
  }

  const Over over_;
  Server server;
  const TransportOptions options_;
  std::shared_ptr<CountingDialer> dialer;
  std::shared_ptr<Transport> transport;
};

// One body, run over TCP on several Ps, over pipes there, and over pipes in simulations.
#define XEBEC_HTTP_TEST(suite, name)                                                          \
  static void HttpTestBody_##suite##_##name(Rig::Over over);                                  \
  XEBEC_TEST(suite, name) { HttpTestBody_##suite##_##name(Rig::Over::kTcp); }                 \
  XEBEC_TEST(suite##Pipe, name) { HttpTestBody_##suite##_##name(Rig::Over::kPipe); }          \
  XEBEC_SIM_TEST(suite##Simulated, name) { HttpTestBody_##suite##_##name(Rig::Over::kPipe); } \
  static void HttpTestBody_##suite##_##name(Rig::Over over)

}  // namespace xebec::runtime::http::testing
