#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "runtime/net/conn.h"
#include "runtime/net/http.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime::http {
namespace {

using namespace std::chrono_literals;

// Sends `bytes` to a fresh connection of `server` and returns all that comes back.
std::string Exchange(Server& server, const std::string& bytes, bool half_close = true) {
  auto [client, served] = net::Pipe();
  WaitGroup serving;
  serving.Go([&server, conn = std::make_shared<std::unique_ptr<net::Conn>>(std::move(served))] {
    server.ServeConn(std::move(*conn));
  });
  serving.Go([&] {
    (void)client->Write(bytes);
    if (half_close) client->CloseWrite();
  });
  std::string all;
  std::vector<char> piece(4096);
  for (;;) {
    auto n = client->Read(piece);
    if (!n.ok() || *n == 0) break;
    all.append(piece.data(), *n);
  }
  client->Close();
  serving.Wait();
  return all;
}

std::string StatusOf(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? answer.substr(9, 3) : "none";
}

struct Echo {
  Echo() : Echo(ServerOptions{}) {}
  explicit Echo(ServerOptions options) : server(std::move(options)) {
    server.SetHandler([this](Request& request, ResponseWriter& w) {
      ++handled;
      (void)w.Write(request.body);
    });
  }
  Server server;
  int handled = 0;
};

XEBEC_SIM_TEST(HttpServerBadInput, MalformedRequestsAreA400AndTheEnd) {
  for (const std::string request :
       {"GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/3\r\n\r\n", "NONSENSE / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\x00\r\n\r\n", "GET / HTTP/1.1\n\n", "GET /a?b?c HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"}) {
    Echo echo;
    const std::string answer =
        Exchange(echo.server, request + std::string("GET / HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(StatusOf(answer), "400") << request;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
    EXPECT_EQ(echo.handled, 0) << request;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "a second answer: " << answer;
  }
}

XEBEC_SIM_TEST(HttpServerBadInput, LimitsAreKept) {
  ServerOptions options;
  options.max_header_bytes = 4096;
  options.max_body_bytes = 1000;
  Echo echo(options);
  EXPECT_EQ(
      StatusOf(Exchange(echo.server, "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n")),
      "431");
  EXPECT_EQ(StatusOf(Exchange(echo.server,
                              "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n")),
            "431");
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 1000; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(StatusOf(Exchange(echo.server, many + "\r\n")), "431");
  EXPECT_EQ(StatusOf(Exchange(echo.server, std::string(1 << 20, 'x'))), "431");
  EXPECT_EQ(StatusOf(Exchange(echo.server, "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" +
                                               std::string(1001, 'b'))),
            "413");
  EXPECT_EQ(StatusOf(Exchange(echo.server,
                              "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3e9\r\n" +
                                  std::string(1001, 'b') + "\r\n0\r\n\r\n")),
            "413");
  EXPECT_EQ(
      StatusOf(Exchange(echo.server, "POST / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\nx")),
      "413");
  EXPECT_EQ(
      StatusOf(Exchange(echo.server,
                        "POST / HTTP/1.1\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx")),
      "415");
  EXPECT_EQ(echo.handled, 0);
}

XEBEC_SIM_TEST(HttpServerBadInput, ARequestThatStopsInTheMiddleIsDropped) {
  Echo echo;
  EXPECT_EQ(StatusOf(Exchange(echo.server, "GET / HTTP/1.1\r\nX: y")), "400");
  EXPECT_EQ(Exchange(echo.server, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf"), "");
  EXPECT_EQ(Exchange(echo.server, ""), "");
  EXPECT_EQ(echo.handled, 0);
}

XEBEC_SIM_TEST(HttpServerBadInput, SlowSendersMeetTheTimeouts) {
  Echo echo;
  int64_t begin = NanoTime();
  EXPECT_EQ(Exchange(echo.server, "", /*half_close=*/false), "");
  EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(120s).count());
  begin = NanoTime();
  EXPECT_EQ(StatusOf(Exchange(echo.server, "GET / HTTP/1.1\r\nX: ", false)), "408");
  EXPECT_EQ(StatusOf(Exchange(echo.server, "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", false)),
            "408");
  EXPECT_LT(NanoTime() - begin, std::chrono::nanoseconds(75s).count());
  EXPECT_EQ(echo.handled, 0);
}

XEBEC_SIM_TEST(HttpServerBadInput, PipelinedAndChunkedRequestsAreRead) {
  Echo echo;
  const std::string answer = Exchange(
      echo.server,
      "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\none"
      "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n"
      "POST /c HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nthree"
      "POST /d HTTP/1.1\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfour"
      "POST /e HTTP/1.1\r\nContent-Length: 6\r\n\r\nunread");
  EXPECT_EQ(echo.handled, 4);
  size_t at = 0;
  for (const std::string part : {"\r\n\r\none", "\r\n\r\ntwo", "100 Continue\r\n\r\n",
                                 "\r\n\r\nthree", "Connection: close", "\r\n\r\nfour"}) {
    at = answer.find(part, at);
    ASSERT_NE(at, std::string::npos) << part << " in " << answer;
  }
}

XEBEC_SIM_TEST(HttpServerBadInput, Http10ConnectionsEndWithTheirAnswer) {
  Server server;
  server.SetHandler([](Request& request, ResponseWriter& w) {
    (void)w.Write("body");
    if (request.path == "/stream") (void)w.Flush();
  });
  EXPECT_TRUE(Exchange(server, "GET / HTTP/1.0\r\n\r\n", false).ends_with("\r\n\r\nbody"));
  const std::string stream = Exchange(server, "GET /stream HTTP/1.0\r\n\r\n", false);
  EXPECT_TRUE(stream.ends_with("\r\n\r\nbody")) << stream;
  EXPECT_EQ(stream.find("chunked"), std::string::npos);
}

XEBEC_SIM_TEST(HttpServerBadInput, HandlersCannotBeTalkedIntoSendingFields) {
  Server server;
  server.SetHandler([](Request& request, ResponseWriter& w) {
    w.headers().Set("X-Name", request.Query("name"));
    w.headers().Set("bad name", "x");
    if (request.HasQuery("stream")) (void)w.Flush();
  });
  for (const std::string query : {"name=a%0d%0aX-Evil:%201", "stream&name=a%0d%0aX-Evil:%201"}) {
    const std::string answer = Exchange(server, "GET /?" + query + " HTTP/1.1\r\n\r\n");
    EXPECT_EQ(StatusOf(answer), "200");
    EXPECT_EQ(answer.find("X-Evil"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("bad name"), std::string::npos) << answer;
  }
}

}  // namespace
}  // namespace xebec::runtime::http
