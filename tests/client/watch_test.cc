#include "client/watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "client/client.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/client/scripted_transport.h"

namespace xebec::client {
namespace {

using namespace std::chrono_literals;
using object::Object;
using testing::Request;
using testing::Response;
using testing::ScriptedTransport;
using testing::StreamFeed;
using testing::StreamResponse;

const ResourceInfo kPods{{"", "v1", "pods"}, {"", "v1", "Pod"}, true};

std::string EventLine(const std::string& type, const std::string& name, int rv) {
  return fmt::format(
      R"({{"type":"{}","object":{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{}",)"
      R"("resourceVersion":"{}"}}}}}})"
      "\n",
      type, name, rv);
}

// A watch whose bytes the test sends.
struct Fixture {
  explicit Fixture(WatchOptions options = {}, Context ctx = {})
      : transport(std::make_shared<ScriptedTransport>(
            [](const Context&, const Request&) -> Result<Response> {
              return Error::Unreachable("no calls in this script");
            },
            [this](const Context& stream_ctx, const Request&) -> Result<StreamResponse> {
              return testing::Streaming(feed.Reader(stream_ctx));
            })),
        client(transport) {
    auto opened = client.Resource(kPods).Watch(ctx, options);
    if (!opened.ok()) {
      ADD_FAILURE() << opened.error().message;
      return;
    }
    watch = std::move(opened).value();
  }

  // "ADDED a 5", "error Reason", "end"
  std::string Next() {
    auto event = watch.Next();
    if (!event) return "end";
    if (!event->ok()) return "error " + event->error().reason;
    return fmt::format("{} {} {}", object::EventTypeName((*event)->type), (*event)->object.name(),
                       (*event)->object.resource_version());
  }

  StreamFeed feed;
  std::shared_ptr<ScriptedTransport> transport;
  Client client;
  WatchStream watch;
};

XEBEC_TEST(Watch, EventsComeInOrderHoweverTheyAreCut) {
  const std::string text = EventLine("ADDED", "a", 1) + "\n" + EventLine("MODIFIED", "a", 2) +
                           "\r\n" + EventLine("BOOKMARK", "", 3) + EventLine("DELETED", "a", 4);
  for (const size_t piece : {size_t{1}, size_t{7}, text.size()}) {
    Fixture f;
    runtime::Go([&] {
      for (size_t i = 0; i < text.size(); i += piece) f.feed.Send(text.substr(i, piece));
      f.feed.End();
    });
    EXPECT_EQ(f.Next(), "ADDED a 1");
    EXPECT_EQ(f.Next(), "MODIFIED a 2");
    EXPECT_EQ(f.Next(), "BOOKMARK  3");
    EXPECT_EQ(f.Next(), "DELETED a 4");
    EXPECT_EQ(f.Next(), "end");
    EXPECT_EQ(f.Next(), "end");
  }
}

XEBEC_TEST(Watch, AsksForWhatItsOptionsSay) {
  Fixture f({.ns = "ns",
             .label_selector = "a=b",
             .field_selector = "metadata.name=x",
             .resource_version = "12",
             .timeout = 300s});
  EXPECT_EQ(f.transport->last().path, "/api/v1/namespaces/ns/pods");
  EXPECT_EQ(f.transport->last().query,
            "watch=true&labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&resourceVersion=12"
            "&allowWatchBookmarks=true&timeoutSeconds=300");
  Fixture list({.resource_version_match = "NotOlderThan",
                .allow_bookmarks = true,
                .send_initial_events = true});
  EXPECT_EQ(list.transport->last().query,
            "watch=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&"
            "sendInitialEvents=true");
}

XEBEC_TEST(Watch, AnErrorEventIsDecodedAndEndsTheWatch) {
  Fixture f;
  f.feed.Send(EventLine("ADDED", "a", 1) +
              R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired",)"
              R"("message":"too old"}})"
              "\n" +
              EventLine("ADDED", "b", 2));
  EXPECT_EQ(f.Next(), "ADDED a 1");
  auto event = f.watch.Next();
  ASSERT_TRUE(event.has_value());
  ASSERT_FALSE(event->ok());
  EXPECT_TRUE(IsExpired(event->error()));
  EXPECT_EQ(event->error().message, "too old");
  EXPECT_EQ(f.Next(), "end");
}

XEBEC_TEST(Watch, MalformedJsonInTheMiddleIsAnErrorAndNoCrash) {
  for (const std::string bad :
       {"nonsense\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"object\":{\"a\":}}\n",
        "[]\n", "{\"type\":\"STRANGE\",\"object\":{}}\n", "\xff\xfe\n",
        "{\"type\":\"ADDED\",\"object\":7}\n"}) {
    Fixture f;
    f.feed.Send(EventLine("ADDED", "a", 1) + bad + EventLine("ADDED", "b", 2));
    EXPECT_EQ(f.Next(), "ADDED a 1");
    EXPECT_EQ(f.Next(), "error InvalidInput") << bad;
    EXPECT_EQ(f.Next(), "end");
  }
}

XEBEC_TEST(Watch, ACutInTheMiddleOfAnEventIsToldAsSuch) {
  Fixture f;
  f.feed.Send(EventLine("ADDED", "a", 1) + R"({"type":"MODIFIED","object":{"ki)");
  f.feed.End();
  EXPECT_EQ(f.Next(), "ADDED a 1");
  EXPECT_EQ(f.Next(), "error Unreachable");
  EXPECT_EQ(f.Next(), "end");

  Fixture cut;
  cut.feed.Send(EventLine("ADDED", "a", 1));
  cut.feed.Fail(Error::Unreachable("connection reset by peer"));
  EXPECT_EQ(cut.Next(), "ADDED a 1");
  EXPECT_EQ(cut.Next(), "error Unreachable");
  EXPECT_EQ(cut.Next(), "end");
}

XEBEC_TEST(Watch, AnEventOfTwentyMegabytesPassesAndAnEndlessLineIsCutOff) {
  Fixture f;
  const std::string big(20 << 20, 'x');
  const std::string line =
      fmt::format(R"({{"type":"ADDED","object":{{"kind":"Pod","metadata":{{"name":"big"}},)"
                  R"("spec":{{"x":"{}"}}}}}})"
                  "\n",
                  big);
  runtime::Go([&] {
    for (size_t i = 0; i < line.size(); i += 1 << 20) f.feed.Send(line.substr(i, 1 << 20));
    f.feed.Send(EventLine("ADDED", "small", 2));
    f.feed.End();
  });
  EXPECT_EQ(f.Next(), "ADDED big ");
  EXPECT_EQ(f.Next(), "ADDED small 2");
  EXPECT_EQ(f.Next(), "end");

  WatchOptions small;
  small.max_event_bytes = 100'000;
  Fixture endless(small);
  for (int i = 0; i < 20; ++i) endless.feed.Send(std::string(10'000, ' '));
  EXPECT_EQ(endless.Next(), "error InvalidInput");
  EXPECT_EQ(endless.Next(), "end");
}

XEBEC_TEST(Watch, StopAndCancelWakeAWaitingReader) {
  auto [ctx, cancel] = Context::WithCancel({});
  Fixture a;
  Fixture b({}, ctx);
  Fixture c;
  runtime::WaitGroup done;
  for (Fixture* f : {&a, &b}) {
    done.Add(1);
    runtime::Go([&done, f] {
      EXPECT_EQ(f->Next(), "end");
      done.Done();
    });
  }
  done.Add(1);
  runtime::Go([&] {
    EXPECT_FALSE(c.watch.Next(ctx).has_value());
    done.Done();
  });
  runtime::testing::WaitUntilAllBlocked();
  a.watch.Stop();
  cancel();
  done.Wait();
}

XEBEC_SIM_TEST(Watch, SilenceEndsItAndBytesKeepItAlive) {
  WatchOptions options;
  options.idle_timeout = 100s;
  Fixture f(options);
  const int64_t start = runtime::NanoTime();
  runtime::Go([&] {
    for (int i = 1; i <= 5; ++i) {
      runtime::Sleep(90s);
      f.feed.Send(EventLine("BOOKMARK", "", i));
    }
  });
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(f.Next(), fmt::format("BOOKMARK  {}", i));
  auto event = f.watch.Next();
  ASSERT_TRUE(event && !event->ok());
  EXPECT_TRUE(IsUnreachable(event->error()));
  EXPECT_NE(event->error().message.find("silent for 100 s"), std::string::npos)
      << event->error().message;
  const double seconds = static_cast<double>(runtime::NanoTime() - start) / 1e9;
  EXPECT_GE(seconds, 550.0);
  EXPECT_LE(seconds, 551.0);
  EXPECT_EQ(f.Next(), "end");
}

XEBEC_SIM_TEST(Watch, TheDefaultGuardIsUnder240Seconds) {
  Fixture f;
  const int64_t start = runtime::NanoTime();
  EXPECT_EQ(f.Next(), "error Unreachable");
  EXPECT_LT(runtime::NanoTime() - start, 240'000'000'000);
}

XEBEC_TEST(Watch, AStatusInsteadOfAStreamIsTheTypedError) {
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context&, const Request&) -> Result<Response> { return testing::Json("{}"); },
      [](const Context& ctx, const Request&) -> Result<StreamResponse> {
        StreamFeed feed;
        feed.Send(R"({"kind":"Status","code":410,"reason":"Expired",)"
                  R"("message":"too old resource version"})");
        feed.End();
        StreamResponse response = testing::Streaming(feed.Reader(ctx));
        response.status = 410;
        return response;
      });
  auto watch = Client(transport).Resource(kPods).Watch({});
  ASSERT_FALSE(watch.ok());
  EXPECT_TRUE(IsExpired(watch.error()));
}

}  // namespace
}  // namespace xebec::client
