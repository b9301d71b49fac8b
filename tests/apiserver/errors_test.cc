// Bad input and faults: each gets one clear answer, and nothing that is stored is harmed.
#include <gtest/gtest.h>

#include "apiserver/internal/render.h"
#include "apiserver/internal/validation.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

const std::string kCms = kConfigMaps;

std::string FirstField(const Answer& answer) {
  if (!answer.body.contains("details")) return answer.body.dump();
  return answer.body["details"]["causes"][0]["field"];
}

TEST(Validation, NamesFollowTheirRules) {
  EXPECT_EQ(CheckName(NameRule::kSubdomain, "a.b-c.0"), "");
  for (const char* bad : {"", "A", "a..b", "-a", "a_b", "a."}) {
    EXPECT_NE(CheckName(NameRule::kSubdomain, bad), "") << bad;
  }
  EXPECT_NE(CheckName(NameRule::kLabel, "a.b"), "");
  EXPECT_NE(CheckName(NameRule::kLabel, std::string(64, 'a')), "");
  EXPECT_NE(CheckName(NameRule::kServiceLabel, "0a"), "");
  EXPECT_EQ(CheckName(NameRule::kPathSegment, "system:Admin"), "");
  EXPECT_NE(CheckName(NameRule::kPathSegment, "a/b"), "");
}

TEST(Ages, ReadAsKubectlShowsThem) {
  EXPECT_EQ(HumanDuration(0), "0s");
  EXPECT_EQ(HumanDuration(119), "119s");
  EXPECT_EQ(HumanDuration(125), "2m5s");
  EXPECT_EQ(HumanDuration(600), "10m");
  EXPECT_EQ(HumanDuration(3 * 3600 + 60), "3h1m");
  EXPECT_EQ(HumanDuration(47 * 3600), "47h");
  EXPECT_EQ(HumanDuration(50 * 3600), "2d2h");
  EXPECT_EQ(HumanDuration(400 * 86400), "400d");
  EXPECT_EQ(HumanDuration(-5), "<invalid>");
}

XEBEC_TEST(ApiErrors, EachHasItsCodeReasonAndDetails) {
  Api api;
  const Answer missing = api.Get(kCms + "/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.Message(), "configmaps \"none\" not found");
  EXPECT_EQ(missing.body["details"], Json({{"name", "none"}, {"kind", "configmaps"}}));
  EXPECT_EQ(api.Get("/apis/apps/v1/namespaces/default/deployments/d").Message(),
            "deployments.apps \"d\" not found");
  EXPECT_EQ(api.Get("/nothing/here").Reason(), "NotFound");
  EXPECT_EQ(api.Get("/api/v1/widgets").status, 404);
  EXPECT_EQ(api.Post(kCms + "/a", ConfigMap("a")).status, 405);
  EXPECT_EQ(api.Post("/api/v1/configmaps", ConfigMap("a")).status, 405);
  EXPECT_EQ(api.Do("GET", kCms, "", "", "application/yaml").status, 406);
  api.Post(kCms, ConfigMap("a"));
  const Answer exists = api.Post(kCms, ConfigMap("a"));
  EXPECT_EQ(exists.status, 409);
  EXPECT_EQ(exists.Reason(), "AlreadyExists");
  EXPECT_EQ(api.Do("POST", kCms, "a: b", "application/yaml").status, 415);
}

XEBEC_TEST(ApiErrors, MalformedBodiesAreBadRequests) {
  Api api;
  auto post = [&](const std::string& body) { return api.Do("POST", kCms, body); };
  const Answer broken = post(R"({"metadata": {"name": )");
  EXPECT_EQ(broken.status, 400);
  EXPECT_NE(broken.Message().find("line 1"), std::string::npos) << broken.Message();
  EXPECT_EQ(post("[]").status, 400);
  EXPECT_EQ(post(std::string(100'000, '[')).status, 400) << "nesting is bounded";
  EXPECT_EQ(post(R"({"metadata": "a"})").status, 400);
  EXPECT_EQ(post(R"({"metadata": {"name": 1}})").status, 400);
  EXPECT_EQ(post(R"({"metadata": {"name": "a", "labels": {"x": 1}}})").status, 400);
  EXPECT_EQ(post(R"({"metadata": {"name": "a"}, "data": [1]})").status, 400);
  EXPECT_EQ(post(R"({"kind": "Secret", "metadata": {"name": "a"}})").status, 400);
  EXPECT_EQ(post(R"({"apiVersion": "v2", "metadata": {"name": "a"}})").status, 400);
  EXPECT_EQ(post(R"({"metadata": {"name": "a", "namespace": "other"}})").status, 400);
  EXPECT_EQ(post("{\"metadata\": {\"name\": \"\xff\"}}").status, 400) << "invalid UTF-8";
  EXPECT_EQ(
      api.Do("POST", kCms, std::string("k8s\0\xff\xff", 6), "application/vnd.kubernetes.protobuf")
          .status,
      400);
  EXPECT_EQ(api.Get(kCms).body["items"].size(), 0u);
}

XEBEC_TEST(ApiErrors, ASecretsTextIsNotRepeatedInTheError) {
  Api api;
  const Answer broken = api.Do("POST", "/api/v1/namespaces/default/secrets",
                               R"({"stringData": {"password": "hunter2" x)");
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(broken.Message().find("hunter2"), std::string::npos) << broken.Message();
}

XEBEC_TEST(ApiErrors, InvalidObjectsNameTheirFields) {
  Api api;
  EXPECT_EQ(FirstField(api.Post(kCms, Json::object())), "metadata.name");
  EXPECT_EQ(FirstField(api.Post(kCms, ConfigMap("Bad_Name"))), "metadata.name");
  Json object = ConfigMap("a");
  object["metadata"]["labels"] = {{"x", "not ok"}};
  EXPECT_EQ(FirstField(api.Post(kCms, object)), "metadata.labels");
  object = ConfigMap("a");
  object["metadata"]["ownerReferences"] = {{{"kind", "X"}}};
  EXPECT_EQ(FirstField(api.Post(kCms, object)), "metadata.ownerReferences[0].apiVersion");
  EXPECT_EQ(FirstField(api.Post(kCms, ConfigMap("a", {{"bad key", "x"}}))), "data[bad key]");
  Json pod = Pod("p");
  pod["spec"]["containers"] = Json::array();
  EXPECT_EQ(FirstField(api.Post(kPods, pod)), "spec.containers");
  pod = Pod("p");
  pod["spec"]["containers"].push_back({{"name", "main"}});
  const Answer two = api.Post(kPods, pod);
  EXPECT_EQ(two.status, 422);
  EXPECT_EQ(two.Reason(), "Invalid");
  EXPECT_EQ(two.body["details"]["causes"].size(), 2u) << two.body;
  EXPECT_EQ(two.body["details"]["causes"][0]["reason"], "FieldValueDuplicate");
  EXPECT_EQ(two.body["details"]["causes"][1]["field"], "spec.containers[1].image");
}

XEBEC_TEST(ApiErrors, ATooLargeBodyIsRefusedAndTheServerGoesOn) {
  Options options;
  options.max_body_bytes = 1000;
  Api api(options);
  const Answer large = api.Post(kCms, ConfigMap("a", {{"x", std::string(2000, 'x')}}));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.Reason(), "RequestEntityTooLarge");
  EXPECT_EQ(api.Post(kCms, ConfigMap("a")).status, 201);
  Api by_default;
  EXPECT_EQ(by_default.Post(kCms, ConfigMap("a", {{"x", std::string(20 << 20, 'x')}})).status, 413);
}

XEBEC_TEST(ApiErrors, AccessReviewsAllow) {
  Api api;
  const Answer review =
      api.Post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
               {{"spec", {{"resourceAttributes", {{"verb", "get"}, {"resource", "pods"}}}}}});
  EXPECT_EQ(review.status, 201);
  EXPECT_EQ(review.body["status"]["allowed"], true);
  EXPECT_EQ(api.Get("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").status, 405);
}

// Strikes the call of this verb and resource with this index.
FaultHook StrikeAt(std::string verb, std::string resource, uint64_t index, Fault fault) {
  return [=](const FaultPoint& point) {
    const bool hit = point.verb == verb && point.resource == resource && point.index == index;
    return hit ? fault : Fault{};
  };
}

XEBEC_SIM_TEST(ApiFaults, AStatusIsAnsweredAndNothingIsApplied) {
  Options options;
  Fault busy = Fault::Status(429);
  busy.retry_after = std::chrono::seconds(7);
  options.faults = StrikeAt("create", "configmaps", 1, busy);
  Api api(options);
  EXPECT_EQ(api.Post(kCms, ConfigMap("a")).status, 201);
  const Answer refused = api.Post(kCms, ConfigMap("b"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Reason(), "TooManyRequests");
  EXPECT_EQ(refused.retry_after, "7");
  EXPECT_EQ(api.Get(kCms + "/b").status, 404);
  EXPECT_EQ(api.Post(kCms, ConfigMap("b")).status, 201);
}

XEBEC_SIM_TEST(ApiFaults, ADroppedConnectionIsSeenBeforeOrAfterTheWrite) {
  for (const bool applied : {false, true}) {
    Options options;
    Fault drop;
    drop.kind = applied ? Fault::Kind::kDropAfter : Fault::Kind::kDropBefore;
    options.faults = StrikeAt("create", "configmaps", 0, drop);
    Api api(options);
    const Result<Answer> lost = api.Try("POST", kCms, ConfigMap("a").dump());
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(IsOutcomeUnknown(lost.error())) << lost.error().ToString();
    EXPECT_EQ(api.Get(kCms + "/a").status, applied ? 200 : 404);
  }
}

XEBEC_SIM_TEST(ApiFaults, ADelayTakesVirtualTimeAndAHangLastsAsLongAsTheClient) {
  Options options;
  options.faults = [](const FaultPoint& point) {
    Fault fault;
    if (point.verb == "get" && point.index == 0) fault.delay = std::chrono::seconds(10);
    if (point.verb == "list") fault.kind = Fault::Kind::kHang;
    return fault;
  };
  Api api(options);
  const int64_t start = runtime::NanoTime();
  EXPECT_EQ(api.Get(kCms + "/a").status, 404);
  EXPECT_GE(runtime::NanoTime() - start, 10'000'000'000);
  const Result<Answer> never = api.Try("GET", kCms);
  ASSERT_FALSE(never.ok());
  EXPECT_TRUE(IsDeadlineExceeded(never.error())) << never.error().ToString();
}

XEBEC_SIM_TEST(ApiFaults, MoreCallsAtOnceThanAllowedAreAskedToComeBack) {
  Options options;
  options.max_in_flight = 1;
  options.faults = [](const FaultPoint& point) {
    Fault fault;
    if (point.verb == "list") fault.delay = std::chrono::seconds(5);
    return fault;
  };
  Api api(options);
  runtime::WaitGroup slow;
  slow.Go([&] { EXPECT_EQ(api.Get(kCms).status, 200); });
  runtime::Sleep(std::chrono::seconds(1));  // virtual
  const Answer refused = api.Get(kCms + "/a");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, "1");
  slow.Wait();
  EXPECT_EQ(api.Get(kCms + "/a").status, 404);
}

XEBEC_SIM_TEST(ApiFaults, AWatchIsCutAfterSoManyEvents) {
  Options options;
  Fault cut;
  cut.cut_after_events = 2;
  options.faults = StrikeAt("watch", "configmaps", 0, cut);
  Api api(options);
  WatchStream watch = api.Watch(kCms);
  for (const char* name : {"a", "b", "c"}) api.Post(kCms, ConfigMap(name));
  EXPECT_EQ(watch.Next()->Name(), "a");
  EXPECT_EQ(watch.Next()->Name(), "b");
  EXPECT_FALSE(watch.Next().has_value());
  EXPECT_TRUE(watch.was_cut());
}

XEBEC_TEST(ApiServer, ServesOverTcpAndRefusesOtherAddresses) {
  Api api;
  const Result<std::string> url = api.server().Start("127.0.0.1:0");
  ASSERT_TRUE(url.ok()) << url.error().ToString();
  EXPECT_EQ(api.server().Url(), *url);
  EXPECT_NE(api.server().Kubeconfig().find("server: " + *url), std::string::npos);
  const int port = std::stoi(url->substr(url->rfind(':') + 1));
  auto transport =
      runtime::http::MakeTransport(std::make_shared<runtime::net::TcpDialer>("127.0.0.1", port));
  runtime::http::Request request;
  request.path = "/version";
  const auto response = transport->RoundTrip(Context::Background(), request);
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_EQ(response->status, 200);

  Server other;
  EXPECT_TRUE(IsInvalidInput(other.Start("0.0.0.0:0").error()));
  EXPECT_FALSE(other.Start("127.0.0.1:" + std::to_string(port)).ok()) << "in use";
  EXPECT_FALSE(other.Start("127.0.0.1").ok());
}

}  // namespace
}  // namespace xebec::apiserver::testing
