#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "runtime/context.h"
#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/net/http_rig.h"

namespace xebec::runtime::http {
namespace {

using namespace std::chrono_literals;
using testing::CountingDialer;
using testing::Rig;

// A server that answers each connection by a script: what it sends, after the request has come.
std::shared_ptr<CountingDialer> Scripted(std::function<void(net::Conn&, int connection)> script) {
  auto count = std::make_shared<int>(0);
  return std::make_shared<CountingDialer>(std::make_shared<net::PipeDialer>(
      [script = std::move(script), count](std::unique_ptr<net::Conn> conn) {
        script(*conn, ++*count);
      }));
}

bool ReadHeader(net::Conn& conn) {
  std::string all;
  char byte;
  while (!all.ends_with("\r\n\r\n")) {
    auto n = conn.Read({&byte, 1});
    if (!n.ok() || *n == 0) return false;
    all += byte;
  }
  return true;
}

Request Make(std::string method, std::string body = "") {
  Request request;
  request.method = std::move(method);
  request.path = "/x";
  request.body = std::move(body);
  return request;
}

XEBEC_SIM_TEST(Transport, AServerThatNeverAnswersMeetsTheDefaultDeadline) {
  auto transport = MakeTransport(Scripted([](net::Conn& conn, int) {
    while (ReadHeader(conn)) {
    }
  }));
  const int64_t begin = NanoTime();
  auto response = transport->RoundTrip({}, Make("GET"));
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsDeadlineExceeded(response.error()));
  EXPECT_EQ(response.error().message, "GET pipe/x: no answer within 30 s");
  EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(30s).count());
}

XEBEC_SIM_TEST(Transport, ACallersEarlierDeadlineHolds) {
  auto transport =
      MakeTransport(Scripted([](net::Conn& conn, int) { ReadHeader(conn), ReadHeader(conn); }));
  auto [ctx, cancel] = Context::WithTimeout({}, 2s);
  const int64_t begin = NanoTime();
  EXPECT_TRUE(IsDeadlineExceeded(transport->RoundTrip(ctx, Make("GET")).error()));
  EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(2s).count());
}

XEBEC_SIM_TEST(Transport, TheDeadlineHoldsInTheMiddleOfABody) {
  auto transport = MakeTransport(Scripted([](net::Conn& conn, int) {
    if (!ReadHeader(conn)) return;
    (void)conn.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    ReadHeader(conn);
  }));
  auto response = transport->RoundTrip({}, Make("GET"));
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsDeadlineExceeded(response.error())) << response.error().ToString();
}

XEBEC_SIM_TEST(Transport, TheDeadlineHoldsWhileTheServerReadsNothing) {
  auto transport = MakeTransport(Scripted([](net::Conn&, int) { Sleep(1h); }));
  auto response = transport->RoundTrip({}, Make("PUT", std::string(1 << 20, 'x')));
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsDeadlineExceeded(response.error())) << response.error().ToString();
  Sleep(2h);
}

XEBEC_SIM_TEST(Transport, TheDeadlineHoldsWhileWaitingForAFreeConnection) {
  TransportOptions options;
  options.max_conns_per_host = 1;
  auto transport = MakeTransport(Scripted([](net::Conn& conn, int) {
                                   while (ReadHeader(conn)) {
                                   }
                                 }),
                                 options);
  WaitGroup calls;
  for (int i = 0; i < 3; ++i) {
    calls.Go(
        [&] { EXPECT_TRUE(IsDeadlineExceeded(transport->RoundTrip({}, Make("GET")).error())); });
  }
  const int64_t begin = NanoTime();
  calls.Wait();
  EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(30s).count());
}

XEBEC_SIM_TEST(Transport, CancellingEndsACall) {
  auto transport = MakeTransport(Scripted([](net::Conn& conn, int) {
    while (ReadHeader(conn)) {
    }
  }));
  auto [ctx, cancel] = Context::WithCancel({});
  Result<Response> response = Response{};
  WaitGroup call;
  call.Go([&, ctx = ctx] { response = transport->RoundTrip(ctx, Make("GET")); });
  runtime::testing::WaitUntilAllBlocked();
  cancel();
  call.Wait();
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsCanceled(response.error()));
  EXPECT_EQ(response.error().message, "GET pipe/x: canceled");
  // A context that is done already sends nothing.
  EXPECT_TRUE(IsCanceled(transport->RoundTrip(ctx, Make("GET")).error()));
}

XEBEC_SIM_TEST(Transport, APostThatWasSentAndNotAnsweredHasAnUnknownOutcome) {
  auto dialer = Scripted([](net::Conn& conn, int) { ReadHeader(conn); });
  auto transport = MakeTransport(dialer);
  auto response = transport->RoundTrip({}, Make("POST", "{}"));
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsOutcomeUnknown(response.error()));
  EXPECT_EQ(response.error().message,
            "POST pipe/x: the server closed the connection without an answer; the request was sent "
            "and may have been carried out");
  EXPECT_EQ(dialer->count(), 1);  // never repeated
  EXPECT_TRUE(IsUnreachable(transport->RoundTrip({}, Make("GET")).error()));
}

XEBEC_SIM_TEST(Transport, APostWithoutConnectionWasNotCarriedOut) {
  class Refusing final : public net::Dialer {
   public:
    Result<std::unique_ptr<net::Conn>> Dial(const Context&) override {
      return Error::Unreachable("connect to nowhere: connection refused");
    }
    std::string Address() const override { return "nowhere:1"; }
  };
  auto transport = MakeTransport(std::make_shared<Refusing>());
  auto response = transport->RoundTrip({}, Make("POST", "{}"));
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsUnreachable(response.error()));
  EXPECT_EQ(response.error().message, "POST nowhere:1/x: connect to nowhere: connection refused");
  EXPECT_EQ(transport->Host(), "nowhere:1");
}

// The first connection answers once and then closes at the next request, unread: what a keep-alive
// timeout does that meets a new request.
std::shared_ptr<CountingDialer> ClosingAtTheSecondRequest() {
  return Scripted([](net::Conn& conn, int connection) {
    for (int i = 0; ReadHeader(conn); ++i) {
      if (connection == 1 && i == 1) return;
      (void)conn.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
}

XEBEC_SIM_TEST(Transport, AStaleConnectionIsReplacedOnceForAGet) {
  auto dialer = ClosingAtTheSecondRequest();
  auto transport = MakeTransport(dialer);
  EXPECT_EQ(transport->RoundTrip({}, Make("GET"))->body, "ok");
  EXPECT_EQ(transport->RoundTrip({}, Make("GET"))->body, "ok");
  EXPECT_EQ(dialer->count(), 2);
}

XEBEC_SIM_TEST(Transport, AStaleConnectionIsNotReplacedForAPost) {
  auto dialer = ClosingAtTheSecondRequest();
  auto transport = MakeTransport(dialer);
  EXPECT_EQ(transport->RoundTrip({}, Make("GET"))->body, "ok");
  EXPECT_TRUE(IsOutcomeUnknown(transport->RoundTrip({}, Make("POST", "{}")).error()));
  EXPECT_EQ(dialer->count(), 1);
}

XEBEC_SIM_TEST(Transport, AConnectionThatEndedWhileIdleIsNotUsed) {
  ServerOptions server_options;
  server_options.idle_timeout = 10s;
  Rig rig(Rig::Over::kPipe, server_options);
  rig.server.SetHandler([](Request&, ResponseWriter&) {});
  rig.Start();
  ASSERT_TRUE(rig.Post("/", "x").ok());
  Sleep(20s);
  ASSERT_TRUE(rig.Post("/", "x").ok());  // not an unknown outcome
  EXPECT_EQ(rig.dialer->count(), 2);
}

XEBEC_SIM_TEST(Transport, IdleConnectionsAreClosedAfterTheirTimeout) {
  Rig rig(Rig::Over::kPipe);
  rig.server.SetHandler([](Request&, ResponseWriter&) {});
  rig.Start();
  ASSERT_TRUE(rig.Get("/").ok());
  Sleep(60s);
  EXPECT_EQ(rig.server.connections(), 1u);
  Sleep(40s);
  EXPECT_EQ(rig.server.connections(), 0u);
}

XEBEC_SIM_TEST(Transport, TheNumberOfConnectionsIsBounded) {
  TransportOptions options;
  options.max_conns_per_host = 3;
  options.max_idle_conns = 2;
  Rig rig(Rig::Over::kPipe, {}, options);
  rig.server.SetHandler([](Request&, ResponseWriter&) { Sleep(1s); });
  rig.Start();
  const int64_t begin = NanoTime();
  WaitGroup calls;
  for (int i = 0; i < 9; ++i) {
    calls.Go([&] { EXPECT_TRUE(rig.Get("/").ok()); });
  }
  calls.Wait();
  EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(3s).count());  // 3 rounds of 3
  runtime::testing::WaitUntilAllBlocked();
  EXPECT_EQ(rig.server.connections(), 2u);
}

XEBEC_SIM_TEST(Transport, CutAnswersAreErrors) {
  for (const std::string answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\n", "HTTP/1.1", ""}) {
    auto transport = MakeTransport(Scripted([&](net::Conn& conn, int) {
      if (ReadHeader(conn)) (void)conn.Write(answer);
    }));
    auto response = transport->RoundTrip({}, Make("GET"));
    ASSERT_FALSE(response.ok()) << answer;
    EXPECT_TRUE(IsUnreachable(response.error())) << response.error().ToString();
    EXPECT_EQ(response.error().message.find('\n'), std::string::npos);
  }
}

XEBEC_SIM_TEST(Transport, MalformedAnswersAreErrors) {
  for (const std::string& answer :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string(100'000, 'x'),
        "HTTP/1.1 200 " + std::string(100'000, 'r') + "\r\n\r\n", std::string("HTTP/2 200\r\n\r\n"),
        std::string("HTTP/1.1 20\r\n\r\n"), std::string("HTTP/1.1 abc OK\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        std::string(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'h') + "\r\n\r\n",
        std::string("\x16\x03\x01\x02garbage\r\n\r\n")}) {
    auto transport = MakeTransport(Scripted([&](net::Conn& conn, int) {
      if (ReadHeader(conn)) (void)conn.Write(answer);
    }));
    auto response = transport->RoundTrip({}, Make("GET"));
    ASSERT_FALSE(response.ok()) << answer.substr(0, 100);
    EXPECT_TRUE(IsUnreachable(response.error())) << response.error().ToString();
    EXPECT_EQ(response.error().message.find_first_of("\r\n"), std::string::npos);
    EXPECT_LT(response.error().message.size(), 300u);
  }
}

XEBEC_SIM_TEST(Transport, UnusualButLegalAnswersAreRead) {
  const auto body_of = [](std::string answer) {
    auto transport = MakeTransport(Scripted([&](net::Conn& conn, int) {
      if (ReadHeader(conn)) (void)conn.Write(answer);
    }));
    auto response = transport->RoundTrip({}, Make("GET"));
    return response.ok() ? response->body : response.error().ToString();
  };
  EXPECT_EQ(body_of("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"), "ok");
  EXPECT_EQ(body_of("HTTP/1.0 200 OK\r\n\r\nuntil the end"), "until the end");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"), "until the end");
  EXPECT_EQ(body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            "ok");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n"),
            "hello!");
}

XEBEC_SIM_TEST(Transport, AnAnswerBeyondTheLimitIsRefused) {
  TransportOptions options;
  options.max_response_bytes = 1000;
  Rig rig(Rig::Over::kPipe, {}, options);
  rig.server.SetHandler([](Request&, ResponseWriter& w) { (void)w.Write(std::string(1001, 'x')); });
  rig.Start();
  auto response = rig.Get("/");
  ASSERT_FALSE(response.ok());
  EXPECT_NE(response.error().message.find("more than 1000 bytes"), std::string::npos);
}

XEBEC_SIM_TEST(Transport, RequestsThatWouldBreakApartAreRefused) {
  Rig rig(Rig::Over::kPipe);
  rig.server.SetHandler([](Request&, ResponseWriter&) {});
  rig.Start();
  Request request = Make("GET");
  request.headers.Set("Authorization", "Bearer secret\r\nX-Evil: 1");
  auto response = rig.transport->RoundTrip({}, request);
  ASSERT_FALSE(response.ok());
  EXPECT_TRUE(IsInvalidInput(response.error()));
  EXPECT_NE(response.error().message.find("Authorization"), std::string::npos);
  EXPECT_EQ(response.error().message.find("secret"), std::string::npos);
  request = Make("GET");
  request.query = "a=b HTTP/1.1\r\nX-Evil: 1";
  EXPECT_TRUE(IsInvalidInput(rig.transport->RoundTrip({}, request).error()));
  EXPECT_TRUE(IsInvalidInput(rig.transport->RoundTrip({}, Make("GET /")).error()));
  EXPECT_EQ(rig.dialer->count(), 0);
}

XEBEC_SIM_TEST(Transport, AStreamOutlivesTheDefaultDeadlineAndEndsWithItsContext) {
  Rig rig(Rig::Over::kPipe);
  rig.server.SetHandler([](Request& request, ResponseWriter& w) {
    while (!request.ctx.IsDone()) {
      (void)w.Write(".");
      if (!w.Flush().ok()) return;
      (void)SleepFor(request.ctx, 1min);
    }
  });
  rig.Start();
  auto [ctx, cancel] = Context::WithTimeout({}, 1h - 30s);
  auto stream = rig.transport->Stream(ctx, Make("GET"));
  ASSERT_TRUE(stream.ok()) << stream.error().ToString();
  char byte;
  int received = 0;
  for (;;) {
    auto n = stream->body->Read({&byte, 1});
    if (!n.ok()) {
      EXPECT_TRUE(IsDeadlineExceeded(n.error())) << n.error().ToString();
      break;
    }
    ++received;
  }
  EXPECT_EQ(received, 60);
}

XEBEC_SIM_TEST(Transport, AStreamWithoutAnAnswerMeetsTheDefaultDeadline) {
  auto transport =
      MakeTransport(Scripted([](net::Conn& conn, int) { ReadHeader(conn), ReadHeader(conn); }));
  auto stream = transport->Stream({}, Make("GET"));
  ASSERT_FALSE(stream.ok());
  EXPECT_TRUE(IsDeadlineExceeded(stream.error()));
}

XEBEC_SIM_TEST(Transport, ACutStreamIsAnErrorAndNeverAnEnd) {
  auto transport = MakeTransport(Scripted([](net::Conn& conn, int) {
    if (!ReadHeader(conn)) return;
    (void)conn.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  }));
  auto stream = transport->Stream({}, Make("GET"));
  ASSERT_TRUE(stream.ok());
  char bytes[10];
  EXPECT_EQ(*stream->body->Read(bytes), 3u);
  auto n = stream->body->Read(bytes);
  ASSERT_FALSE(n.ok());
  EXPECT_TRUE(IsUnreachable(n.error())) << n.error().ToString();
}

XEBEC_SIM_TEST(Transport, GzippedAnswersAreUnpacked) {
  // printf 'hello hello hello' | gzip -n
  static const unsigned char kPacked[] = {
      0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9,
      0xc9, 0x57, 0xc8, 0x40, 0x90, 0x00, 0x80, 0x88, 0xf9, 0xe5, 0x11, 0x00, 0x00, 0x00};
  std::string packed(reinterpret_cast<const char*>(kPacked), sizeof(kPacked));
  Rig rig(Rig::Over::kPipe);
  rig.server.SetHandler([&](Request& request, ResponseWriter& w) {
    w.headers().Set("Content-Encoding", "gzip");
    (void)w.Write(request.path == "/cut" ? packed.substr(0, 20) : packed);
  });
  rig.Start();
  auto whole = rig.Get("/whole");
  ASSERT_TRUE(whole.ok()) << whole.error().ToString();
  EXPECT_EQ(whole->body, "hello hello hello");
  EXPECT_TRUE(IsUnreachable(rig.Get("/cut").error()));
}

}  // namespace
}  // namespace xebec::runtime::http
