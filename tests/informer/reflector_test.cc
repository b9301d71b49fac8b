#include "informer/reflector.h"

#include <gtest/gtest.h>

#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "scripted_source.h"

namespace xebec::informer {
namespace {

using runtime::testing::WaitUntilAllBlocked;
using Strings = std::vector<std::string>;

// What the reflector told, as text: "replace a@1 b@2 at 5", "store a@6", "delete a@7", "at 8".
class RecordingSink final : public ReflectorSink {
 public:
  void Replace(std::vector<object::Object> objects, const std::string& version) override {
    std::string line = "replace";
    for (const auto& o : objects) line += " " + Name(o);
    told.push_back(line + " at " + version);
  }
  void Store(object::Object object) override { told.push_back("store " + Name(object)); }
  void Delete(const object::Object& object) override { told.push_back("delete " + Name(object)); }
  void Reached(const std::string& version) override { told.push_back("at " + version); }

  Strings told;

 private:
  static std::string Name(const object::Object& o) {
    return fmt::format("{}@{}", o.name(), o.resource_version());
  }
};

struct Fixture {
  Fixture() { cancelable = Context::WithCancel(Context::Background()); }
  void Start() {
    reflector = std::make_unique<Reflector>(source, sink, ReflectorOptions{.metrics = &metrics});
    running.Go([this] { reflector->Run(cancelable.first); });
    WaitUntilAllBlocked();
  }
  ~Fixture() {
    cancelable.second();
    running.Wait();
  }

  runtime::Metrics metrics;
  std::shared_ptr<ScriptedSource> source = std::make_shared<ScriptedSource>();
  RecordingSink sink;
  std::unique_ptr<Reflector> reflector;
  std::pair<Context, CancelFunc> cancelable;
  runtime::WaitGroup running;
};

XEBEC_SIM_TEST(Reflector, ListsThenWatchesFromTheListsVersion) {
  Fixture f;
  f.source->WillList({MakeObject("a", 3)}, 5);
  auto watch = f.source->WillWatch();
  f.Start();
  watch.Send(Added(MakeObject("b", 6)));
  watch.Send(Modified(MakeObject("a", 7)));
  watch.Send(Deleted(MakeObject("b", 8)));
  watch.Send(Bookmark(20));
  WaitUntilAllBlocked();
  EXPECT_EQ(f.sink.told, (Strings{"replace a@3 at 5", "store b@6", "at 6", "store a@7", "at 7",
                                  "delete b@8", "at 8", "at 20"}));
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5"}));
  EXPECT_EQ(f.reflector->state(), Reflector::State::kWatching);
}

XEBEC_SIM_TEST(Reflector, WatchesOnFromTheLastBookmarkWhenTheServerEndsTheWatch) {
  Fixture f;
  f.source->WillList({}, 5);
  auto watch = f.source->WillWatch();
  f.source->WillWatch();
  f.Start();
  watch.Send(Bookmark(9));
  watch.Close();
  WaitUntilAllBlocked();
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5", "watch 9"}));
}

XEBEC_SIM_TEST(Reflector, ListsAgainAtTheLastVersionWhenTheWatchsVersionIsGone) {
  Fixture f;
  f.source->WillList({}, 5);
  auto watch = f.source->WillWatch();
  f.source->WillList({MakeObject("a", 6)}, 30);
  f.source->WillWatch();
  f.Start();
  watch.Send(Bookmark(9));
  watch.Send(Error::Expired("too old resource version"));
  WaitUntilAllBlocked();
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5", "list 9", "watch 30"}));
}

XEBEC_SIM_TEST(Reflector, ListsTheNewestStateAtOnceWhenTheVersionOfAListIsGone) {
  Fixture f;
  f.source->WillList({}, 5);
  f.source->WillFailWatch(Error::Expired("gone"));
  f.source->WillFailList(Error::Expired("gone"));
  f.source->WillList({}, 40);
  f.source->WillWatch();
  const int64_t start = runtime::NanoTime();
  f.Start();
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5", "list 5", "list ", "watch 40"}));
  EXPECT_EQ(runtime::NanoTime(), start) << "an expired version asks for no wait";
}

XEBEC_SIM_TEST(Reflector, WaitsAndWatchesAgainWithoutAListWhenRefusedOrThrottled) {
  Fixture f;
  f.source->WillList({}, 5);
  f.source->WillFailWatch(Error::Unreachable("connection refused"));
  f.source->WillFailWatch(Error::TooManyRequests("slow down"));
  auto watch = f.source->WillWatch();
  f.source->WillWatch();
  const int64_t start = runtime::NanoTime();
  f.Start();
  (void)SleepFor(Context::Background(), std::chrono::seconds(10));
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5", "watch 5", "watch 5"}));
  EXPECT_GE(runtime::NanoTime() - start, 2'400'000'000) << "0.8 s, then 1.6 s";
  watch.Send(Bookmark(6));
  watch.Send(Error::Unreachable("connection reset"));
  (void)SleepFor(Context::Background(), std::chrono::seconds(60));
  EXPECT_EQ(f.source->Asked().back(), "watch 6");
}

XEBEC_SIM_TEST(Reflector, StepsOverAnUnreadableEventByAListAfterThreeTries) {
  Fixture f;
  f.source->WillList({MakeObject("a", 1)}, 5);
  for (int i = 0; i < 3; ++i)
    f.source->WillWatch().Send(Error::InvalidInput("truncated JSON at byte 17"));
  f.source->WillList({MakeObject("a", 1)}, 9);
  f.source->WillWatch();
  f.Start();
  (void)SleepFor(Context::Background(), std::chrono::minutes(1));
  EXPECT_EQ(f.source->Asked(),
            (Strings{"list 0", "watch 5", "watch 5", "watch 5", "list 5", "watch 9"}));
  EXPECT_EQ(f.sink.told, (Strings{"replace a@1 at 5", "replace a@1 at 9"}))
      << "nothing cached is lost meanwhile";
}

XEBEC_SIM_TEST(Reflector, WaitsAfterAVeryShortWatch) {
  Fixture f;
  f.source->WillList({}, 5);
  f.source->WillWatch().Close();
  f.source->WillWatch();
  f.Start();
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5"}));
  EXPECT_EQ(f.reflector->state(), Reflector::State::kBackingOff);
  (void)SleepFor(Context::Background(), std::chrono::seconds(2));
  EXPECT_EQ(f.source->Asked(), (Strings{"list 0", "watch 5", "watch 5"}));
}

XEBEC_SIM_TEST(Reflector, KeepsListingUntilTheServerIsUp) {
  Fixture f;
  for (int i = 0; i < 6; ++i) f.source->WillFailList(Error::Unreachable("connection refused"));
  f.source->WillList({}, 5);
  f.source->WillWatch();
  f.Start();
  (void)SleepFor(Context::Background(), std::chrono::minutes(3));
  EXPECT_EQ(f.reflector->lists(), 7u);
  EXPECT_EQ(f.reflector->state(), Reflector::State::kWatching);
}

XEBEC_SIM_TEST(Backoff, DoublesWithJitterUpToItsCapAndBeginsAnewAfterAQuietTime) {
  Backoff backoff;
  std::chrono::nanoseconds base = std::chrono::milliseconds(800);
  for (int i = 0; i < 12; ++i) {
    const auto wait = backoff.Next();
    EXPECT_GE(wait, std::min<std::chrono::nanoseconds>(base, std::chrono::seconds(30)));
    EXPECT_LE(wait, std::min<std::chrono::nanoseconds>(2 * base, std::chrono::seconds(30)));
    base = std::min<std::chrono::nanoseconds>(base * 2, std::chrono::seconds(30));
  }
  (void)SleepFor(Context::Background(), std::chrono::minutes(3));
  EXPECT_LE(backoff.Next(), std::chrono::milliseconds(1600));
}

}  // namespace
}  // namespace xebec::informer
