#include <gtest/gtest.h>

#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/apiserver/api.h"

namespace xebec::apiserver::testing {
namespace {

std::string Describe(const std::optional<WatchEvent>& event) {
  return event ? event->type + " " + event->Name() : "end";
}

XEBEC_SIM_TEST(ApiWatch, EveryChangeAfterTheRevisionIsSeenInOrder) {
  Api api;
  const std::string from = api.Get(kConfigMaps).Revision();
  WatchStream watch = api.Watch(std::string(kConfigMaps) + "?resourceVersion=" + from);
  const Answer created = api.Post(kConfigMaps, ConfigMap("a"));
  const Answer changed = api.MergePatch(std::string(kConfigMaps) + "/a", {{"data", {{"x", "1"}}}});
  api.Post("/api/v1/namespaces/kube-system/configmaps", ConfigMap("other"));
  api.Delete(std::string(kConfigMaps) + "/a");
  const auto added = watch.Next();
  EXPECT_EQ(Describe(added), "ADDED a");
  EXPECT_EQ(added->object, created.body);
  const auto modified = watch.Next();
  EXPECT_EQ(Describe(modified), "MODIFIED a");
  EXPECT_EQ(modified->Revision(), changed.Revision());
  const auto deleted = watch.Next();
  EXPECT_EQ(Describe(deleted), "DELETED a");
  EXPECT_EQ(deleted->Revision(), std::to_string(api.server().Revision()));
  EXPECT_EQ(deleted->object["data"]["x"], "1") << "the last content";
}

XEBEC_SIM_TEST(ApiWatch, WithoutARevisionItBeginsWithWhatThereIs) {
  Api api;
  api.Post(kConfigMaps, ConfigMap("a"));
  api.Post(kConfigMaps, ConfigMap("b"));
  WatchStream watch = api.Watch(kConfigMaps);
  EXPECT_EQ(Describe(watch.Next()), "ADDED a");
  EXPECT_EQ(Describe(watch.Next()), "ADDED b");
  api.Delete(std::string(kConfigMaps) + "/a");
  EXPECT_EQ(Describe(watch.Next()), "DELETED a");
}

XEBEC_SIM_TEST(ApiWatch, InitialEventsEndWithAnAnnotatedBookmark) {
  Api api;
  api.Post(kConfigMaps, ConfigMap("a"));
  const std::string query =
      "?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  WatchStream watch = api.Watch(std::string(kConfigMaps) + query);
  EXPECT_EQ(Describe(watch.Next()), "ADDED a");
  const auto bookmark = watch.Next();
  ASSERT_TRUE(bookmark);
  EXPECT_EQ(bookmark->type, "BOOKMARK");
  EXPECT_EQ(bookmark->object["kind"], "ConfigMap");
  EXPECT_EQ(bookmark->object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(bookmark->Revision(), std::to_string(api.server().Revision()));
  api.Post(kConfigMaps, ConfigMap("b"));
  EXPECT_EQ(Describe(watch.Next()), "ADDED b");
  EXPECT_EQ(api.Get(std::string(kConfigMaps) + "?watch=1&sendInitialEvents=true").status, 422);
  EXPECT_EQ(api.Get(std::string(kConfigMaps) + "?watch=1&resourceVersionMatch=Exact").status, 422);
}

XEBEC_SIM_TEST(ApiWatch, AnObjectThatEntersOrLeavesTheSelectorIsAddedOrDeleted) {
  Api api;
  const std::string a = std::string(kConfigMaps) + "/a";
  const std::string from = api.Post(kConfigMaps, ConfigMap("a")).Revision();
  WatchStream watch =
      api.Watch(std::string(kConfigMaps) + "?labelSelector=on%3Dyes&resourceVersion=" + from);
  api.MergePatch(a, {{"data", {{"x", "0"}}}});  // unseen
  api.MergePatch(a, {{"metadata", {{"labels", {{"on", "yes"}}}}}});
  EXPECT_EQ(Describe(watch.Next()), "ADDED a");
  api.MergePatch(a, {{"data", {{"x", "1"}}}});
  EXPECT_EQ(Describe(watch.Next()), "MODIFIED a");
  const Answer left =
      api.MergePatch(a, {{"metadata", {{"labels", {{"on", "no"}}}}}, {"data", {{"x", "2"}}}});
  const auto deleted = watch.Next();
  EXPECT_EQ(Describe(deleted), "DELETED a");
  EXPECT_EQ(deleted->Revision(), left.Revision());
  EXPECT_EQ(deleted->object["data"]["x"], "1") << "as it was when it last matched";
}

XEBEC_SIM_TEST(ApiWatch, ItEndsAtItsTimeoutWithABookmark) {
  Api api;
  const int64_t start = runtime::NanoTime();
  WatchStream watch =
      api.Watch(std::string(kConfigMaps) + "?timeoutSeconds=5&allowWatchBookmarks=true");
  api.Post("/api/v1/namespaces/kube-system/configmaps", ConfigMap("elsewhere"));
  const auto bookmark = watch.Next();
  ASSERT_TRUE(bookmark);
  EXPECT_EQ(bookmark->type, "BOOKMARK");
  EXPECT_EQ(bookmark->Revision(), std::to_string(api.server().Revision()));
  EXPECT_FALSE(watch.Next().has_value());
  EXPECT_FALSE(watch.was_cut());
  const int64_t lasted = runtime::NanoTime() - start;
  EXPECT_GE(lasted, 5'000'000'000);
  EXPECT_LT(lasted, 6'000'000'000);
}

XEBEC_SIM_TEST(ApiWatch, BookmarksComeEachMinute) {
  Api api;
  WatchStream watch = api.Watch(std::string(kPods) + "?allowWatchBookmarks=true");
  const int64_t start = runtime::NanoTime();
  EXPECT_EQ(watch.Next()->type, "BOOKMARK");
  EXPECT_EQ(watch.Next()->type, "BOOKMARK");
  EXPECT_NEAR(static_cast<double>(runtime::NanoTime() - start), 120e9, 2e9);
}

XEBEC_SIM_TEST(ApiWatch, ARevisionThatIsForgottenIsExpired) {
  Api api;
  api.Post(kConfigMaps, ConfigMap("a"));
  const std::string old = api.Get(kConfigMaps).Revision();
  api.Post(kConfigMaps, ConfigMap("b"));
  api.server().CompactLog();
  WatchStream watch = api.Watch(std::string(kConfigMaps) + "?resourceVersion=" + old);
  EXPECT_EQ(watch.status(), 200);
  const auto error = watch.Next();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->type, "ERROR");
  EXPECT_EQ(error->object["code"], 410);
  EXPECT_EQ(error->object["reason"], "Expired");
  EXPECT_FALSE(watch.Next().has_value());
  EXPECT_EQ(api.Get(std::string(kConfigMaps) + "/a").status, 200) << "nothing else is lost";
}

XEBEC_SIM_TEST(ApiWatch, ASlowWatcherIsCutWith410AndTheStateIsKept) {
  Options options;
  options.log_max_events = 20;
  Api api(options);
  const Json big = {{"x", std::string(32 << 10, 'x')}};
  const std::string from = api.Get(kConfigMaps).Revision();
  WatchStream slow = api.Watch(std::string(kConfigMaps) + "?resourceVersion=" + from);
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(api.Post(kConfigMaps, ConfigMap("c" + std::to_string(i), big)).status, 201);
  }
  int seen = 0;
  std::optional<WatchEvent> event;
  while ((event = slow.Next()) && event->type == "ADDED") {
    EXPECT_EQ(event->Name(), "c" + std::to_string(seen++)) << "in order, none twice";
  }
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "ERROR");
  EXPECT_EQ(event->object["code"], 410);
  EXPECT_LT(seen, 60);
  EXPECT_EQ(api.Get(kConfigMaps).body["items"].size(), 60u);
}

XEBEC_SIM_TEST(ApiWatch, APodIsSeenDeletingBeforeItIsDeleted) {
  Api api;
  const std::string from = api.Post(kPods, Pod("a")).Revision();
  WatchStream watch = api.Watch(std::string(kPods) + "?resourceVersion=" + from);
  const Answer deleted = api.Delete(std::string(kPods) + "/a", {{"gracePeriodSeconds", 0}});
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body["kind"], "Pod") << "pods answer with the object";
  const auto modified = watch.Next();
  EXPECT_EQ(Describe(modified), "MODIFIED a");
  EXPECT_TRUE(modified->object["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(Describe(watch.Next()), "DELETED a");
}

XEBEC_SIM_TEST(ApiWatch, OneObjectIsWatchedByItsName) {
  Api api;
  WatchStream watch =
      api.Watch(std::string(kConfigMaps) + "?fieldSelector=metadata.name%3Db&timeoutSeconds=5");
  for (const char* name : {"a", "b", "c"}) api.Post(kConfigMaps, ConfigMap(name));
  EXPECT_EQ(Describe(watch.Next()), "ADDED b");
  EXPECT_EQ(Describe(watch.Next()), "end");
}

XEBEC_TEST(ApiWatch, StoppingTheServerEndsTheWatches) {
  auto api = std::make_unique<Api>();
  WatchStream watch = api->Watch(kConfigMaps);
  api->server().Stop();
  EXPECT_FALSE(watch.Next().has_value());
  const Result<Answer> after = api->Try("GET", kConfigMaps);
  EXPECT_FALSE(after.ok()) << "nobody answers any more";
}

XEBEC_TEST(ApiWatch, FiftyFibersLoseNoUpdateAndAWatchSeesEachOnce) {
  constexpr int kFibers = 50, kEach = 4;
  Api api;
  const std::string path = std::string(kConfigMaps) + "/counter";
  const std::string from = api.Post(kConfigMaps, ConfigMap("counter", {{"n", "0"}})).Revision();
  WatchStream watch = api.Watch(std::string(kConfigMaps) + "?resourceVersion=" + from);
  runtime::WaitGroup done;
  std::atomic<int> conflicts{0};
  for (int i = 0; i < kFibers; ++i) {
    done.Go([&] {
      for (int n = 0; n < kEach;) {
        Json object = api.Get(path).body;
        const int value = std::stoi(object["data"]["n"].get<std::string>());
        object["data"]["n"] = std::to_string(value + 1);
        const Answer answer = api.Put(path, object);
        if (answer.status == 200) {
          ++n;
        } else {
          ASSERT_EQ(answer.status, 409) << answer.body;
          conflicts.fetch_add(1);
        }
      }
    });
  }
  std::string last = from;
  for (int i = 1; i <= kFibers * kEach; ++i) {
    const auto event = watch.Next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->object["data"]["n"], std::to_string(i));
    EXPECT_EQ(std::stoull(event->Revision()), std::stoull(last) + 1);
    last = event->Revision();
  }
  done.Wait();
  EXPECT_EQ(api.Get(path).body["data"]["n"], std::to_string(kFibers * kEach));
}

}  // namespace
}  // namespace xebec::apiserver::testing
