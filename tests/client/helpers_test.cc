#include "client/helpers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "client/rest_mapper.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/testing.h"
#include "tests/client/scripted_transport.h"

namespace xebec::client {
namespace {

using namespace std::chrono_literals;
using object::Object;
using testing::Json;
using testing::Request;
using testing::Response;
using testing::ScriptedTransport;
using testing::StreamFeed;
using testing::StreamResponse;

const ResourceInfo kPods{{"", "v1", "pods"}, {"", "v1", "Pod"}, true};

std::string Pod(const std::string& phase, int rv, const std::string& extra = "") {
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"a","namespace":"ns","uid":"u",)"
      R"("resourceVersion":"{}"{}}},"status":{{"phase":"{}"}}}})",
      rv, extra, phase);
}

std::string ListOf(const std::string& items, int rv) {
  return fmt::format(
      R"({{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"{}"}},)"
      R"("items":[{}]}})",
      rv, items);
}

std::string EventOf(const std::string& type, const std::string& object) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object);
}

XEBEC_SIM_TEST(RetryOnConflict, TriesFiveTimesTenMillisecondsApart) {
  int calls = 0;
  const int64_t start = runtime::NanoTime();
  auto result = RetryOnConflict({}, [&]() -> Result<int> {
    ++calls;
    return Error::Conflict("pods", "a", "changed");
  });
  EXPECT_TRUE(IsConflict(result.error()));
  EXPECT_EQ(calls, 5);
  const double ms = static_cast<double>(runtime::NanoTime() - start) / 1e6;
  EXPECT_GE(ms, 40.0);
  EXPECT_LE(ms, 44.1);
}

XEBEC_SIM_TEST(RetryOnConflict, OtherErrorsAndSuccessEndIt) {
  int calls = 0;
  auto result = RetryOnConflict({}, [&]() -> Result<int> {
    if (++calls < 3) return Error::Conflict("pods", "a", "changed");
    return 7;
  });
  EXPECT_EQ(*result, 7);
  calls = 0;
  auto missing = RetryOnConflict({}, [&]() -> Result<void> {
    ++calls;
    return Error::NotFound("pods", "a");
  });
  EXPECT_TRUE(IsNotFound(missing.error()));
  EXPECT_EQ(calls, 1);
}

XEBEC_SIM_TEST(Poll, EndsWithTheConditionTheErrorOrTheTime) {
  int calls = 0;
  EXPECT_TRUE(Poll({}, [&]() -> Result<bool> { return ++calls == 4; }).ok());
  EXPECT_TRUE(
      IsNotFound(Poll({}, []() -> Result<bool> { return Error::NotFound("x", "y"); }).error()));
  const int64_t start = runtime::NanoTime();
  auto late = Poll({}, []() -> Result<bool> { return false; }, {.timeout = 10s});
  EXPECT_TRUE(IsDeadlineExceeded(late.error()));
  EXPECT_NEAR(static_cast<double>(runtime::NanoTime() - start) / 1e9, 10.0, 0.1);
}

XEBEC_SIM_TEST(WaitFor, WatchesUntilTheConditionHolds) {
  StreamFeed feed;
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context&, const Request&) -> Result<Response> { return Json(ListOf("", 5)); },
      [&](const Context& ctx, const Request&) -> Result<StreamResponse> {
        return testing::Streaming(feed.Reader(ctx));
      });
  runtime::Go([&] {
    runtime::Sleep(1s);
    feed.Send(EventOf("ADDED", Pod("Pending", 6)));
    runtime::Sleep(1s);
    feed.Send(EventOf("MODIFIED", Pod("Running", 7)));
  });
  auto state = WaitForObject({}, Client(transport).Resource(kPods), {"ns", "a"},
                             [](const std::optional<Object>& pod) {
                               return pod && (*pod)["status"]["phase"].AsString() == "Running";
                             });
  ASSERT_TRUE(state.ok()) << state.error().message;
  EXPECT_EQ((*state)->resource_version(), "7");
  const auto requests = transport->requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].query, "fieldSelector=metadata.name%3Da");
  EXPECT_EQ(requests[1].Query("resourceVersion"), "5");
}

XEBEC_SIM_TEST(WaitFor, SurvivesCutsAndGoneVersions) {
  int lists = 0;
  auto transport = std::make_shared<ScriptedTransport>(
      [&](const Context&, const Request&) -> Result<Response> {
        ++lists;
        return Json(ListOf(Pod(lists < 4 ? "Pending" : "Running", lists), lists));
      },
      [&](const Context& ctx, const Request&) -> Result<StreamResponse> {
        if (lists == 1) return Error::Unreachable("refused");
        StreamFeed feed;
        if (lists == 2) {
          feed.Send(
              "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":"
              "\"Expired\"}}\n");
        }
        feed.End();
        return testing::Streaming(feed.Reader(ctx));
      });
  auto state = WaitForObject({}, Client(transport).Resource(kPods), {"ns", "a"},
                             [](const std::optional<Object>& pod) {
                               return pod && (*pod)["status"]["phase"].AsString() == "Running";
                             });
  ASSERT_TRUE(state.ok()) << state.error().message;
  EXPECT_EQ(lists, 4);
}

XEBEC_SIM_TEST(WaitFor, TheEndOfAnObjectCanBeWaitedForAndTimeIsBounded) {
  StreamFeed feed;
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context&, const Request&) -> Result<Response> {
        return Json(ListOf(Pod("Running", 5), 5));
      },
      [&](const Context& ctx, const Request&) -> Result<StreamResponse> {
        return testing::Streaming(feed.Reader(ctx));
      });
  const Resource pods = Client(transport).Resource(kPods);
  const auto gone = [](const std::optional<Object>& pod) { return !pod; };
  auto late = WaitForObject({}, pods, {"ns", "a"}, gone, 20s);
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(IsDeadlineExceeded(late.error()));
  EXPECT_NE(late.error().message.find("ns/a"), std::string::npos) << late.error().message;
  feed.Send(EventOf("DELETED", Pod("Running", 9)));
  auto state = WaitForObject({}, pods, {"ns", "a"}, gone, 20s);
  ASSERT_TRUE(state.ok()) << state.error().message;
  EXPECT_FALSE(state->has_value());
}

XEBEC_TEST(WaitFor, WhatCannotGetBetterEndsItAtOnce) {
  auto transport =
      std::make_shared<ScriptedTransport>([](const Context&, const Request&) -> Result<Response> {
        return Json(R"({"kind":"Status","code":403,"reason":"Forbidden","message":"no"})", 403);
      });
  auto state = WaitForObject({}, Client(transport).Resource(kPods), {"ns", "a"},
                             [](const std::optional<Object>&) { return true; });
  EXPECT_TRUE(IsForbidden(state.error()));
  EXPECT_EQ(transport->count(), 1u);
}

XEBEC_TEST(CreateOrUpdate, CreatesUpdatesOrLeavesAlone) {
  std::optional<std::string> stored;
  auto transport = std::make_shared<ScriptedTransport>(
      [&](const Context&, const Request& request) -> Result<Response> {
        if (request.method == "GET") {
          if (stored) return Json(*stored);
          return Json(R"({"kind":"Status","code":404,"reason":"NotFound","message":"none"})", 404);
        }
        stored = request.body;
        return Json(request.body);
      });
  const Resource pods = Client(transport).Resource(kPods);
  const auto set = [](const char* value) {
    return [value](object::Builder& builder) -> Result<void> {
      builder.SetLabel("app", value);
      return {};
    };
  };
  auto result = CreateOrUpdateObject({}, pods, {"ns", "a"}, set("x"));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->second, Changed::kCreated);
  EXPECT_EQ(transport->last().method, "POST");
  EXPECT_EQ(result->first.kind(), "Pod");
  EXPECT_EQ(result->first.metadata().Label("app"), "x");
  EXPECT_EQ(CreateOrUpdateObject({}, pods, {"ns", "a"}, set("x"))->second, Changed::kNo);
  EXPECT_EQ(transport->last().method, "GET");
  EXPECT_EQ(CreateOrUpdateObject({}, pods, {"ns", "a"}, set("y"))->second, Changed::kUpdated);
  EXPECT_EQ(transport->last().method, "PUT");
  auto renamed =
      CreateOrUpdateObject({}, pods, {"ns", "a"}, [](object::Builder& b) -> Result<void> {
        b.SetName("other");
        return {};
      });
  EXPECT_TRUE(IsInvalidInput(renamed.error()));
}

XEBEC_TEST(Finalizers, ArePatchedUnderTheObjectsVersionAndOnlyWhenNeeded) {
  auto transport = std::make_shared<ScriptedTransport>(
      [&](const Context&, const Request&) -> Result<Response> { return Json(Pod("Running", 8)); });
  const Resource pods = Client(transport).Resource(kPods);
  const Object pod = *Object::Parse(Pod("Running", 7, R"(,"finalizers":["x/y"])"));
  ASSERT_TRUE(AddFinalizerTo({}, pods, pod, "x/y").ok());
  ASSERT_TRUE(RemoveFinalizerFrom({}, pods, pod, "other").ok());
  EXPECT_EQ(transport->count(), 0u);
  ASSERT_TRUE(AddFinalizerTo({}, pods, pod, "a/b").ok());
  Object patch = *Object::Parse(transport->last().body);
  EXPECT_EQ(patch["metadata"]["finalizers"].Json(), R"(["x/y","a/b"])");
  EXPECT_EQ(patch["metadata"]["resourceVersion"].AsString(), "7");
  EXPECT_EQ(transport->last().headers.Get("Content-Type"), "application/merge-patch+json");
  ASSERT_TRUE(RemoveFinalizerFrom({}, pods, pod, "x/y").ok());
  patch = *Object::Parse(transport->last().body);
  EXPECT_TRUE(patch["metadata"]["finalizers"].IsNull());
}

XEBEC_TEST(RestMapper, FindsResourcesAndLooksAgainForNewKinds) {
  bool installed = false;
  auto transport = std::make_shared<ScriptedTransport>(
      [&](const Context&, const Request& request) -> Result<Response> {
        if (request.path == "/api/v1") {
          return Json(R"({"kind":"APIResourceList","resources":[{"name":"pods","kind":"Pod",)"
                      R"("namespaced":true},{"name":"pods/status","kind":"Pod","namespaced":true},)"
                      R"({"name":"nodes","kind":"Node","namespaced":false}]})");
        }
        if (request.path == "/apis/example.com/v1" && installed) {
          return Json(R"({"kind":"APIResourceList","resources":[{"name":"widgets","kind":"Widget",)"
                      R"("namespaced":true}]})");
        }
        return Json(R"({"kind":"Status","code":404,"reason":"NotFound","message":"none"})", 404);
      });
  RestMapper mapper{Client(transport)};
  auto pods = mapper.ResourceFor({}, {"", "v1", "Pod"});
  ASSERT_TRUE(pods.ok()) << pods.error().message;
  EXPECT_EQ(pods->gvr.resource, "pods");
  EXPECT_TRUE(*pods->namespaced);
  EXPECT_FALSE(*mapper.ResourceFor({}, {"", "v1", "Node"})->namespaced);
  EXPECT_EQ(transport->count(), 1u) << "one request serves a whole group and version";
  auto widget = mapper.ResourceFor({}, {"example.com", "v1", "Widget"});
  ASSERT_FALSE(widget.ok());
  EXPECT_TRUE(IsNotFound(widget.error()));
  EXPECT_NE(widget.error().message.find("CustomResourceDefinition"), std::string::npos);
  installed = true;
  EXPECT_EQ(mapper.ResourceFor({}, {"example.com", "v1", "Widget"})->gvr.resource, "widgets");
}

}  // namespace
}  // namespace xebec::client
