#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heap_test_util.h"
#include "runtime/panic.h"
#include "runtime/rand.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using testing::CollectElsewhere;
using testing::InFiber;
using testing::SettingsScope;

struct Item {
  uint64_t id = 0;
  Vector<Member<Item>> children;
  Map<std::string_view, Member<Item>> by_name;
  XEBEC_GC_MEMBERS(Item, children, by_name);
};

Ref<Item> MakeItem(uint64_t id) {
  const Ref<Item> item = Make<Item>();
  item->id = id;
  return item;
}

std::string PanicOf(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const runtime::Panic& panic) {
    return panic.message();
  }
  return "no panic";
}

XEBEC_TEST(Vector, GrowsKeepsItsOrderAndItsElementsAlive) {
  SettingsScope verify([](auto& s) { s.heap_verify = s.clobber_free = true; });
  Root<Item> root;
  InFiber([&] {
    root = MakeItem(0);
    for (uint64_t i = 0; i < 1000; ++i) root->children.push_back(MakeItem(i));
  });
  CollectElsewhere();
  ASSERT_EQ(root->children.size(), 1000u);
  uint64_t next = 0;
  for (const auto& child : root->children) ASSERT_EQ(child->id, next++);
  root->children.resize(10);
  root->children.pop_back();
  EXPECT_EQ(root->children.size(), 9u);
  EXPECT_EQ(root->children.back()->id, 8u);
  root->children.clear();
  EXPECT_TRUE(root->children.empty());
  EXPECT_EQ(PanicOf([&] { root->children[0] = nullptr; }),
            "index 0 is out of range: the size is 0");
}

XEBEC_TEST(Vector, OfPlainValuesIsPointerFree) {
  Vector<int> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(i);
  CollectElsewhere();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(numbers[static_cast<size_t>(i)], i);
}

XEBEC_TEST(Array, ChecksItsIndex) {
  const Ref<Array<int>> array = MakeArray<int>(3);
  (*array)[2] = 5;
  EXPECT_EQ(PanicOf([&] { (*array)[3] = 1; }), "index 3 is out of range: the size is 3");
}

XEBEC_TEST(Map, FollowsAShadowMapThroughRandomOperations) {
  SettingsScope verify([](auto& s) { s.heap_verify = s.clobber_free = true; });
  runtime::Rand rand(42);
  Root<Map<uint64_t, uint64_t>> map = Make<Map<uint64_t, uint64_t>>();
  std::map<uint64_t, uint64_t> shadow;
  for (int step = 0; step < 20000; ++step) {
    const uint64_t key = rand.Below(700);
    switch (rand.Below(4)) {
      case 0:
        ASSERT_EQ(map->Erase(key), shadow.erase(key) == 1);
        break;
      case 1:
        map->Set(key, static_cast<uint64_t>(step));
        shadow[key] = static_cast<uint64_t>(step);
        break;
      case 2:
        ++(*map)[key];
        ++shadow[key];
        break;
      default: {
        const uint64_t* found = map->Find(key);
        ASSERT_EQ(found != nullptr, shadow.contains(key));
        if (found != nullptr) {
          ASSERT_EQ(*found, shadow[key]);
        }
      }
    }
    ASSERT_EQ(map->size(), shadow.size());
    if (step % 5000 == 0) CollectElsewhere();
  }
  size_t visited = 0;
  map->ForEach([&](uint64_t key, uint64_t value) {
    ++visited;
    ASSERT_EQ(shadow.at(key), value);
  });
  EXPECT_EQ(visited, shadow.size());
}

XEBEC_TEST(Map, KeepsTheOrderOfInsertionAndCopiesItsTextKeys) {
  SettingsScope verify([](auto& s) { s.heap_verify = s.clobber_free = true; });
  Root<Item> root = MakeItem(0);
  InFiber([&] {
    for (uint64_t i = 0; i < 100; ++i) {
      std::string key = "pod-" + std::to_string(i);
      root->by_name.Set(key, MakeItem(i));
      key.assign(key.size(), '?');
    }
    root->by_name.Erase("pod-50");
    root->by_name.Set("pod-50", MakeItem(50));
  });
  CollectElsewhere();
  std::vector<uint64_t> order;
  root->by_name.ForEach([&](std::string_view key, Member<Item>& value) {
    EXPECT_EQ(key, "pod-" + std::to_string(value->id));
    order.push_back(value->id);
  });
  ASSERT_EQ(order.size(), 100u);
  EXPECT_EQ(order.back(), 50u);
  EXPECT_TRUE(root->by_name.Contains("pod-99"));
  EXPECT_FALSE(root->by_name.Contains("pod-100"));
  root->by_name.Clear();
  EXPECT_TRUE(root->by_name.empty());
}

// A value whose assignment lets other fibers run: the map is in the middle of a write then.
struct Slow {
  Slow& operator=(uint64_t) {
    runtime::Yield();
    return *this;
  }
};

XEBEC_TEST(MapRace, AReadDuringAWriteIsAPanicThatNamesTheWriter) {
  Root<Map<int, Slow>> map = Make<Map<int, Slow>>();
  runtime::WaitGroup done;
  std::string seen;
  std::atomic<bool> stop{false};
  done.Add(2);
  runtime::GoNamed("the-writer", [&] {
    while (!stop.load(std::memory_order_relaxed)) map->Set(1, uint64_t{1});
    done.Done();
  });
  runtime::Go([&] {
    for (int i = 0; i < 1000000 && seen.empty(); ++i) {
      const std::string message = PanicOf([&] { map->Contains(1); });
      if (message != "no panic") seen = message;
      runtime::Yield();
    }
    stop.store(true, std::memory_order_relaxed);
    done.Done();
  });
  done.Wait();
  EXPECT_NE(seen.find("concurrent map read and map write"), std::string::npos) << seen;
  EXPECT_NE(seen.find("the-writer"), std::string::npos) << seen;
  map->Set(2, uint64_t{2});  // and it still works
  EXPECT_EQ(map->size(), 2u);
}

XEBEC_TEST(MapRace, TwoWritesAtOnceAreAPanicOfTheSecond) {
  Root<Map<int, Slow>> map = Make<Map<int, Slow>>();
  runtime::WaitGroup done;
  std::atomic<int> panics{0};
  for (int fiber = 0; fiber < 2; ++fiber) {
    done.Go([&] {
      for (int i = 0; i < 100000 && panics.load() == 0; ++i) {
        if (PanicOf([&] { map->Set(1, uint64_t{1}); }) != "no panic") ++panics;
      }
    });
  }
  done.Wait();
  EXPECT_GE(panics.load(), 1);
}

}  // namespace
}  // namespace xebec::gc
