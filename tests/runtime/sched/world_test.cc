#include "runtime/sched/world.h"

#include <atomic>
#include <cstdint>
#include <string>

#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/park.h"
#include "runtime/sched/time.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

template <class F>
bool Await(F done) {
  const int64_t limit = NanoTime() + 10LL * 1000 * 1000 * 1000;
  while (!done()) {
    if (NanoTime() > limit) return false;
    Yield();
  }
  return true;
}

XEBEC_TEST(World, NothingRunsWhileItIsStopped) {
  std::atomic<bool> end{false};
  std::atomic<uint64_t> steps{0};
  std::atomic<int> ended{0};
  constexpr int kFibers = 20;
  for (int i = 0; i < kFibers; ++i) {
    Go([&] {
      while (!end.load(std::memory_order_acquire)) {
        steps.fetch_add(1, std::memory_order_relaxed);
        YieldIfNeeded();
      }
      ended.fetch_add(1, std::memory_order_release);
    });
  }
  for (int round = 0; round < 100; ++round) {
    StopTheWorld("test");
    EXPECT_TRUE(WorldIsStopped());
    const uint64_t before = steps.load(std::memory_order_relaxed);
    for (int i = 0; i < 2000; ++i) CpuPause();
    EXPECT_EQ(steps.load(std::memory_order_relaxed), before);
    StartTheWorld();
    EXPECT_TRUE(Await([&] { return steps.load(std::memory_order_relaxed) > before; }));
  }
  end.store(true, std::memory_order_release);
  EXPECT_TRUE(Await([&] { return ended.load(std::memory_order_acquire) == kFibers; }));
}

XEBEC_TEST(World, StoppersTakeTurns) {
  std::atomic<int> inside{0};
  std::atomic<int> done{0};
  constexpr int kFibers = 8;
  for (int i = 0; i < kFibers; ++i) {
    Go([&] {
      for (int round = 0; round < 50; ++round) {
        StopTheWorld("test");
        EXPECT_EQ(inside.fetch_add(1), 0);
        EXPECT_EQ(inside.fetch_sub(1), 1);
        StartTheWorld();
        Yield();
      }
      done.fetch_add(1, std::memory_order_release);
    });
  }
  EXPECT_TRUE(Await([&] { return done.load(std::memory_order_acquire) == kFibers; }));
}

XEBEC_TEST(World, ANestedStopPanics) {
  StopTheWorld("test");
  EXPECT_THROW(StopTheWorld("again"), Panic);
  StartTheWorld();
  EXPECT_THROW(StartTheWorld(), Panic);
}

// Looks for a word in all root ranges.
struct Search {
  uintptr_t wanted;
  int found = 0;
};
// Reads other fibers' stacks as they are, red zones included.
__attribute__((no_sanitize("address", "thread"))) void SearchRange(const void* lo, const void* hi,
                                                                   void* arg) {
  auto* search = static_cast<Search*>(arg);
  const auto* end = static_cast<const uintptr_t*>(hi);
  for (const auto* word = static_cast<const uintptr_t*>(lo); word + 1 <= end; ++word) {
    if (~*word == search->wanted) ++search->found;
  }
}
[[gnu::noinline]] int CountRoots(uintptr_t inverted) {
  Search search{inverted};
  ForEachRootRange(&SearchRange, &search);
  return search.found;
}

// Values are kept inverted in the searcher, so that it does not find itself.
constexpr uintptr_t kOnStack = 0x1234567890abcdef;
constexpr uintptr_t kInClosure = 0x0fedcba987654321;

XEBEC_TEST(World, RootsCoverStacksRegistersAndFunctionObjects) {
  std::atomic<G*> parked{nullptr};
  std::atomic<bool> done{false};
  uintptr_t on_stack = kOnStack;
  uintptr_t in_closure = kInClosure;
  asm volatile("" : "+r"(on_stack), "+r"(in_closure));  // opaque from here on
  Go([&parked, &done, in_closure, stack_word = ~on_stack] {
    uintptr_t word = ~stack_word;
    asm volatile("" : "+r"(word));  // lives in a callee-saved register or on the stack
    Park(
        [](G* g, void* arg) {
          static_cast<std::atomic<G*>*>(arg)->store(g, std::memory_order_release);
          return true;
        },
        &parked, WaitReason::kNone);
    asm volatile("" : "+r"(word));
    asm volatile("" ::"r"(in_closure));
    done.store(true, std::memory_order_release);
  });
  on_stack = ~on_stack;
  in_closure = ~in_closure;
  ASSERT_TRUE(Await([&] { return parked.load(std::memory_order_acquire) != nullptr; }));
  StopTheWorld("test");
  EXPECT_GE(CountRoots(on_stack), 1);
  EXPECT_GE(CountRoots(in_closure), 1);
  StartTheWorld();
  Ready(parked.load(std::memory_order_acquire));
  EXPECT_TRUE(Await([&] { return done.load(std::memory_order_acquire); }));
}

XEBEC_TEST(World, RootsCoverTheStoppersOwnStack) {
  uintptr_t mine[2] = {kOnStack ^ 0xff, 0};
  asm volatile("" ::"r"(mine) : "memory");
  uintptr_t inverted = ~(kOnStack ^ 0xff);
  asm volatile("" : "+r"(inverted));
  StopTheWorld("test");
  EXPECT_GE(CountRoots(inverted), 1);
  StartTheWorld();
  asm volatile("" ::"r"(mine) : "memory");
}

XEBEC_TEST(World, FiberMemoryIsStackAndFunctionObject) {
  int local = 0;
  static int global = 0;
  EXPECT_TRUE(IsFiberMemory(&local));
  EXPECT_FALSE(IsFiberMemory(&global));
  struct Probe {
    Probe() = default;
    // Copied into the fiber that is being started, by Go.
    Probe(const Probe&) { EXPECT_TRUE(IsFiberMemory(this)); }
    char bytes[200] = {};
  };
  std::atomic<bool> done{false};
  Go([probe = Probe(), &done] {
    EXPECT_TRUE(IsFiberMemory(&probe));
    done.store(true, std::memory_order_release);
  });
  EXPECT_TRUE(Await([&] { return done.load(std::memory_order_acquire); }));
}

XEBEC_TEST(Dump, ListsEveryFiberWithStateAndStack) {
  std::atomic<G*> parked{nullptr};
  std::atomic<bool> done{false};
  GoNamed("waiter", [&] {
    Park(
        [](G* g, void* arg) {
          static_cast<std::atomic<G*>*>(arg)->store(g, std::memory_order_release);
          return true;
        },
        &parked, WaitReason::kChanReceive);
    done.store(true, std::memory_order_release);
  });
  ASSERT_TRUE(Await([&] { return parked.load(std::memory_order_acquire) != nullptr; }));
  const std::string dump = DumpFibers();
  EXPECT_NE(dump.find("\"waiter\" [chan receive]"), std::string::npos) << dump;
  EXPECT_NE(dump.find("\"main\" [running]"), std::string::npos) << dump;
  EXPECT_NE(dump.find("created at world_test.cc:"), std::string::npos) << dump;
  EXPECT_NE(dump.find("xebec::runtime::Park"), std::string::npos) << dump;
  Ready(parked.load(std::memory_order_acquire));
  EXPECT_TRUE(Await([&] { return done.load(std::memory_order_acquire); }));
}

}  // namespace
}  // namespace xebec::runtime
