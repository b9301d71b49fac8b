#include "tests/fault/fault_proxy.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/sched/time.h"
#include "runtime/testing.h"

namespace xebec::fault {
namespace {

using namespace std::chrono_literals;
using runtime::NanoTime;
namespace http = runtime::http;
namespace net = runtime::net;

struct Rig {
  Rig()
      : proxy(std::make_shared<net::PipeDialer>(
            [this](std::unique_ptr<net::Conn> conn) { server.ServeConn(std::move(conn)); })),
        transport(http::MakeTransport(proxy.InMemory())) {
    server.SetHandler([this](http::Request&, http::ResponseWriter& w) {
      ++handled;
      (void)w.Write(R"({"items":[1,2,3]})");
    });
  }
  Result<http::Response> Get() { return transport->RoundTrip({}, {}); }

  int handled = 0;
  http::Server server;
  FaultProxy proxy;
  std::shared_ptr<http::Transport> transport;
};

XEBEC_SIM_TEST(FaultProxy, PassesEverythingWhenNothingIsWrong) {
  Rig rig;
  EXPECT_EQ(rig.Get()->body, R"({"items":[1,2,3]})");
  EXPECT_EQ(rig.Get()->body, R"({"items":[1,2,3]})");
  EXPECT_EQ(rig.proxy.connections(), 1);
}

XEBEC_SIM_TEST(FaultProxy, RefusesAndRecovers) {
  Rig rig;
  rig.proxy.Set(Fault::Refuse());
  EXPECT_TRUE(IsUnreachable(rig.Get().error()));
  rig.proxy.Set(Fault::None());
  EXPECT_TRUE(rig.Get().ok());
}

XEBEC_SIM_TEST(FaultProxy, HangsUntilTheDeadline) {
  Rig rig;
  rig.proxy.Next(Fault::Hang());
  EXPECT_TRUE(IsDeadlineExceeded(rig.Get().error()));
  EXPECT_EQ(rig.handled, 0);
  EXPECT_TRUE(rig.Get().ok());  // Next was used up
}

XEBEC_SIM_TEST(FaultProxy, DelaysWhatTheServerSends) {
  Rig rig;
  rig.proxy.Set(Fault::Delay(3s));
  const int64_t begin = NanoTime();
  EXPECT_TRUE(rig.Get().ok());
  EXPECT_EQ(NanoTime() - begin, std::chrono::nanoseconds(3s).count());
}

XEBEC_SIM_TEST(FaultProxy, CutsAnywhere) {
  for (size_t bytes : {size_t{0}, size_t{5}, size_t{40}, size_t{80}}) {
    Rig rig;
    rig.proxy.Set(Fault::CutAfter(bytes));
    auto response = rig.Get();
    ASSERT_FALSE(response.ok()) << bytes;
    EXPECT_TRUE(IsUnreachable(response.error())) << response.error().ToString();
  }
}

XEBEC_SIM_TEST(FaultProxy, TruncatesABodyInAValidAnswer) {
  Rig rig;
  rig.proxy.Next(Fault::TruncateBodyAfter(9));
  auto response = rig.Get();
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_EQ(response->body, R"({"items":)");
}

XEBEC_SIM_TEST(FaultProxy, AnswersForTheServer) {
  Rig rig;
  for (const int code : {401, 403, 404, 409, 429, 500}) {
    rig.proxy.Next(Fault::Status(code));
    auto response = rig.Get();
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    EXPECT_EQ(response->status, code);
    EXPECT_NE(response->body.find(R"("kind":"Status")"), std::string::npos);
  }
  rig.proxy.Next(Fault::Json("{]garbage"));
  EXPECT_EQ(rig.Get()->body, "{]garbage");
  rig.proxy.Next(Fault::Raw("SSH-2.0-OpenSSH\r\n"));
  EXPECT_TRUE(IsUnreachable(rig.Get().error()));
  EXPECT_EQ(rig.handled, 0);
}

XEBEC_SIM_TEST(FaultProxy, CorruptsInTheMiddle) {
  Rig rig;
  const size_t header = std::string("HTTP/1.1 200 OK\r\n").size();
  rig.proxy.Next(Fault::CorruptAfter(header, "X-Injected: 1\r\n"));
  EXPECT_EQ(rig.Get()->headers.Get("X-Injected"), "1");
}

XEBEC_TEST(FaultProxy, ListensForOtherProcesses) {
  Rig rig;
  auto address = rig.proxy.Start("127.0.0.1:0");
  ASSERT_TRUE(address.ok()) << address.error().ToString();
  auto transport = http::MakeTransport(std::make_shared<net::TcpDialer>(
      "127.0.0.1", std::stoi(address->substr(address->rfind(':') + 1))));
  EXPECT_EQ(transport->RoundTrip({}, {})->body, R"({"items":[1,2,3]})");
  rig.proxy.Set(Fault::Refuse());
  EXPECT_TRUE(IsUnreachable(transport->RoundTrip({}, {}).error()));
}

}  // namespace
}  // namespace xebec::fault
