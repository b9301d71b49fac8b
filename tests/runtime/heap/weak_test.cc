#include "runtime/heap/weak.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heap_test_util.h"
#include "runtime/check.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using testing::CollectElsewhere;
using testing::InFiber;

struct Value {
  uint64_t number = 0;
};

// Waits for the runtime's cleanup fiber.
void WaitForCleanups(uint64_t run) {
  for (int i = 0; i < 1000000 && ReadStats().cleanups_run < run; ++i) runtime::Yield();
  CHECK(ReadStats().cleanups_run >= run, "the cleanups did not run");
}

XEBEC_TEST(Weak, LocksWhileTheObjectLivesAndIsNullAfterwards) {
  Weak<Value> weak;
  Root<Value> root;
  InFiber([&] {
    root = Make<Value>();
    root->number = 5;
    weak = root.ref();
    EXPECT_EQ(weak.Lock()->number, 5u);
  });
  CollectElsewhere();
  InFiber([&] { EXPECT_EQ(weak.Lock()->number, 5u); });
  root = nullptr;
  CollectElsewhere();
  InFiber([&] { EXPECT_FALSE(weak.Lock()); });
}

XEBEC_TEST(Weak, AllOfOneObjectAreEqualAlsoAfterItsEnd) {
  Weak<Value> a, b, other;
  InFiber([&] {
    const Ref<Value> value = Make<Value>();
    a = value;
    b = value;
    other = Make<Value>();
  });
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == other);
  CollectElsewhere();
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == other);
  EXPECT_FALSE(a == Weak<Value>());
}

XEBEC_TEST(Weak, IsClearedBeforeItsSlotIsUsedAgain) {
  // Locks right after the mark, while most spans are not swept; new objects take the slots.
  std::vector<Weak<Value>> weak;
  InFiber([&] {
    for (int i = 0; i < 20000; ++i) {
      const Ref<Value> value = Make<Value>();
      value->number = 1;
      weak.push_back(value);
    }
  });
  runtime::WaitGroup done;
  done.Go([] { Collect(); });
  done.Go([&] {
    for (int round = 0; round < 3; ++round) {
      for (auto& w : weak) {
        const Ref<Value> fresh = Make<Value>();
        fresh->number = 2;
        if (const Ref<Value> locked = w.Lock()) {
          ASSERT_EQ(locked->number, 1u);
        }
      }
      runtime::Yield();
    }
  });
  done.Wait();
  CollectElsewhere();
  InFiber([&] {
    size_t alive = 0;
    for (auto& w : weak) alive += static_cast<bool>(w.Lock());
    EXPECT_LT(alive, 10u);  // what stale words on stacks may keep
  });
}

XEBEC_TEST(Cleanup, RunsOnAFiberAfterTheObjectDiedInTheOrderAdded) {
  const uint64_t before = ReadStats().cleanups_run;
  std::string order;
  Weak<Value> weak;
  InFiber([&] {
    const Ref<Value> value = Make<Value>();
    weak = value;
    AddCleanup(value, [&] {
      EXPECT_TRUE(runtime::OnFiber());
      EXPECT_FALSE(weak.Lock());
      order += 'a';
    });
    AddCleanup(value, [&] { order += 'b'; });
  });
  EXPECT_EQ(order, "");
  CollectElsewhere();
  WaitForCleanups(before + 2);
  EXPECT_EQ(order, "ab");
  CollectElsewhere();
  EXPECT_EQ(order, "ab");
}

XEBEC_TEST(Cleanup, DoesNotRunWhileTheObjectIsReachable) {
  const uint64_t before = ReadStats().cleanups_run;
  Root<Value> root = Make<Value>();
  bool ran = false;
  AddCleanup(root.ref(), [&] { ran = true; });
  CollectElsewhere();
  CollectElsewhere();
  EXPECT_FALSE(ran);
  root = nullptr;
  InFiber([] {
    for (int i = 0; i < 100; ++i) Make<Value>();
  });
  CollectElsewhere();
  // The Ref temporary above may still lie on this stack: the cleanup may be late, not wrong.
  EXPECT_LE(ReadStats().cleanups_run, before + 1);
}

XEBEC_TEST(Cleanup, MayAllocateAndCollect) {
  const uint64_t before = ReadStats().cleanups_run;
  uint64_t made = 0;
  InFiber([&] {
    for (int i = 0; i < 10; ++i) {
      AddCleanup(Make<Value>(), [&] {
        for (int n = 0; n < 1000; ++n) made += Make<Value>() ? 1 : 0;
        Collect();
      });
    }
  });
  CollectElsewhere();
  WaitForCleanups(before + 10);
  EXPECT_EQ(made, 10000u);
}

}  // namespace
}  // namespace xebec::gc
