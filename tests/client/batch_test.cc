#include "client/batch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "client/pod_client.h"
#include "runtime/panic.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"
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

const ResourceInfo kPods{{"", "v1", "pods"}, {"", "v1", "Pod"}, true};

Object PodNamed(const std::string& name) {
  return object::Builder(kPods.gvk).SetNamespace("ns").SetName(name).Build();
}

std::vector<Object> Pods(int count) {
  std::vector<Object> pods;
  for (int i = 0; i < count; ++i) pods.push_back(PodNamed(fmt::format("p{}", i)));
  return pods;
}

// A server where a pod runs some virtual time after it was created.
class Kubelet {
 public:
  explicit Kubelet(std::chrono::nanoseconds start_time) : start_time_(start_time) {}

  Result<Response> Answer(const Context&, const Request& request) {
    // Answers of different length, so that the fibers end in another order than they began.
    if (request.method == "POST") {
      const Object pod = *Object::Parse(request.body);
      const std::string name(pod.name());
      runtime::Sleep(std::chrono::milliseconds(name.back() * 7 % 50));
      if (name == "p3") {
        return Json(R"({"kind":"Status","code":403,"reason":"Forbidden","message":"quota"})", 403);
      }
      if (name == "p5") runtime::ThrowPanic("a bug in creating p5");
      std::lock_guard lock(mu_);
      created_[name] = runtime::NanoTime();
      return Json(Stored(name), 201);
    }
    std::lock_guard lock(mu_);
    const std::string name = request.path.substr(request.path.rfind('/') + 1);
    if (name == "p7") created_.erase(name);
    if (!created_.contains(name)) {
      return Json(R"({"kind":"Status","code":404,"reason":"NotFound","message":"gone"})", 404);
    }
    return Json(Stored(name));
  }

 private:
  std::string Stored(const std::string& name) const {
    const bool running = runtime::NanoTime() - created_.at(name) >= start_time_.count();
    return fmt::format(
        R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{}","namespace":"ns",)"
        R"("uid":"u-{}"}},"status":{{"phase":"{}"}}}})",
        name, name, running ? "Running" : "Pending");
  }
  const std::chrono::nanoseconds start_time_;
  runtime::Mutex mu_;
  std::map<std::string, int64_t> created_;  // guarded by mu_
};

std::shared_ptr<ScriptedTransport> Serve(Kubelet& kubelet) {
  return std::make_shared<ScriptedTransport>(
      [&](const Context& ctx, const Request& request) { return kubelet.Answer(ctx, request); });
}

XEBEC_SIM_TEST(CreateBatch, ResultsComeInTheObjectsOrderAndFailuresStandAlone) {
  Kubelet kubelet(3s);
  const Client client(Serve(kubelet));
  const auto results =
      CreateObjectBatch({}, client.Resource(kPods), Pods(20), {.until = PodIsRunning});
  ASSERT_EQ(results.size(), 20u);
  for (int i = 0; i < 20; ++i) {
    const auto& result = results[static_cast<size_t>(i)];
    if (i == 3) {
      ASSERT_FALSE(result.ok());
      EXPECT_TRUE(IsForbidden(result.error()));
    } else if (i == 5) {
      ASSERT_FALSE(result.ok());
      EXPECT_TRUE(IsInternalError(result.error()));
      EXPECT_NE(result.error().message.find("a bug in creating p5"), std::string::npos);
    } else if (i == 7) {
      ASSERT_FALSE(result.ok());
      EXPECT_TRUE(IsNotFound(result.error()));
      EXPECT_NE(result.error().message.find("was created"), std::string::npos)
          << result.error().message;
    } else {
      ASSERT_TRUE(result.ok()) << i << ": " << result.error().message;
      EXPECT_EQ(result->name(), fmt::format("p{}", i));
      EXPECT_TRUE(PodIsRunning(*result));
    }
  }
}

XEBEC_SIM_TEST(CreateBatch, AllPodsAreWaitedForAtOnce) {
  Kubelet kubelet(10s);
  const PodClient pods(Client(Serve(kubelet)), "ns");
  std::vector<PodClient::Pod> wanted;
  for (int i = 0; i < 100; ++i) wanted.push_back(PodClient::Pod(PodNamed(fmt::format("q{}", i))));
  const int64_t start = runtime::NanoTime();
  const auto results = pods.CreateBatch({}, wanted);
  ASSERT_EQ(results.size(), 100u);
  for (size_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(results[i].ok()) << results[i].error().message;
    EXPECT_EQ(results[i]->name(), fmt::format("q{}", i));
  }
  EXPECT_LT(runtime::NanoTime() - start, std::chrono::nanoseconds(13s).count());
}

XEBEC_SIM_TEST(CreateBatch, WithoutAConditionNothingIsWaitedFor) {
  Kubelet kubelet(1000s);
  auto transport = Serve(kubelet);
  const auto results = CreateObjectBatch({}, Client(transport).Resource(kPods), Pods(3));
  for (const auto& result : results) EXPECT_TRUE(result.ok());
  EXPECT_EQ(transport->count(), 3u);
  EXPECT_TRUE(CreateObjectBatch({}, Client(transport).Resource(kPods), {}).empty());
}

XEBEC_SIM_TEST(CreateSync, APodThatNeverRunsEndsWithItsTime) {
  Kubelet kubelet(1000s);
  BatchOptions options;
  options.until = PodIsRunning;
  options.poll.timeout = 30s;
  auto result =
      CreateObjectSync({}, Client(Serve(kubelet)).Resource(kPods), PodNamed("p0"), options);
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(IsDeadlineExceeded(result.error()));
  EXPECT_NE(result.error().message.find("ns/p0"), std::string::npos) << result.error().message;
}

XEBEC_SIM_TEST(CreateBatch, ACancelledContextEndsAllOfThem) {
  Kubelet kubelet(1000s);
  auto [ctx, cancel] = Context::WithCancel({});
  runtime::AfterFunc(5s, [cancel = cancel] { cancel(); });
  const auto results = CreateObjectBatch(ctx, Client(Serve(kubelet)).Resource(kPods), Pods(3),
                                         {.until = PodIsRunning});
  for (const auto& result : results) {
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(IsCanceled(result.error())) << result.error().ToString();
  }
}

}  // namespace
}  // namespace xebec::client
