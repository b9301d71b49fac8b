// What a call sends, when it is sent again, and what its answer means.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "client/client.h"
#include "object/builder.h"
#include "runtime/debug/metrics.h"
#include "runtime/sched/time.h"
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
using testing::WaitForEnd;

const ResourceInfo kPods{{"", "v1", "pods"}, {"", "v1", "Pod"}, true};
const ResourceInfo kNodes{{"", "v1", "nodes"}, {"", "v1", "Node"}, false};
const GroupVersionResource kWidgets{"example.com", "v1alpha1", "widgets"};

constexpr const char* kPod =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ns",)"
    R"("resourceVersion":"7"}})";

std::shared_ptr<ScriptedTransport> Always(Response response) {
  return std::make_shared<ScriptedTransport>(
      [response](const Context&, const Request&) -> Result<Response> { return response; });
}

Client ClientOver(std::shared_ptr<ScriptedTransport> transport, Config config = {},
                  runtime::Metrics* metrics = nullptr) {
  if (config.host.empty()) config.host = "https://script";
  ClientOptions options;
  options.metrics = metrics;
  return Client(std::move(transport), std::move(config), options);
}

std::string StatusBody(int code, const std::string& reason, const std::string& extra = "") {
  return fmt::format(
      R"({{"kind":"Status","apiVersion":"v1","status":"Failure","message":"the message",)"
      R"("reason":"{}","code":{}{}}})",
      reason, code, extra);
}

double Seconds(int64_t since) { return static_cast<double>(runtime::NanoTime() - since) / 1e9; }

XEBEC_TEST(Requests, PathsAndQueriesAreTheApis) {
  auto transport = Always(Json(kPod));
  const Context ctx;
  const Client client = ClientOver(transport);
  const Resource pods = client.Resource(kPods);
  ASSERT_TRUE(pods.Get(ctx, {"ns", "a"}, {.resource_version = "5"}).ok());
  EXPECT_EQ(transport->last().path, "/api/v1/namespaces/ns/pods/a");
  EXPECT_EQ(transport->last().query, "resourceVersion=5");

  ASSERT_TRUE(client.Resource(kWidgets, "team").Get(ctx, {"", "w"}).ok());
  EXPECT_EQ(transport->last().path, "/apis/example.com/v1alpha1/namespaces/team/widgets/w");
  ASSERT_TRUE(client.Resource(kNodes).Get(ctx, {"ignored", "n"}).ok());
  EXPECT_EQ(transport->last().path, "/api/v1/nodes/n");

  const Object pod = *Object::Parse(kPod);
  ASSERT_TRUE(pods.Create(ctx, pod, {.dry_run = true, .field_manager = "me&you"}).ok());
  EXPECT_EQ(transport->last().method, "POST");
  EXPECT_EQ(transport->last().path, "/api/v1/namespaces/ns/pods");
  EXPECT_EQ(transport->last().query, "dryRun=All&fieldManager=me%26you");
  EXPECT_EQ(transport->last().body, kPod);
  EXPECT_EQ(transport->last().headers.Get("Content-Type"), "application/json");

  ASSERT_TRUE(pods.Update(ctx, pod).ok());
  EXPECT_EQ(transport->last().method, "PUT");
  EXPECT_EQ(transport->last().path, "/api/v1/namespaces/ns/pods/a");
  ASSERT_TRUE(pods.UpdateStatus(ctx, pod).ok());
  EXPECT_EQ(transport->last().path, "/api/v1/namespaces/ns/pods/a/status");

  ASSERT_TRUE(pods.Patch(ctx, {"ns", "a"}, PatchType::kMerge, "{}").ok());
  EXPECT_EQ(transport->last().method, "PATCH");
  EXPECT_EQ(transport->last().headers.Get("Content-Type"), "application/merge-patch+json");
  ASSERT_TRUE(pods.PatchStatus(ctx, {"ns", "a"}, PatchType::kJson, "[]").ok());
  EXPECT_EQ(transport->last().headers.Get("Content-Type"), "application/json-patch+json");
  EXPECT_EQ(transport->last().path, "/api/v1/namespaces/ns/pods/a/status");
  ASSERT_TRUE(pods.Patch(ctx, {"ns", "a"}, PatchType::kStrategicMerge, "{}").ok());
  EXPECT_EQ(transport->last().headers.Get("Content-Type"),
            "application/strategic-merge-patch+json");

  ASSERT_TRUE(pods.Delete(ctx, {"ns", "a"}).ok());
  EXPECT_EQ(transport->last().method, "DELETE");
  EXPECT_EQ(transport->last().body, "");
  ASSERT_TRUE(pods.Delete(ctx, {"ns", "a"},
                          {.grace_period_seconds = 0,
                           .propagation = Propagation::kForeground,
                           .uid = "u-1",
                           .resource_version = "9"})
                  .ok());
  const Object body = *Object::Parse(transport->last().body);
  EXPECT_EQ(body["gracePeriodSeconds"].AsInt(-1), 0);
  EXPECT_EQ(body["propagationPolicy"].AsString(), "Foreground");
  EXPECT_EQ(body["preconditions"]["uid"].AsString(), "u-1");
  EXPECT_EQ(body["preconditions"]["resourceVersion"].AsString(), "9");
  EXPECT_EQ(body.kind(), "DeleteOptions");

  ASSERT_TRUE(pods.DeleteAll(ctx, {.ns = "ns", .label_selector = "a in (b)"}).ok());
  EXPECT_EQ(transport->last().path, "/api/v1/namespaces/ns/pods");
  EXPECT_EQ(transport->last().query, "labelSelector=a%20in%20%28b%29");
}

XEBEC_TEST(Requests, ThePathOfTheServersAddressStandsInFront) {
  auto transport = Always(Json(kPod));
  Config config;
  config.host = "https://gateway/k8s/clusters/c-1/";
  ASSERT_TRUE(ClientOver(transport, config).Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_EQ(transport->last().path, "/k8s/clusters/c-1/api/v1/namespaces/ns/pods/a");
}

XEBEC_TEST(Requests, NamesThatNoPathCanHoldAreRefusedHere) {
  auto transport = Always(Json(kPod));
  const Resource pods = ClientOver(transport).Resource(kPods);
  for (const char* name : {"", ".", "..", "a/b", "a%2fb", "a\nb"}) {
    auto result = pods.Get({}, {"ns", name});
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_TRUE(IsInvalidInput(result.error()));
  }
  EXPECT_FALSE(pods.Get({}, {"", "a"}).ok());
  EXPECT_FALSE(pods.Get({}, {"../x", "a"}).ok());
  EXPECT_FALSE(pods.Create({}, Object()).ok());
  EXPECT_EQ(transport->count(), 0u);
}

XEBEC_TEST(Requests, CredentialsGoOverTlsOnly) {
  auto transport = Always(Json(kPod));
  Config config;
  config.host = "https://h";
  config.bearer_token = "s3cret";
  config.impersonate.user = "bob";
  config.impersonate.groups = {"g1", "g2"};
  ASSERT_TRUE(ClientOver(transport, config).Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_EQ(transport->last().headers.Get("Authorization"), "Bearer s3cret");
  EXPECT_EQ(transport->last().headers.Get("Impersonate-User"), "bob");
  EXPECT_TRUE(transport->last().headers.Get("User-Agent").starts_with("xebec/"));

  config.host = "http://h";
  ASSERT_TRUE(ClientOver(transport, config).Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_FALSE(transport->last().headers.Has("Authorization"));

  config.host = "https://h";
  config.bearer_token.clear();
  config.username = "me";
  config.password = "pw";
  ASSERT_TRUE(ClientOver(transport, config).Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_EQ(transport->last().headers.Get("Authorization"), "Basic bWU6cHc=");
}

struct ErrorCase {
  int code;
  const char* reason;
  bool (*is)(const Error&);
};

XEBEC_TEST(Requests, StatusBodiesBecomeTypedErrors) {
  const ErrorCase cases[] = {{400, "BadRequest", IsBadRequest},
                             {401, "Unauthorized", IsUnauthorized},
                             {403, "Forbidden", IsForbidden},
                             {404, "NotFound", IsNotFound},
                             {409, "AlreadyExists", IsAlreadyExists},
                             {409, "Conflict", IsConflict},
                             {410, "Expired", IsExpired},
                             {410, "Gone", IsExpired},
                             {422, "Invalid", IsInvalid},
                             {429, "TooManyRequests", IsTooManyRequests},
                             {500, "InternalError", IsInternalError},
                             {500, "ServerTimeout", IsServerTimeout},
                             {504, "Timeout", IsTimeout}};
  for (const ErrorCase& c : cases) {
    auto result = ClientOver(Always(Json(StatusBody(c.code, c.reason), c.code)))
                      .Resource(kPods)
                      .Get({}, {"ns", "a"});
    ASSERT_FALSE(result.ok()) << c.reason;
    EXPECT_TRUE(c.is(result.error())) << c.reason;
    EXPECT_EQ(result.error().code, c.code);
    EXPECT_EQ(result.error().message, "the message");
  }
}

XEBEC_TEST(Requests, InvalidCarriesItsCausesWithTheirFields) {
  const std::string details =
      R"(,"details":{"name":"a","kind":"Pod","uid":"u",)"
      R"("causes":[{"reason":"FieldValueRequired","message":"Required value",)"
      R"("field":"spec.containers"},{"reason":"X","message":"Y","field":"z"}],)"
      R"("retryAfterSeconds":3})";
  auto result = ClientOver(Always(Json(StatusBody(422, "Invalid", details), 422)))
                    .Resource(kPods)
                    .Get({}, {"ns", "a"});
  ASSERT_FALSE(result.ok());
  const Error& error = result.error();
  EXPECT_EQ(error.details.kind, "Pod");
  EXPECT_EQ(error.details.name, "a");
  ASSERT_EQ(error.details.causes.size(), 2u);
  EXPECT_EQ(error.details.causes[0].field, "spec.containers");
  EXPECT_EQ(error.details.causes[0].reason, "FieldValueRequired");
  EXPECT_EQ(error.retry_after, std::chrono::seconds(3));
}

XEBEC_TEST(Requests, ErrorBodiesThatAreNoStatusAreSummarised) {
  Response html;
  html.status = 403;
  html.body = "<html>\n<h1>  Forbidden\x01\xff by the proxy</h1>" + std::string(10'000, 'x');
  auto result = ClientOver(Always(html)).Resource(kPods).Get({}, {"ns", "a"});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsForbidden(result.error()));
  const std::string& message = result.error().message;
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_NE(message.find("403 Forbidden"), std::string::npos) << message;
  EXPECT_NE(message.find("/api/v1/namespaces/ns/pods/a"), std::string::npos) << message;

  auto conflict =
      ClientOver(Always(Json("", 409))).Resource(kPods).Create({}, *Object::Parse(kPod));
  EXPECT_TRUE(IsAlreadyExists(conflict.error()));
  conflict = ClientOver(Always(Json("", 409))).Resource(kPods).Update({}, *Object::Parse(kPod));
  EXPECT_TRUE(IsConflict(conflict.error()));
}

XEBEC_TEST(Requests, AnAnswerThatIsNoObjectIsOneClearLine) {
  for (const std::string body : {"", "{\"kind\":\"Pod\"", "[]", "null", "{\"a\":1}}", "\xff\xfe"}) {
    auto result = ClientOver(Always(Json(body))).Resource(kPods).Get({}, {"ns", "a"});
    ASSERT_FALSE(result.ok()) << body;
    EXPECT_TRUE(IsInvalidInput(result.error()));
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    EXPECT_NE(result.error().message.find("/pods/a"), std::string::npos) << result.error().message;
    EXPECT_FALSE(ClientOver(Always(Json(body))).Resource(kPods).List({}).ok()) << body;
  }
  // A list that stops in the middle.
  auto list =
      ClientOver(Always(Json(R"({"kind":"PodList","metadata":{},"items":[{"metadata":{"na)")))
          .Resource(kPods)
          .List({});
  ASSERT_FALSE(list.ok());
  EXPECT_TRUE(IsInvalidInput(list.error()));
}

XEBEC_TEST(Requests, ObjectsWithoutAKindGetTheirs) {
  auto get =
      ClientOver(Always(Json(R"({"metadata":{"name":"a"}})"))).Resource(kPods).Get({}, {"ns", "a"});
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->kind(), "Pod");
  EXPECT_EQ(get->api_version(), "v1");
  auto list = ClientOver(Always(Json(R"({"kind":"PodList","metadata":{"resourceVersion":"9"},)"
                                     R"("items":[{"metadata":{"name":"a"}}]})")))
                  .Resource(kPods)
                  .List({}, {.ns = "ns"});
  ASSERT_TRUE(list.ok()) << list.error().message;
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ((*list)[0].kind(), "Pod");
  EXPECT_EQ(list->resource_version(), "9");
}

// A server that answers `failures` times with `response`, then well.
std::shared_ptr<ScriptedTransport> FailsFirst(int failures, Result<Response> response) {
  auto left = std::make_shared<int>(failures);
  return std::make_shared<ScriptedTransport>(
      [left, response](const Context&, const Request&) -> Result<Response> {
        if ((*left)-- > 0) return response;
        return Json(kPod);
      });
}

Response ComeAgain(int status, const char* seconds) {
  Response response =
      Json(StatusBody(status, status == 429 ? "TooManyRequests" : "InternalError"), status);
  if (seconds != nullptr) response.headers.Set("Retry-After", seconds);
  return response;
}

XEBEC_SIM_TEST(Retries, RetryAfterIsObeyedForAllVerbs) {
  for (const int status : {429, 500, 503, 504}) {
    auto transport = FailsFirst(3, ComeAgain(status, "2"));
    const int64_t start = runtime::NanoTime();
    auto result = ClientOver(transport).Resource(kPods).Create({}, *Object::Parse(kPod));
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(transport->count(), 4u);
    EXPECT_NEAR(Seconds(start), 6.0, 0.1);
  }
}

XEBEC_SIM_TEST(Retries, WithoutRetryAfterTheErrorIsReturnedAtOnce) {
  for (const int status : {429, 500, 503}) {
    auto transport = FailsFirst(1, ComeAgain(status, nullptr));
    EXPECT_FALSE(ClientOver(transport).Resource(kPods).Get({}, {"ns", "a"}).ok());
    EXPECT_EQ(transport->count(), 1u);
  }
  auto conflict = FailsFirst(1, ComeAgain(409, "1"));
  EXPECT_FALSE(ClientOver(conflict).Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_EQ(conflict->count(), 1u);
}

XEBEC_SIM_TEST(Retries, TenAtMost) {
  auto transport = FailsFirst(100, ComeAgain(429, "0"));
  auto result = ClientOver(transport).Resource(kPods).Get({}, {"ns", "a"});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsTooManyRequests(result.error()));
  EXPECT_EQ(transport->count(), 11u);
}

XEBEC_SIM_TEST(Retries, AWaitBeyondTheDeadlineIsNotWaited) {
  auto transport = FailsFirst(100, ComeAgain(429, "120"));
  const int64_t start = runtime::NanoTime();
  auto result = ClientOver(transport).Resource(kPods).Get({}, {"ns", "a"});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsTooManyRequests(result.error()))
      << "the server's answer is worth more than a timeout";
  EXPECT_EQ(result.error().retry_after, std::chrono::seconds(120));
  EXPECT_LT(Seconds(start), 1.0);
}

XEBEC_SIM_TEST(Retries, AGetIsRepeatedWhenItsConnectionFails) {
  auto transport = FailsFirst(2, Error::Unreachable("connection reset by peer"));
  ASSERT_TRUE(ClientOver(transport).Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_EQ(transport->count(), 3u);
  transport = FailsFirst(100, Error::Unreachable("connection reset by peer"));
  auto result = ClientOver(transport).Resource(kPods).Get({}, {"ns", "a"});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsUnreachable(result.error()));
  EXPECT_NE(result.error().message.find("script:1"), std::string::npos) << result.error().message;
  EXPECT_EQ(transport->count(), 4u);
}

XEBEC_SIM_TEST(Retries, AWriteIsNeverRepeatedOnAGuess) {
  const Object pod = *Object::Parse(kPod);
  for (const Error& error :
       {Error::Unreachable("reset"), Error::OutcomeUnknown("reset after it was sent")}) {
    for (const char* verb : {"create", "update", "patch", "delete"}) {
      auto transport = FailsFirst(1, error);
      const Resource pods = ClientOver(transport).Resource(kPods);
      const std::string v = verb;
      std::optional<Error> got;
      if (v == "create") got = pods.Create({}, pod).error();
      if (v == "update") got = pods.Update({}, pod).error();
      if (v == "patch") got = pods.Patch({}, pod.key(), PatchType::kMerge, "{}").error();
      if (v == "delete") got = pods.Delete({}, pod.key()).error();
      EXPECT_EQ(got->reason, error.reason) << verb;
      EXPECT_EQ(transport->count(), 1u) << verb;
    }
  }
}

XEBEC_SIM_TEST(Deadlines, EveryCallHasOne) {
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context& ctx, const Request&) -> Result<Response> { return WaitForEnd(ctx); },
      [](const Context& ctx, const Request&) -> Result<testing::StreamResponse> {
        return WaitForEnd(ctx);
      });
  const Resource pods = ClientOver(transport).Resource(kPods);
  const Object pod = *Object::Parse(kPod);
  const Context ctx;
  const auto expect_deadline = [](const Error& error, int64_t start) {
    EXPECT_TRUE(IsDeadlineExceeded(error)) << error.reason << ": " << error.message;
    EXPECT_NEAR(Seconds(start), 30.0, 0.5);
    EXPECT_NE(error.message.find("/api/v1/"), std::string::npos) << error.message;
  };
  int64_t start = runtime::NanoTime();
  expect_deadline(pods.Get(ctx, {"ns", "a"}).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.List(ctx).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.Watch(ctx).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.Create(ctx, pod).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.Update(ctx, pod).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.UpdateStatus(ctx, pod).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.Patch(ctx, pod.key(), PatchType::kMerge, "{}").error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.Delete(ctx, pod.key()).error(), start);
  start = runtime::NanoTime();
  expect_deadline(pods.DeleteAll(ctx).error(), start);
}

XEBEC_SIM_TEST(Deadlines, TheCallersIsKept) {
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context& ctx, const Request&) -> Result<Response> { return WaitForEnd(ctx); });
  auto [ctx, cancel] = Context::WithTimeout({}, 2s);
  const int64_t start = runtime::NanoTime();
  auto result = ClientOver(transport).Resource(kPods).Get(ctx, {"ns", "a"});
  EXPECT_TRUE(IsDeadlineExceeded(result.error()));
  EXPECT_NEAR(Seconds(start), 2.0, 0.1);

  auto [cancelled, cancel_now] = Context::WithCancel({});
  cancel_now();
  EXPECT_TRUE(
      IsCanceled(ClientOver(transport).Resource(kPods).Get(cancelled, {"ns", "a"}).error()));
}

XEBEC_SIM_TEST(RateLimit, IsKeptAndDoesNotHoldWatches) {
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context&, const Request&) -> Result<Response> { return Json(kPod); },
      [](const Context& ctx, const Request&) -> Result<testing::StreamResponse> {
        testing::StreamFeed feed;
        feed.End();
        return testing::Streaming(feed.Reader(ctx));
      });
  Config config;
  config.qps = 5;
  config.burst = 2;
  const Resource pods = ClientOver(transport, config).Resource(kPods);
  const int64_t start = runtime::NanoTime();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(pods.Get({}, {"ns", "a"}).ok());
  EXPECT_NEAR(Seconds(start), 2.0, 0.1);
  const int64_t watch_start = runtime::NanoTime();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pods.Watch({}).ok());
  EXPECT_LT(Seconds(watch_start), 0.01);
}

XEBEC_SIM_TEST(ClientMetrics, CountRequestsAndRetries) {
  runtime::Metrics metrics;
  auto transport = FailsFirst(1, ComeAgain(429, "1"));
  ASSERT_TRUE(ClientOver(transport, {}, &metrics).Resource(kPods).Get({}, {"ns", "a"}).ok());
  const auto count = [&](const char* code) {
    return metrics
        .GetCounter("rest_client_requests_total", "",
                    {{"code", code}, {"method", "GET"}, {"host", "script:1"}})
        .Value();
  };
  EXPECT_EQ(count("429"), 1);
  EXPECT_EQ(count("200"), 1);
  EXPECT_EQ(metrics
                .GetCounter("rest_client_request_retries_total", "",
                            {{"code", "200"}, {"verb", "get"}, {"host", "script:1"}})
                .Value(),
            1);
  EXPECT_NE(metrics.Text().find("rest_client_request_duration_seconds"), std::string::npos);
}

XEBEC_TEST(Requests, WarningsOfTheServerAreHandedOn) {
  Response response = Json(kPod);
  response.headers.Add("Warning", R"(299 - "policy/v1beta1 is \"old\"")");
  response.headers.Add("Warning", R"(199 - "not this one")");
  std::vector<std::string> heard;
  ClientOptions options;
  options.warning_handler = [&](const std::string& text) { heard.push_back(text); };
  Client client(Always(response), Config{}, options);
  ASSERT_TRUE(client.Resource(kPods).Get({}, {"ns", "a"}).ok());
  EXPECT_EQ(heard, std::vector<std::string>{"policy/v1beta1 is \"old\""});
}

std::string Page(int from, int count, const std::string& next) {
  std::string items;
  for (int i = from; i < from + count; ++i) {
    items += fmt::format(R"({}{{"metadata":{{"name":"p{}"}}}})", i == from ? "" : ",", i);
  }
  return fmt::format(R"({{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"44",)"
                     R"("continue":"{}"}},"items":[{}]}})",
                     next, items);
}

XEBEC_TEST(Pager, FollowsTheContinueTokens) {
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context&, const Request& request) -> Result<Response> {
        const std::string token = request.Query("continue");
        if (token.empty()) return Json(Page(0, 3, "t1"));
        if (token == "t1") return Json(Page(3, 3, "t2"));
        return Json(Page(6, 1, ""));
      });
  auto list =
      ClientOver(transport).Resource(kPods).ListAll({}, {.ns = "ns", .resource_version = "0"});
  ASSERT_TRUE(list.ok()) << list.error().message;
  ASSERT_EQ(list->size(), 7u);
  EXPECT_EQ((*list)[6].name(), "p6");
  EXPECT_EQ(list->resource_version(), "44");
  const auto requests = transport->requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].query, "limit=500&resourceVersion=0");
  EXPECT_EQ(requests[1].query, "limit=500&continue=t1");
}

XEBEC_TEST(Pager, AnExpiredTokenIsAnsweredWithOneFullList) {
  auto transport = std::make_shared<ScriptedTransport>(
      [](const Context&, const Request& request) -> Result<Response> {
        if (!request.Query("continue").empty()) return Json(StatusBody(410, "Expired"), 410);
        return request.HasQuery("limit") ? Json(Page(0, 3, "t1")) : Json(Page(0, 9, ""));
      });
  auto list = ClientOver(transport).Resource(kPods).ListAll({}, {.ns = "ns"});
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_EQ(list->size(), 9u);
  EXPECT_EQ(transport->count(), 3u);
  EXPECT_EQ(transport->last().query, "");
}

XEBEC_TEST(Pager, AServerThatGoesInCirclesIsFound) {
  auto transport = Always(Json(Page(0, 3, "same")));
  auto list = ClientOver(transport).Resource(kPods).ListAll({}, {.ns = "ns"});
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(transport->count(), 2u);
}

}  // namespace
}  // namespace xebec::client
