#include "runtime/sync/sync_map.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "runtime/sched/fiber.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

XEBEC_TEST(SyncMap, StoresAndLoads) {
  SyncMap<std::string, int> map;
  EXPECT_FALSE(map.Load("a").has_value());
  map.Store("a", 1);
  EXPECT_EQ(map.Load("a"), 1);
  EXPECT_EQ(map.LoadOrStore("a", 2), std::pair(1, true));
  EXPECT_EQ(map.LoadOrStore("b", 2), std::pair(2, false));
  EXPECT_EQ(map.Swap("a", 5), 1);
  EXPECT_EQ(map.Swap("c", 6), std::nullopt);
  EXPECT_FALSE(map.CompareAndSwap("a", 1, 9));
  EXPECT_TRUE(map.CompareAndSwap("a", 5, 9));
  EXPECT_FALSE(map.CompareAndDelete("a", 5));
  EXPECT_TRUE(map.CompareAndDelete("a", 9));
  EXPECT_EQ(map.LoadAndDelete("b"), 2);
  EXPECT_EQ(map.LoadAndDelete("b"), std::nullopt);
  EXPECT_EQ(map.Len(), 1u);
  map.Clear();
  EXPECT_EQ(map.Len(), 0u);
}

XEBEC_TEST(SyncMap, RangeVisitsEachKeyOnceAndMayChangeTheMap) {
  SyncMap<int, int> map;
  for (int i = 0; i < 100; ++i) map.Store(i, i * i);
  std::set<int> seen;
  map.Range([&](int key, int value) {
    EXPECT_EQ(value, key * key);
    EXPECT_TRUE(seen.insert(key).second);
    map.Delete(key);
    return true;
  });
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(map.Len(), 0u);
  map.Store(1, 1);
  map.Store(2, 4);
  int visits = 0;
  map.Range([&](int, int) { return ++visits < 1; });
  EXPECT_EQ(visits, 1);
}

XEBEC_TEST(SyncMap, CountsAreExactUnderLoad) {
  SyncMap<int, int> map;
  WaitGroup fibers;
  for (int f = 0; f < 6; ++f) {
    fibers.Go([&] {
      for (int i = 0; i < 500; ++i) {
        const int key = i % 20;
        for (;;) {
          const int old = map.LoadOrStore(key, 0).first;
          if (map.CompareAndSwap(key, old, old + 1)) break;
          Yield();
        }
      }
    });
  }
  fibers.Wait();
  int total = 0;
  map.Range([&](int, int value) {
    total += value;
    return true;
  });
  EXPECT_EQ(total, 3000);
}

}  // namespace
}  // namespace xebec::runtime
