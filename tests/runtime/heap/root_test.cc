#include "runtime/heap/root.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "heap_test_util.h"
#include "runtime/main.h"
#include "runtime/rand.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using testing::CollectElsewhere;
using testing::InFiber;
using testing::SettingsScope;

struct Value {
  uint64_t number = 0;
};

Root<Value> g_root;  // a global: constructed before the runtime runs

TEST(Root, WorksBeforeTheRuntimeRunsAndBetweenRuns) {
  Root<Value> empty;
  Root<Value> copy = empty;
  EXPECT_FALSE(copy);
  EXPECT_EQ(copy.get(), nullptr);
  runtime::RunScheduler([] {
    g_root = Make<Value>();
    g_root->number = 7;
  });
  Root<Value> second = g_root;  // on the main thread
  g_root = nullptr;
  runtime::RunScheduler([] { Collect(); });
  EXPECT_EQ(second->number, 7u);
}

XEBEC_TEST(Root, LivesInContainersAndIsCountedOut) {
  const uint64_t before = ReadStats().root_slots;
  {
    std::map<std::string, Root<Value>> map;
    for (int i = 0; i < 1000; ++i) {
      const Ref<Value> value = Make<Value>();
      value->number = static_cast<uint64_t>(i);
      map[std::to_string(i)] = value;
    }
    std::vector<Root<Value>> copies;
    for (auto& [key, root] : map) copies.push_back(root);
    EXPECT_EQ(ReadStats().root_slots, before + 2000);
    map.clear();
    CollectElsewhere();
    std::vector<Root<Value>> moved = std::move(copies);
    EXPECT_EQ(ReadStats().root_slots, before + 1000);
    for (auto& root : moved) ASSERT_LT(root->number, 1000u);
  }
  EXPECT_EQ(ReadStats().root_slots, before);
}

XEBEC_TEST(Root, AssignmentKeepsTheNewAndDropsTheOld) {
  Root<Value> root;
  Weak<Value> first, second;
  InFiber([&] {
    const Ref<Value> a = Make<Value>();
    const Ref<Value> b = Make<Value>();
    first = a;
    second = b;
    root = a;
    root = b;
  });
  CollectElsewhere();
  InFiber([&] {
    EXPECT_FALSE(first.Lock());
    EXPECT_TRUE(second.Lock());
  });
  root = nullptr;
  CollectElsewhere();
  InFiber([&] { EXPECT_FALSE(second.Lock()); });
}

// A foreign thread moves the only Root of each object from slot to slot by copies, while the
// world stops and marks. A mark that did not exclude it would lose some.
XEBEC_TEST(Root, CopiesOnAForeignThreadNeverLoseAnObjectToTheMarker) {
  SettingsScope clobber([](auto& s) { s.clobber_free = true; });
  constexpr size_t kRoots = 400000;
  std::vector<Root<Value>> roots(kRoots);
  for (size_t i = 0; i < kRoots; i += 2) {
    const Ref<Value> value = Make<Value>();
    value->number = 4711;
    roots[i] = value;
  }
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> moves{0};
  std::thread thread([&] {
    runtime::Rand rand(1);
    while (!stop.load(std::memory_order_relaxed)) {
      const size_t from = rand.Below(kRoots);
      const size_t to = rand.Below(kRoots);
      if (!roots[from] || roots[to]) continue;
      roots[to] = roots[from];
      roots[from] = nullptr;
      moves.fetch_add(1, std::memory_order_relaxed);
    }
  });
  for (int i = 0; i < 30; ++i) {
    CollectElsewhere();
    InFiber([] {
      for (int n = 0; n < 20000; ++n) Make<Value>();  // takes the slots of the lost ones
    });
  }
  while (moves.load(std::memory_order_relaxed) < 1000) runtime::Yield();
  stop.store(true, std::memory_order_relaxed);
  runtime::Blocking([&] { thread.join(); });
  size_t alive = 0;
  for (const auto& root : roots) {
    if (!root) continue;
    ++alive;
    ASSERT_EQ(root->number, 4711u);
  }
  EXPECT_EQ(alive, kRoots / 2);
}

XEBEC_TEST(Root, WorksInBlockingCode) {
  Root<Value> root = Make<Value>();
  root->number = 3;
  Root<Value> copy;
  runtime::Blocking([&] {
    copy = root;
    root = nullptr;
  });
  CollectElsewhere();
  EXPECT_EQ(copy->number, 3u);
}

}  // namespace
}  // namespace xebec::gc
