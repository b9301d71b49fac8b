// The client against the embedded server, in process and over TCP: every verb, the way a program
// uses it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "apiserver/apiserver.h"
#include "client/batch.h"
#include "client/client.h"
#include "client/helpers.h"
#include "client/pod_client.h"
#include "client/rest_mapper.h"
#include "object/api/core/v1.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::client {
namespace {

using namespace std::chrono_literals;
using api::core::v1::ConfigMap;
using api::core::v1::Pod;
using object::Object;

ConfigMap MapNamed(const std::string& name, const std::string& value = "1") {
  return ConfigMap(object::Builder(object::KindOf<ConfigMap>())
                       .SetNamespace("default")
                       .SetName(name)
                       .SetLabel("app", "test")
                       .Set({"data", "key"}, value)
                       .Build());
}

Pod PodNamed(const std::string& name) {
  object::Builder builder(object::KindOf<Pod>());
  builder.SetNamespace("default").SetName(name);
  const auto container = builder.slot()["spec"]["containers"].Append();
  container.Set("name", "main");
  container.Set("image", "busybox");
  return Pod(builder.Build());
}

// One body over pipes in virtual time, and over TCP.
void EveryVerb(const Client& client) {
  const Context ctx;
  const NamespacedName key{"default", "a"};
  EXPECT_TRUE(IsNotFound(client.Get<ConfigMap>(ctx, key).error()));
  auto created = client.Create(ctx, MapNamed("a"));
  ASSERT_TRUE(created.ok()) << created.error().ToString();
  EXPECT_FALSE(created->uid().empty());
  EXPECT_TRUE(IsAlreadyExists(client.Create(ctx, MapNamed("a")).error()));

  auto got = client.Get<ConfigMap>(ctx, key);
  ASSERT_TRUE(got.ok()) << got.error().ToString();
  EXPECT_EQ(*got, *created);

  auto dry = client.Create(ctx, MapNamed("dry"), {.dry_run = true});
  EXPECT_TRUE(dry.ok());
  EXPECT_TRUE(IsNotFound(client.Get<ConfigMap>(ctx, {"default", "dry"}).error()));

  const ConfigMap changed(got->object().Edit().Set({"data", "key"}, "2").Build());
  auto updated = client.Update(ctx, changed);
  ASSERT_TRUE(updated.ok()) << updated.error().ToString();
  EXPECT_EQ((*updated)["data"]["key"].AsString(), "2");
  EXPECT_TRUE(IsConflict(client.Update(ctx, changed).error())) << "it names the old version";

  auto patched = client.Patch<ConfigMap>(ctx, key, PatchType::kMerge, R"({"data":{"key":"3"}})");
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  EXPECT_EQ((*patched)["data"]["key"].AsString(), "3");
  patched = client.Patch<ConfigMap>(ctx, key, PatchType::kJson,
                                    R"([{"op":"replace","path":"/data/key","value":"4"}])");
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  patched =
      client.Patch<ConfigMap>(ctx, key, PatchType::kStrategicMerge, R"({"data":{"more":"5"}})");
  ASSERT_TRUE(patched.ok()) << patched.error().ToString();
  EXPECT_EQ((*patched)["data"]["key"].AsString(), "4");
  EXPECT_EQ((*patched)["data"]["more"].AsString(), "5");

  ASSERT_TRUE(client.Create(ctx, MapNamed("b")).ok());
  auto list = client.List<ConfigMap>(ctx, {.ns = "default", .label_selector = "app=test"});
  ASSERT_TRUE(list.ok()) << list.error().ToString();
  EXPECT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].object().kind(), "ConfigMap");

  EXPECT_TRUE(IsConflict(client.Delete<ConfigMap>(ctx, key, {.uid = "another"}).error()));
  EXPECT_TRUE(client.Delete<ConfigMap>(ctx, key, {.uid = std::string(patched->uid())}).ok());
  EXPECT_TRUE(IsNotFound(client.Delete<ConfigMap>(ctx, key).error()));
  EXPECT_TRUE(
      client.DeleteAll<ConfigMap>(ctx, {.ns = "default", .label_selector = "app=test"}).ok());
  EXPECT_EQ(client.List<ConfigMap>(ctx, {.ns = "default", .label_selector = "app=test"})->size(),
            0u);

  auto pod = client.Create(ctx, PodNamed("p"));
  ASSERT_TRUE(pod.ok()) << pod.error().ToString();
  const Pod running(pod->object().Edit().Set({"status", "phase"}, "Running").Build());
  auto status = client.UpdateStatus(ctx, running);
  ASSERT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_TRUE(PodIsRunning(status->object()));
  auto invalid = client.Create(ctx, Pod(object::Builder(object::KindOf<Pod>())
                                            .SetNamespace("default")
                                            .SetName("Not_A_Name")
                                            .Build()));
  ASSERT_FALSE(invalid.ok());
  EXPECT_TRUE(IsInvalid(invalid.error())) << invalid.error().ToString();
  ASSERT_FALSE(invalid.error().details.causes.empty());
  EXPECT_EQ(invalid.error().details.causes[0].field, "metadata.name");
}

XEBEC_SIM_TEST(Embedded, EveryVerbWorksInProcess) {
  apiserver::Server server;
  EveryVerb(Client(server.InProcessTransport()));
}

XEBEC_TEST(Embedded, EveryVerbWorksOverTcpWithItsKubeconfig) {
  apiserver::Server server;
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  auto config = Config::FromKubeconfig(server.Kubeconfig(), "embedded");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EveryVerb(Client(*config));
}

XEBEC_SIM_TEST(Embedded, PagesAreFollowedAndSurviveCompaction) {
  apiserver::Server server;
  const Client client(server.InProcessTransport());
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(client.Create({}, MapNamed(fmt::format("m{:02}", i))).ok());
  }
  auto all =
      client.ListAll<ConfigMap>({}, {.ns = "default", .label_selector = "app=test", .limit = 10});
  ASSERT_TRUE(all.ok()) << all.error().ToString();
  ASSERT_EQ(all->size(), 25u);
  for (size_t i = 0; i < 25; ++i) EXPECT_EQ((*all)[i].name(), fmt::format("m{:02}", i));

  // The log is compacted while the second page is fetched: the pager starts over with one full
  // list.
  int pages = 0;
  std::vector<std::string> seen;
  ListOptions options{.ns = "default", .label_selector = "app=test", .limit = 10};
  auto walked = client.ResourceOf<ConfigMap>().ListPages(
      {}, options, [&](object::List<Object> page, bool restarted) -> Result<void> {
        if (restarted) seen.clear();
        for (const Object& item : page) seen.emplace_back(item.name());
        if (++pages == 1) {
          EXPECT_TRUE(client.Create({}, MapNamed("zz")).ok());
          server.CompactLog();
        }
        return {};
      });
  ASSERT_TRUE(walked.ok()) << walked.error().ToString();
  ASSERT_EQ(seen.size(), 26u);
  EXPECT_EQ(seen.back(), "zz");
  EXPECT_EQ(pages, 2);
}

XEBEC_SIM_TEST(Embedded, AWatchSeesWhatHappensAndGoesOnFromAVersion) {
  apiserver::Server server;
  const Client client(server.InProcessTransport());
  auto list = client.List<ConfigMap>({}, {.ns = "default"});
  ASSERT_TRUE(list.ok());
  std::string rv;
  {
    auto watch = client.Watch<ConfigMap>(
        {}, {.ns = "default", .resource_version = list->resource_version()});
    ASSERT_TRUE(watch.ok()) << watch.error().ToString();
    runtime::WaitGroup writer;
    writer.Go([&] {
      EXPECT_TRUE(client.Create({}, MapNamed("a")).ok());
      EXPECT_TRUE(
          client
              .Patch<ConfigMap>({}, {"default", "a"}, PatchType::kMerge, R"({"data":{"key":"2"}})")
              .ok());
    });
    auto added = watch->Next();
    ASSERT_TRUE(added && added->ok());
    EXPECT_EQ((*added)->type, EventType::kAdded);
    EXPECT_EQ((*added)->object.name(), "a");
    EXPECT_EQ((*added)->object.object().kind(), "ConfigMap");
    auto modified = watch->Next();
    ASSERT_TRUE(modified && modified->ok());
    EXPECT_EQ((*modified)->type, EventType::kModified);
    rv = std::string((*modified)->object.resource_version());
    writer.Wait();
  }
  ASSERT_TRUE(client.Delete<ConfigMap>({}, {"default", "a"}).ok());
  auto watch = client.Watch<ConfigMap>({}, {.ns = "default", .resource_version = rv});
  ASSERT_TRUE(watch.ok());
  auto deleted = watch->Next();
  ASSERT_TRUE(deleted && deleted->ok());
  EXPECT_EQ((*deleted)->type, EventType::kDeleted);
  auto bookmark = watch->Next();
  ASSERT_TRUE(bookmark && bookmark->ok()) << (bookmark ? bookmark->error().ToString() : "end");
  EXPECT_EQ((*bookmark)->type, EventType::kBookmark);
  EXPECT_FALSE((*bookmark)->object.resource_version().empty());

  ASSERT_TRUE(client.Create({}, MapNamed("b")).ok());
  server.CompactLog();
  auto old = client.Watch<ConfigMap>({}, {.ns = "default", .resource_version = rv});
  if (old.ok()) {
    auto event = old->Next();
    ASSERT_TRUE(event && !event->ok());
    EXPECT_TRUE(IsExpired(event->error())) << event->error().ToString();
  } else {
    EXPECT_TRUE(IsExpired(old.error())) << old.error().ToString();
  }
}

// Marks pods Running a while after they appear, but those named "fails…" never; `pods` of them.
void Kubelet(const Client& client, const Context& ctx) {
  auto watch = client.Watch<Pod>(ctx, {.ns = "default", .resource_version = ""});
  ASSERT_TRUE(watch.ok()) << watch.error().ToString();
  while (auto event = watch->Next()) {
    if (!event->ok() || (*event)->type != EventType::kAdded) continue;
    const Pod pod = (*event)->object;
    if (pod.name().starts_with("fails")) continue;
    runtime::Go([client, ctx, key = pod.key()] {
      if (!SleepFor(ctx, std::chrono::milliseconds(100 + key.name.size() * 100)).ok()) return;
      (void)client.PatchStatus<Pod>(ctx, key, PatchType::kMerge,
                                    R"({"status":{"phase":"Running"}})");
    });
  }
}

XEBEC_SIM_TEST(CreateBatchEmbedded, PodsAreCreatedAtOnceAndWaitedForInOrder) {
  apiserver::Server server;
  const Client client(server.InProcessTransport());
  auto [ctx, cancel] = Context::WithCancel({});
  runtime::WaitGroup kubelet;
  kubelet.Go([&, ctx = ctx] { Kubelet(client, ctx); });

  ASSERT_TRUE(client.Create({}, PodNamed("taken")).ok());
  std::vector<Pod> pods;
  for (int i = 0; i < 30; ++i) pods.push_back(PodNamed(fmt::format("p{}", i)));
  pods.insert(pods.begin() + 4, PodNamed("taken"));
  pods.insert(pods.begin() + 9, PodNamed("fails-to-start"));
  BatchOptions options;
  options.poll.timeout = 20s;
  const auto results = PodClient(client, "default").CreateBatch(ctx, pods, options);
  ASSERT_EQ(results.size(), pods.size());
  for (size_t i = 0; i < results.size(); ++i) {
    if (i == 4) {
      EXPECT_TRUE(IsAlreadyExists(results[i].error()));
    } else if (i == 9) {
      EXPECT_TRUE(IsDeadlineExceeded(results[i].error()));
    } else {
      ASSERT_TRUE(results[i].ok()) << results[i].error().ToString();
      EXPECT_EQ(results[i]->name(), pods[i].name());
      EXPECT_TRUE(PodIsRunning(results[i]->object()));
    }
  }
  cancel();
  kubelet.Wait();
}

XEBEC_SIM_TEST(Embedded, HelpersWorkOnARealStore) {
  apiserver::Server server;
  const Client client(server.InProcessTransport());
  const NamespacedName key{"default", "a"};
  // Ten writers of one counter: each retries until its increment is in.
  ASSERT_TRUE(client.Create({}, MapNamed("a", "0")).ok());
  runtime::WaitGroup writers;
  for (int i = 0; i < 10; ++i) {
    writers.Go([&] {
      auto done = RetryOnConflict(
          {},
          [&]() -> Result<ConfigMap> {
            XEBEC_ASSIGN_OR_RETURN(auto map, client.Get<ConfigMap>({}, key));
            const int value = std::stoi(std::string(map["data"]["key"].AsString()));
            return client.Update(
                {},
                ConfigMap(
                    map.object().Edit().Set({"data", "key"}, std::to_string(value + 1)).Build()));
          },
          Backoff{.steps = 50});
      EXPECT_TRUE(done.ok()) << done.error().ToString();
    });
  }
  writers.Wait();
  EXPECT_EQ((*client.Get<ConfigMap>({}, key))["data"]["key"].AsString(), "10");

  auto map = client.Get<ConfigMap>({}, key);
  auto guarded = AddFinalizer({}, client, *map, "example.com/guard");
  ASSERT_TRUE(guarded.ok()) << guarded.error().ToString();
  EXPECT_TRUE(IsConflict(AddFinalizer({}, client, *map, "example.com/other").error()));
  ASSERT_TRUE(client.Delete<ConfigMap>({}, key).ok());
  runtime::WaitGroup waiter;
  waiter.Go([&] { EXPECT_TRUE(WaitForDeletion<ConfigMap>({}, client, key, 60s).ok()); });
  auto deleting = WaitFor<ConfigMap>({}, client, key,
                                     [](const ConfigMap& m) { return m.metadata().IsDeleting(); });
  ASSERT_TRUE(deleting.ok()) << deleting.error().ToString();
  auto removed = RemoveFinalizer({}, client, *deleting, "example.com/guard");
  ASSERT_TRUE(removed.ok()) << removed.error().ToString();
  waiter.Wait();

  const auto set = [](object::Builder& builder) -> Result<void> {
    builder.Set({"data", "key"}, "x");
    return {};
  };
  EXPECT_EQ(CreateOrUpdate<ConfigMap>({}, client, {"default", "c"}, set)->second,
            Changed::kCreated);
  EXPECT_EQ(CreateOrUpdate<ConfigMap>({}, client, {"default", "c"}, set)->second, Changed::kNo);
  RestMapper mapper(client);
  auto resource = mapper.ResourceOf({}, MapNamed("c").object());
  ASSERT_TRUE(resource.ok()) << resource.error().ToString();
  EXPECT_TRUE(resource->Get({}, {"default", "c"}).ok());
}

XEBEC_SIM_TEST(Embedded, LostAnswersAreToldAndReadsAreBridged) {
  apiserver::Options options;
  options.faults = [](const apiserver::FaultPoint& point) {
    apiserver::Fault fault;
    if (point.verb == "create" && point.index == 0) fault.kind = apiserver::Fault::Kind::kDropAfter;
    if (point.verb == "get" && point.index < 2) fault.kind = apiserver::Fault::Kind::kDropBefore;
    if (point.verb == "update" && point.index == 0) {
      fault = apiserver::Fault::Status(503);
      fault.retry_after = 2s;
    }
    return fault;
  };
  apiserver::Server server(options);
  const Client client(server.InProcessTransport());
  auto created = client.Create({}, MapNamed("a"));
  ASSERT_FALSE(created.ok());
  EXPECT_TRUE(IsOutcomeUnknown(created.error())) << created.error().ToString();
  auto got = client.Get<ConfigMap>({}, {"default", "a"});
  ASSERT_TRUE(got.ok()) << "it was carried out: " << got.error().ToString();
  const int64_t start = runtime::NanoTime();
  EXPECT_TRUE(client.Update({}, *got).ok());
  EXPECT_GE(runtime::NanoTime() - start, 2'000'000'000);
}

}  // namespace
}  // namespace xebec::client
