#include "informer/shared_informer.h"

#include <gtest/gtest.h>

#include "runtime/panic.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "scripted_source.h"

namespace xebec::informer {
namespace {

using runtime::testing::WaitUntilAllBlocked;
using Strings = std::vector<std::string>;

std::string Name(const object::Object& o) {
  return fmt::format("{}@{}", o.name(), o.resource_version());
}

class Recorder final : public EventHandler {
 public:
  void OnAdd(const object::Object& o, bool initial) override {
    if (o.name() == panic_at) runtime::ThrowPanic("a handler's bug");
    told.push_back((initial ? "initial " : "add ") + Name(o));
  }
  void OnUpdate(const object::Object& old_object, const object::Object& new_object) override {
    told.push_back("update " + Name(old_object) + " to " + Name(new_object));
  }
  void OnDelete(const object::Object& o, bool unknown) override {
    told.push_back((unknown ? "missed delete " : "delete ") + Name(o));
  }
  Strings told;
  std::string panic_at;
};

struct Fixture {
  explicit Fixture(InformerOptions options = {}) {
    options.metrics = &metrics;
    informer = std::make_unique<SharedIndexInformer>(source, options);
    std::tie(ctx, cancel) = Context::WithCancel(Context::Background());
  }
  void Start() {
    running.Go([this] { informer->Run(ctx); });
    WaitUntilAllBlocked();
  }
  ~Fixture() {
    cancel();
    running.Wait();
  }
  runtime::Metrics metrics;
  std::shared_ptr<ScriptedSource> source = std::make_shared<ScriptedSource>();
  std::unique_ptr<SharedIndexInformer> informer;
  Context ctx;
  CancelFunc cancel;
  runtime::WaitGroup running;
};

XEBEC_SIM_TEST(SharedInformer, TellsEachHandlerTheHistoryInOrder) {
  Fixture f;
  f.source->WillList({MakeObject("a", 1)}, 5);
  auto watch = f.source->WillWatch();
  auto first = std::make_shared<Recorder>(), second = std::make_shared<Recorder>();
  auto registration = f.informer->AddEventHandler(first);
  f.informer->AddEventHandler(second);
  EXPECT_FALSE(registration.HasSynced());
  f.Start();
  EXPECT_TRUE(registration.HasSynced());
  EXPECT_TRUE(f.informer->HasSynced());
  watch.Send(Added(MakeObject("b", 6)));
  watch.Send(Modified(MakeObject("b", 7)));
  watch.Send(Deleted(MakeObject("a", 8)));
  WaitUntilAllBlocked();
  const Strings expected{"initial a@1", "add b@6", "update b@6 to b@7", "delete a@8"};
  EXPECT_EQ(first->told, expected);
  EXPECT_EQ(second->told, expected);
  EXPECT_EQ(f.informer->indexer().ResourceVersion(), "8");
}

XEBEC_SIM_TEST(SharedInformer, TellsALateHandlerOfAllThatTheCacheHolds) {
  Fixture f;
  f.source->WillList({MakeObject("a", 1)}, 5);
  auto watch = f.source->WillWatch();
  f.Start();
  watch.Send(Added(MakeObject("b", 6)));
  WaitUntilAllBlocked();
  auto late = std::make_shared<Recorder>();
  auto registration = f.informer->AddEventHandler(late);
  watch.Send(Modified(MakeObject("a", 7)));
  ASSERT_TRUE(registration.WaitForSync(f.ctx).ok());
  WaitUntilAllBlocked();
  ASSERT_EQ(late->told.size(), 3u);
  std::sort(late->told.begin(), late->told.begin() + 2);
  EXPECT_EQ(late->told, (Strings{"initial a@1", "initial b@6", "update a@1 to a@7"}));
}

XEBEC_SIM_TEST(SharedInformer, FindsWhatARelistChangedAndDeletesFirst) {
  Fixture f;
  f.source->WillList({MakeObject("a", 1), MakeObject("b", 2), MakeObject("c", 3)}, 5);
  auto watch = f.source->WillWatch();
  auto handler = std::make_shared<Recorder>();
  f.informer->AddEventHandler(handler);
  f.Start();
  handler->told.clear();
  f.source->WillList({MakeObject("b", 2), MakeObject("c", 9, "another"), MakeObject("d", 8)}, 20);
  f.source->WillWatch();
  watch.Send(Error::Expired("gone"));
  WaitUntilAllBlocked();
  EXPECT_EQ(handler->told, (Strings{"missed delete a@1", "update c@3 to c@9", "add d@8"}));
}

XEBEC_SIM_TEST(SharedInformer, SkipsTheEventWhoseHandlerPanicsAndCountsIt) {
  Fixture f;
  f.source->WillList({MakeObject("bad", 1), MakeObject("good", 2)}, 5);
  f.source->WillWatch();
  auto handler = std::make_shared<Recorder>();
  handler->panic_at = "bad";
  f.informer->AddEventHandler(handler);
  f.Start();
  EXPECT_EQ(handler->told, (Strings{"initial good@2"}));
  EXPECT_EQ(f.metrics.GetCounter("xebec_informer_handler_panics_total", "", {{"informer", "pods"}})
                .Value(),
            1);
}

XEBEC_SIM_TEST(SharedInformer, ResyncsOnlyTheHandlersThatAskForIt) {
  Fixture f;
  f.source->WillList({MakeObject("a", 1)}, 5);
  f.source->WillWatch();
  auto plain = std::make_shared<Recorder>(), resyncing = std::make_shared<Recorder>();
  f.informer->AddEventHandler(plain);
  f.informer->AddEventHandler(resyncing, std::chrono::seconds(10));
  f.Start();
  (void)SleepFor(f.ctx, std::chrono::seconds(25));
  EXPECT_EQ(plain->told, (Strings{"initial a@1"}));
  EXPECT_EQ(resyncing->told, (Strings{"initial a@1", "update a@1 to a@1", "update a@1 to a@1"}));
}

XEBEC_SIM_TEST(SharedInformer, TellsARemovedHandlerNothingMore) {
  Fixture f;
  f.source->WillList({}, 5);
  auto watch = f.source->WillWatch();
  auto handler = std::make_shared<Recorder>();
  auto registration = f.informer->AddEventHandler(handler);
  f.Start();
  f.informer->RemoveEventHandler(registration);
  f.informer->RemoveEventHandler(registration);
  watch.Send(Added(MakeObject("a", 6)));
  WaitUntilAllBlocked();
  EXPECT_TRUE(handler->told.empty());
}

XEBEC_SIM_TEST(SharedInformer, StoresWhatTheTransformMakes) {
  Fixture f({.transform = [](object::Object o) {
    return MakeObject(std::string(o.name()), 1, "u", "transformed");
  }});
  f.source->WillList({MakeObject("a", 1)}, 5);
  f.source->WillWatch();
  f.Start();
  EXPECT_EQ(f.informer->indexer().Get({"default", "a"}).metadata().Label("team"), "transformed");
}

XEBEC_SIM_TEST(SharedInformer, GivesUpWaitingForItsCacheWhenTheContextEnds) {
  Fixture f;
  f.Start();
  auto [ctx, cancel] = Context::WithTimeout(f.ctx, std::chrono::seconds(3));
  auto synced = f.informer->WaitForSync(ctx);
  ASSERT_FALSE(synced.ok());
  EXPECT_TRUE(IsDeadlineExceeded(synced.error()));
  EXPECT_NE(synced.error().message.find("pods"), std::string::npos);
}

}  // namespace
}  // namespace xebec::informer
