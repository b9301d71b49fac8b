// Each mistake with the heap's vocabulary has a clear end: a Panic where the program can go on,
// an abort that says where in debug builds.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "heap_test_util.h"
#include "runtime/main.h"
#include "runtime/panic.h"
#include "runtime/sync/chan.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using testing::InFiber;

struct Node {
  uint64_t id = 0;
  Member<Node> next;
  XEBEC_GC_MEMBERS(Node, next);
};

// Death tests fork: the scheduler's threads do not come along.
void StartAnew() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

template <class F>
std::string PanicOf(F fn) {
  try {
    fn();
  } catch (const runtime::Panic& panic) {
    return panic.message();
  }
  return "no panic";
}

XEBEC_TEST(NullRef, DereferenceIsAPanicThatNamesTheTypeAndTheFiber) {
  std::string message, fiber, stack;
  runtime::WaitGroup done;
  done.Add(1);
  runtime::GoNamed("reconcile default/web", [&] {
    try {
      const Ref<Node> node;
      node->id = 1;
    } catch (const runtime::Panic& panic) {
      message = panic.message();
      fiber = panic.fiber();
      stack = panic.stack();
    }
    done.Done();
  });
  done.Wait();
  EXPECT_NE(message.find("null dereference of a gc::Ref<"), std::string::npos) << message;
  EXPECT_NE(message.find("Node"), std::string::npos) << message;
  EXPECT_EQ(fiber, "reconcile default/web");
  EXPECT_FALSE(stack.empty());
}

XEBEC_TEST(NullRef, OfAMemberOrARootIsAPanicToo) {
  const Ref<Node> node = Make<Node>();
  EXPECT_NE(PanicOf([&] { node->next->id = 1; }).find("gc::Member<"), std::string::npos);
  const Root<Node> root;
  EXPECT_NE(PanicOf([&] { root->id = 1; }).find("gc::Root<"), std::string::npos);
}

TEST(Mistakes, MakeOutsideOfAFiberIsAPanic) {
  EXPECT_EQ(PanicOf([] { Make<Node>(); }),
            "gc::Make outside of a fiber: only fibers that run use the managed heap (a Root holds "
            "objects from anywhere)");
  EXPECT_NE(PanicOf([] { MakeBlob(100000); }).find("outside of a fiber"), std::string::npos);
  EXPECT_NE(PanicOf([] { Collect(); }).find("outside of a fiber"), std::string::npos);
}

XEBEC_TEST(Mistakes, RefsAndObjectsInBlockingCodeAreAPanic) {
  const Root<Node> root = Make<Node>();
  runtime::Blocking([&] {
    EXPECT_NE(PanicOf([] { Make<Node>(); }).find("in Blocking or Unmanaged code"),
              std::string::npos);
    EXPECT_NE(PanicOf([&] { (void)root.ref(); }).find("in Blocking"), std::string::npos);
  });
  Unmanaged([&] {
    EXPECT_NE(PanicOf([] { MakeBlob(10); }).find("in Blocking or Unmanaged code"),
              std::string::npos);
  });
}

XEBEC_TEST(Mistakes, ARefFromARootOnAForeignThreadIsAPanic) {
  const Root<Node> root = Make<Node>();
  std::string message;
  runtime::Blocking(
      [&] { std::thread([&] { message = PanicOf([&] { (void)root.ref(); }); }).join(); });
  EXPECT_NE(message.find("a Ref outside of a fiber"), std::string::npos) << message;
}

XEBEC_TEST(Mistakes, UnmanagedCodeLetsTheWorldStop) {
  std::atomic<int> stage{0};
  runtime::WaitGroup done;
  done.Go([&] {
    Unmanaged([&] {
      stage.store(1);
      while (stage.load() != 2) std::this_thread::yield();
    });
  });
  while (stage.load() != 1) runtime::Yield();
  Collect();  // would wait for ever for a fiber that never polls
  stage.store(2);
  done.Wait();
}

XEBEC_TEST(Mistakes, AChannelMayCarryRefs) {
  runtime::Chan<Ref<Node>> buffered(4), unbuffered;
  runtime::WaitGroup done;
  done.Go([&] {
    for (uint64_t i = 0; i < 100; ++i) {
      const Ref<Node> node = Make<Node>();
      node->id = i;
      buffered.Send(node);
    }
    buffered.Close();
  });
  done.Go([&] {
    for (Ref<Node> node : buffered) unbuffered.Send(node);
    unbuffered.Close();
  });
  uint64_t next = 0;
  for (Ref<Node> node : unbuffered) {
    if (next % 10 == 0) Collect();
    ASSERT_EQ(node->id, next++);
  }
  EXPECT_EQ(next, 100u);
  done.Wait();
}

#if !defined(XEBEC_ASAN) && !defined(XEBEC_TSAN)
TEST(MistakesDeathTest, NoMemoryIsAPanicWithTheSize) {
  StartAnew();
  const auto run_out = [] {
    runtime::RunScheduler([] {
      rlimit limit{size_t{4} << 30, size_t{4} << 30};
      ::setrlimit(RLIMIT_AS, &limit);
      const std::string message = PanicOf([] { MakeBlob(size_t{10} << 30); });
      ::fprintf(stderr, "%s\n", message.c_str());
      const Ref<Blob> small = MakeBlob(1000);  // and the heap still works
      ::_exit(small->size() == 1000 ? 0 : 1);
    });
  };
  EXPECT_EXIT(run_out(), ::testing::ExitedWithCode(0), "out of memory: the system has no");
}
#endif

#ifdef XEBEC_DEBUG_CHECKS

struct Unlisted {
  Member<Node> listed;
  Member<Node> forgotten;
  XEBEC_GC_MEMBERS(Unlisted, listed);
};
struct NoList {
  Member<Node> member;
};

void RunOnFiber(void (*body)()) { runtime::RunScheduler(body); }

TEST(MistakesDeathTest, AMemberThatIsNotListedAborts) {
  StartAnew();
  EXPECT_DEATH(RunOnFiber([] { Make<Unlisted>(); }),
               "Member is constructed at offset 8 of a managed");
  EXPECT_DEATH(RunOnFiber([] { Make<NoList>(); }),
               "offset 0 .*without a member list.*XEBEC_GC_MEMBERS");
}

TEST(MistakesDeathTest, AMemberOutsideOfManagedObjectsAborts) {
  StartAnew();
  EXPECT_DEATH(RunOnFiber([] { auto p = std::make_unique<Node>(); }),
               "Members live in managed objects");
}

TEST(MistakesDeathTest, ARefInAContainerAborts) {
  StartAnew();
  EXPECT_DEATH(RunOnFiber([] {
                 std::vector<Ref<Node>> refs;
                 refs.push_back(Make<Node>());
               }),
               "gc::Ref is stored at .* use Member in managed objects and Root elsewhere");
}

TEST(MistakesDeathTest, ARefInAManagedObjectAborts) {
  StartAnew();
  struct Holder {
    Ref<Node> ref;
  };
  EXPECT_DEATH(RunOnFiber([] { Make<Holder>()->ref = Make<Node>(); }),
               "gc::Ref is stored at offset 0 of a managed");
}

TEST(MistakesDeathTest, AChildThatWritesItsParentsRefAborts) {
  StartAnew();
  EXPECT_DEATH(RunOnFiber([] {
                 Ref<Node> result;
                 InFiber([&] { result = Make<Node>(); });
               }),
               "gc::Ref is stored at .*another fiber's stack");
}

#endif

}  // namespace
}  // namespace xebec::gc
