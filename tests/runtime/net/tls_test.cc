#include "runtime/net/tls.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "runtime/context.h"
#include "runtime/net/conn.h"
#include "runtime/net/dialer.h"
#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/net/conn_bodies.h"
#include "tests/runtime/net/test_certs.h"

namespace xebec::runtime::net {
namespace {

using namespace std::chrono_literals;
using testing::CertAndKey;
using testing::CertOptions;
using testing::Ends;
using testing::TestAuthority;

TlsConfig ServerConfig(const CertAndKey& own) {
  TlsConfig config;
  config.cert_pem = own.cert_pem;
  config.key_pem = own.key_pem;
  return config;
}

TlsConfig ClientConfig(const TestAuthority& authority, std::string name = "localhost") {
  TlsConfig config;
  config.ca_pem = authority.cert_pem();
  config.server_name = std::move(name);
  return config;
}

struct Shaken {
  Result<std::unique_ptr<Conn>> client = Error();
  Result<std::unique_ptr<Conn>> server = Error();
};

Shaken Shake(const TlsConfig& client, const TlsConfig& server) {
  auto [a, b] = Pipe();
  Shaken shaken;
  WaitGroup serving;
  serving.Go([&, conn = std::make_shared<std::unique_ptr<Conn>>(std::move(b))] {
    shaken.server = TlsServer({}, std::move(*conn), server);
  });
  shaken.client = TlsClient({}, std::move(a), client);
  serving.Wait();
  return shaken;
}

Ends TlsEnds() {
  TestAuthority authority;
  Shaken shaken = Shake(ClientConfig(authority), ServerConfig(authority.Issue()));
  EXPECT_TRUE(shaken.client.ok()) << shaken.client.error().ToString();
  EXPECT_TRUE(shaken.server.ok()) << shaken.server.error().ToString();
  return {std::move(*shaken.client), std::move(*shaken.server)};
}

XEBEC_TEST(Tls, WhatIsWrittenArrives) { testing::WhatIsWrittenArrives(TlsEnds); }
XEBEC_TEST(Tls, ReadFailsAtItsDeadline) { testing::ReadFailsAtItsDeadline(TlsEnds); }
XEBEC_TEST(Tls, APastDeadlineWakesAWaitingReader) {
  testing::APastDeadlineWakesAWaitingReader(TlsEnds);
}
XEBEC_TEST(Tls, CloseWakesReaderAndWriter) { testing::CloseWakesReaderAndWriter(TlsEnds); }
XEBEC_TEST(Tls, ASlowReaderHoldsTheWriterBack) { testing::ASlowReaderHoldsTheWriterBack(TlsEnds); }
XEBEC_SIM_TEST(TlsSimulated, WhatIsWrittenArrives) { testing::WhatIsWrittenArrives(TlsEnds); }

XEBEC_TEST(Tls, AnEndWithoutNoticeIsAnErrorAndOneWithItIsNot) {
  char byte;
  Ends ends = TlsEnds();
  ends.b->CloseWrite();
  EXPECT_EQ(*ends.a->Read({&byte, 1}), 0u);
  Ends cut = TlsEnds();
  cut.b->Close();
  auto n = cut.a->Read({&byte, 1});
  ASSERT_FALSE(n.ok());
  EXPECT_TRUE(IsUnreachable(n.error()));
  EXPECT_EQ(n.error().message, "read pipe: the connection was cut");
}

// The message of the client's failed handshake.
std::string Refusal(const TlsConfig& client, const TlsConfig& server) {
  Shaken shaken = Shake(client, server);
  EXPECT_FALSE(shaken.client.ok());
  if (shaken.client.ok()) return "";
  EXPECT_TRUE(IsUnreachable(shaken.client.error()));
  EXPECT_EQ(shaken.client.error().message.find('\n'), std::string::npos);
  return shaken.client.error().message;
}

XEBEC_TEST(Tls, AnUnknownAuthorityIsNamed) {
  TestAuthority authority("the server's authority");
  TestAuthority other("another");
  EXPECT_EQ(
      Refusal(ClientConfig(other), ServerConfig(authority.Issue())),
      "TLS handshake with pipe: the certificate of server is signed by an unknown authority "
      "(the server's authority): configure the certificate of the authority that signed it as "
      "CA");
}

XEBEC_TEST(Tls, AnExpiredCertificateIsNamedWithItsDate) {
  TestAuthority authority;
  // A server refuses to start with one, so it expires later in this test's story: by the clock of
  // the server's context, which is made while the certificate is good.
  CertOptions soon;
  soon.valid_from = -7200;
  soon.valid_until = -3600;
  auto expired = TlsContext::ForServer(ServerConfig(authority.Issue(soon)));
  ASSERT_FALSE(expired.ok());
  EXPECT_TRUE(IsInvalidInput(expired.error()));
  EXPECT_TRUE(expired.error().message.starts_with("our own certificate (server) expired on 20"));
  EXPECT_TRUE(expired.error().message.ends_with("renew it, or check this machine's clock"));
}

XEBEC_SIM_TEST(TlsSimulated, ACertificateThatExpiresLaterIsRefusedByThen) {
  TestAuthority authority;
  CertOptions soon;
  soon.valid_until = 3600;
  auto server = TlsContext::ForServer(ServerConfig(authority.Issue(soon)));
  ASSERT_TRUE(server.ok());
  Sleep(2h);
  auto [a, b] = Pipe();
  WaitGroup serving;
  serving.Go([&, conn = std::make_shared<std::unique_ptr<Conn>>(std::move(b))] {
    EXPECT_FALSE(TlsServer({}, std::move(*conn), **server).ok());
  });
  auto client = TlsClient({}, std::move(a), ClientConfig(authority));
  serving.Wait();
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().message,
            "TLS handshake with pipe: the certificate of server expired on 2026-01-01 01:00 UTC: "
            "renew it, or check this machine's clock");
}

XEBEC_TEST(Tls, AWrongHostIsToldWithTheNamesThatWouldDo) {
  TestAuthority authority;
  EXPECT_EQ(Refusal(ClientConfig(authority, "example.com"), ServerConfig(authority.Issue())),
            "TLS handshake with pipe: the certificate is for localhost, 127.0.0.1, not for "
            "example.com: connect by one of those names, or set the server name");
  EXPECT_TRUE(
      Shake(ClientConfig(authority, "127.0.0.1"), ServerConfig(authority.Issue())).client.ok());
  EXPECT_FALSE(
      Shake(ClientConfig(authority, "127.0.0.2"), ServerConfig(authority.Issue())).client.ok());
}

XEBEC_TEST(Tls, VerificationCanBeSwitchedOff) {
  TestAuthority authority;
  TlsConfig client;
  client.insecure_skip_verify = true;
  client.server_name = "anything";
  EXPECT_TRUE(Shake(client, ServerConfig(authority.Issue())).client.ok());
}

XEBEC_TEST(Tls, ClientCertificatesAreAskedForAndNamed) {
  TestAuthority authority;
  TlsConfig server = ServerConfig(authority.Issue());
  server.ca_pem = authority.cert_pem();
  CertOptions admin;
  admin.common_name = "admin";
  admin.organization = "system:masters";
  const CertAndKey own = authority.Issue(admin);
  TlsConfig client = ClientConfig(authority);
  client.cert_pem = own.cert_pem;
  client.key_pem = own.key_pem;
  Shaken shaken = Shake(client, server);
  ASSERT_TRUE(shaken.server.ok()) << shaken.server.error().ToString();
  EXPECT_EQ(TlsPeerSubject(**shaken.server), "O=system:masters,CN=admin");
  // Without one the client learns at its first read.
  shaken = Shake(ClientConfig(authority), server);
  EXPECT_FALSE(shaken.server.ok());
  if (shaken.client.ok()) {
    char byte;
    auto n = (*shaken.client)->Read({&byte, 1});
    ASSERT_FALSE(n.ok());
    EXPECT_NE(n.error().message.find("asks for a client certificate"), std::string::npos)
        << n.error().message;
  }
}

XEBEC_TEST(Tls, ProtocolsAreNegotiated) {
  TestAuthority authority;
  TlsConfig server = ServerConfig(authority.Issue());
  server.alpn = {"http/1.1"};
  TlsConfig client = ClientConfig(authority);
  client.alpn = {"h2", "http/1.1"};
  Shaken shaken = Shake(client, server);
  ASSERT_TRUE(shaken.client.ok());
  EXPECT_EQ(TlsNegotiatedProtocol(**shaken.client), "http/1.1");
  EXPECT_EQ(TlsNegotiatedProtocol(**shaken.server), "http/1.1");
}

XEBEC_TEST(Tls, APeerThatDoesNotSpeakTlsIsToldSo) {
  TestAuthority authority;
  auto [a, b] = Pipe();
  ASSERT_TRUE(b->Write("HTTP/1.1 400 Bad Request\r\n\r\n").ok());
  auto client = TlsClient({}, std::move(a), ClientConfig(authority));
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().message.find("does not speak TLS"), std::string::npos)
      << client.error().message;
}

XEBEC_SIM_TEST(TlsSimulated, AHandshakeEndsWithItsContext) {
  TestAuthority authority;
  auto [a, b] = Pipe();
  auto [ctx, cancel] = Context::WithTimeout({}, 5s);
  auto client = TlsClient(ctx, std::move(a), ClientConfig(authority));
  ASSERT_FALSE(client.ok());
  EXPECT_TRUE(IsDeadlineExceeded(client.error())) << client.error().ToString();
}

TEST(Tls, UnusableConfigurationsAreToldInOneLine) {
  TestAuthority authority;
  const CertAndKey own = authority.Issue();
  const auto message = [](const TlsConfig& config) {
    auto context = TlsContext::ForClient(config);
    EXPECT_FALSE(context.ok());
    if (context.ok()) return std::string();
    EXPECT_TRUE(IsInvalidInput(context.error()));
    return context.error().message;
  };
  TlsConfig config;
  config.ca_pem = "no certificate";
  EXPECT_TRUE(message(config).starts_with("the CA holds no certificate"));
  config = {};
  config.cert_pem = "junk";
  EXPECT_TRUE(message(config).starts_with("the certificate is unreadable"));
  config.cert_pem = own.cert_pem;
  config.key_pem = "junk";
  EXPECT_TRUE(message(config).starts_with("the private key is unreadable"));
  config.key_pem = authority.Issue().key_pem;
  EXPECT_EQ(message(config), "the private key does not belong to the certificate");
  EXPECT_FALSE(TlsContext::ForServer({}).ok());
}

XEBEC_TEST(Tls, HttpsServesManyRequestsAtOnce) {
  TestAuthority authority;
  http::ServerOptions options;
  options.tls = ServerConfig(authority.Issue());
  http::Server server(options);
  server.SetHandler([](http::Request& request, http::ResponseWriter& w) {
    (void)w.Write("secret " + request.body);
  });
  auto address = server.Start("127.0.0.1:0");
  ASSERT_TRUE(address.ok()) << address.error().ToString();
  const int port = std::stoi(address->substr(address->rfind(':') + 1));
  TlsConfig client = ClientConfig(authority, "");
  auto transport = http::MakeTransport(std::make_shared<TcpDialer>("127.0.0.1", port, client));
  WaitGroup clients;
  for (int i = 0; i < 100; ++i) {
    clients.Go([&, i] {
      http::Request request;
      request.method = "POST";
      request.body = std::string(1000, 'x') + std::to_string(i);
      auto response = transport->RoundTrip({}, request);
      ASSERT_TRUE(response.ok()) << response.error().ToString();
      EXPECT_EQ(response->body, "secret " + request.body);
    });
  }
  clients.Wait();
  // Plain HTTP to that port says what is wrong.
  auto plain = http::MakeTransport(std::make_shared<TcpDialer>("127.0.0.1", port));
  auto response = plain->RoundTrip({}, {});
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsUnreachable(response.error())) << response.error().ToString();
}

}  // namespace
}  // namespace xebec::runtime::net
