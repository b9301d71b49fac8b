// Every bad thing that a network and a server can do to a client, through the fault proxy. In
// memory and in virtual time; the whole HTTP stack is in the way.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "client/client.h"
#include "client/helpers.h"
#include "runtime/heap/gc.h"
#include "runtime/net/dialer.h"
#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/testing.h"
#include "tests/fault/fault_proxy.h"

namespace xebec::client {
namespace {

using namespace std::chrono_literals;
using fault::Fault;
using fault::FaultProxy;
using object::Object;
using runtime::http::Request;
using runtime::http::ResponseWriter;

const ResourceInfo kPods{{"", "v1", "pods"}, {"", "v1", "Pod"}, true};
constexpr const char* kPod =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"ns",)"
    R"("resourceVersion":"7"}})";

// A server of one pod; its watch sends three events and stays open.
struct Rig {
  Rig() {
    server.SetHandler([this](Request& request, ResponseWriter& out) { Serve(request, out); });
    proxy = std::make_unique<FaultProxy>(std::make_shared<runtime::net::PipeDialer>(
        [this](std::unique_ptr<runtime::net::Conn> conn) { server.ServeConn(std::move(conn)); }));
    client.emplace(runtime::http::MakeTransport(proxy->InMemory()));
  }
  void Serve(Request& request, ResponseWriter& out) {
    if (request.method != "GET") ++writes;
    out.headers().Set("Content-Type", "application/json");
    if (request.HasQuery("watch")) {
      for (int i = 1; i <= 3; ++i) {
        (void)out.Write(
            fmt::format("{{\"type\":\"ADDED\",\"object\":{{\"kind\":\"Pod\",\"metadata\":{{"
                        "\"name\":\"p{}\"}}}}}}\n",
                        i));
      }
      (void)out.Flush();
      request.ctx.Done().Receive();
      return;
    }
    if (request.path.ends_with("/pods")) {
      (void)out.Write(
          request.method == "POST"
              ? std::string(kPod)
              : fmt::format(
                    R"({{"kind":"PodList","metadata":{{"resourceVersion":"9"}},"items":[{0},)"
                    R"({0}]}})",
                    kPod));
      return;
    }
    if (request.path.ends_with("/big")) {
      (void)out.Write(
          fmt::format(R"({{"kind":"Pod","metadata":{{"name":"big"}},"spec":{{"x":"{}"}}}})",
                      std::string(20 << 20, 'x')));
      return;
    }
    (void)out.Write(kPod);
  }
  Resource pods() const { return client->Resource(kPods); }
  Result<Object> Get(const Context& ctx = {}) const { return pods().Get(ctx, {"ns", "a"}); }

  runtime::http::Server server;
  std::unique_ptr<FaultProxy> proxy;
  std::optional<Client> client;
  int writes = 0;
};

void ExpectOneLine(const Error& error) {
  EXPECT_FALSE(error.message.empty());
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("/api/v1/"), std::string::npos) << error.message;
}

XEBEC_SIM_TEST(ClientFaults, AServerThatIsDownAndComesBack) {
  Rig rig;
  rig.proxy->Set(Fault::Refuse());
  auto pod = rig.Get();
  ASSERT_FALSE(pod.ok());
  EXPECT_TRUE(IsUnreachable(pod.error())) << pod.error().ToString();
  ExpectOneLine(pod.error());
  rig.proxy->Set(Fault::None());
  EXPECT_TRUE(rig.Get().ok());
  // Down later: the pooled connection is cut under the client.
  rig.proxy->Set(Fault::Refuse());
  EXPECT_TRUE(IsUnreachable(rig.Get().error()));
  rig.proxy->Set(Fault::None());
  EXPECT_TRUE(rig.Get().ok());
}

XEBEC_SIM_TEST(ClientFaults, AShortOutageIsBridgedForReads) {
  Rig rig;
  rig.proxy->Next(Fault::Refuse());
  rig.proxy->Next(Fault::CutAfter(0));
  EXPECT_TRUE(rig.Get().ok());
}

XEBEC_SIM_TEST(ClientFaults, StatusesAreTyped) {
  struct Case {
    int code;
    bool (*is)(const Error&);
  };
  const Case cases[] = {{401, IsUnauthorized},  {403, IsForbidden}, {404, IsNotFound},
                        {409, IsConflict},      {410, IsExpired},   {429, IsTooManyRequests},
                        {500, IsInternalError}, {504, IsTimeout}};
  Rig rig;
  for (const Case& c : cases) {
    rig.proxy->Set(Fault::Status(c.code));
    auto pod = rig.Get();
    ASSERT_FALSE(pod.ok()) << c.code;
    EXPECT_TRUE(c.is(pod.error())) << c.code << ": " << pod.error().ToString();
    EXPECT_EQ(pod.error().code, c.code);
    auto watch = rig.pods().Watch({});
    ASSERT_FALSE(watch.ok()) << c.code;
    EXPECT_TRUE(c.is(watch.error())) << c.code << ": " << watch.error().ToString();
  }
}

XEBEC_SIM_TEST(ClientFaults, AServerThatAcceptsAndNeverAnswersMeetsTheDeadline) {
  Rig rig;
  rig.proxy->Set(Fault::Hang());
  int64_t start = runtime::NanoTime();
  auto pod = rig.Get();
  EXPECT_TRUE(IsDeadlineExceeded(pod.error())) << pod.error().ToString();
  ExpectOneLine(pod.error());
  EXPECT_NEAR(static_cast<double>(runtime::NanoTime() - start) / 1e9, 30.0, 0.5);
  start = runtime::NanoTime();
  auto watch = rig.pods().Watch({});
  EXPECT_TRUE(IsDeadlineExceeded(watch.error())) << watch.error().ToString();
  EXPECT_NEAR(static_cast<double>(runtime::NanoTime() - start) / 1e9, 30.0, 0.5);
  start = runtime::NanoTime();
  auto created = rig.pods().Create({}, *Object::Parse(kPod));
  ASSERT_FALSE(created.ok());
  EXPECT_TRUE(IsDeadlineExceeded(created.error()) || IsOutcomeUnknown(created.error()))
      << created.error().ToString();
  EXPECT_NEAR(static_cast<double>(runtime::NanoTime() - start) / 1e9, 30.0, 0.5);
}

XEBEC_SIM_TEST(ClientFaults, AWriteWhoseAnswerIsLostIsNotSentAgain) {
  Rig rig;
  rig.proxy->Set(Fault::CutAfter(10));
  auto created = rig.pods().Create({}, *Object::Parse(kPod));
  ASSERT_FALSE(created.ok());
  EXPECT_TRUE(IsOutcomeUnknown(created.error())) << created.error().ToString();
  ExpectOneLine(created.error());
  EXPECT_EQ(rig.writes, 1);
}

XEBEC_SIM_TEST(ClientFaults, TruncatedAndMalformedAnswersAreOneLine) {
  Rig rig;
  for (const Fault& fault : {Fault::TruncateBodyAfter(40), Fault::TruncateBodyAfter(0),
                             Fault::CorruptAfter(250, "}]\x01{"), Fault::Json("{\"kind\":\"Pod\""),
                             Fault::Json("null"), Fault::Json("[[[[")}) {
    rig.proxy->Set(fault);
    auto list = rig.pods().List({});
    ASSERT_FALSE(list.ok()) << static_cast<int>(fault.kind) << " " << fault.inject;
    EXPECT_TRUE(IsInvalidInput(list.error()) || IsUnreachable(list.error()))
        << list.error().ToString();
    ExpectOneLine(list.error());
  }
  rig.proxy->Set(Fault::Raw("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_TRUE(IsUnreachable(rig.Get().error()));
  rig.proxy->Set(Fault::None());
  auto list = rig.pods().List({});
  ASSERT_TRUE(list.ok()) << list.error().ToString();
  EXPECT_EQ(list->size(), 2u);
}

// Reads a watch to its end; how many events came before, and what the end was.
std::pair<int, std::string> Drain(WatchStream& watch) {
  int events = 0;
  while (auto event = watch.Next()) {
    if (!event->ok()) return {events, event->error().reason};
    ++events;
  }
  return {events, "end"};
}

XEBEC_SIM_TEST(ClientFaults, AWatchThatIsCutOrGarbledEndsWithAnError) {
  Rig rig;
  for (const size_t bytes : {200, 230, 260, 300, 350, 400}) {
    for (const Fault& fault : {Fault::CutAfter(bytes), Fault::CorruptAfter(bytes, "\x01{]"),
                               Fault::CorruptAfter(bytes, "\n")}) {
      rig.proxy->Set(fault);
      auto watch = rig.pods().Watch({});
      if (!watch.ok()) continue;  // the fault hit the answer's header
      const auto [events, end] = Drain(*watch);
      EXPECT_LE(events, 3);
      EXPECT_TRUE(end == "Unreachable" || end == "InvalidInput") << end << " at " << bytes;
      EXPECT_FALSE(watch->Next().has_value());
    }
  }
}

XEBEC_SIM_TEST(ClientFaults, AWatchThatFallsSilentIsFound) {
  Rig rig;
  auto watch = rig.pods().Watch({});
  ASSERT_TRUE(watch.ok()) << watch.error().ToString();
  const int64_t start = runtime::NanoTime();
  const auto [events, end] = Drain(*watch);
  EXPECT_EQ(events, 3);
  EXPECT_EQ(end, "Unreachable");
  EXPECT_LT(runtime::NanoTime() - start, 240'000'000'000);
}

XEBEC_TEST(ClientFaults, AnObjectOfTwentyMegabytesPassesOrIsRefusedByItsLimit) {
  Rig rig;
  auto big = rig.pods().Get({}, {"ns", "big"});
  ASSERT_TRUE(big.ok()) << big.error().ToString();
  EXPECT_GT((*big)["spec"]["x"].AsString().size(), size_t{20'000'000});
  ClientOptions options;
  options.max_object_bytes = 1 << 20;
  Client strict(runtime::http::MakeTransport(rig.proxy->InMemory()), {}, options);
  auto refused = strict.Resource(kPods).Get({}, {"ns", "big"});
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(IsInvalidInput(refused.error()));
  ExpectOneLine(refused.error());
  // What a test leaves on the heap decides when the next simulation in this process collects, and
  // so its trace: the garbage of this one is large enough for that.
  gc::Collect();
}

XEBEC_SIM_TEST(ClientFaults, ASlowServerIsWaitedForWithinTheDeadline) {
  Rig rig;
  rig.proxy->Set(Fault::Delay(5s));
  const int64_t start = runtime::NanoTime();
  EXPECT_TRUE(rig.Get().ok());
  EXPECT_GE(runtime::NanoTime() - start, 5'000'000'000);
  auto [ctx, cancel] = Context::WithTimeout({}, 1s);
  EXPECT_TRUE(IsDeadlineExceeded(rig.Get(ctx).error()));
}

}  // namespace
}  // namespace xebec::client
