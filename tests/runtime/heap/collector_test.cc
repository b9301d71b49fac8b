#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "heap_test_util.h"
#include "runtime/heap/hooks.h"
#include "runtime/heap/internal/collector.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/sched/time.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using testing::CollectElsewhere;
using testing::InFiber;
using testing::SettingsScope;

struct Node {
  uint64_t id = 0;
  Member<Node> next;
  Member<Blob> blob;
  XEBEC_GC_MEMBERS(Node, next, blob);
};
struct Other {  // of Node's size class, but with its Member elsewhere
  Member<Node> node;
  uint64_t not_a_pointer = ~uint64_t{0};
  uint64_t neither = 0x7fffdeadbeef;
  XEBEC_GC_MEMBERS(Other, node);
};

Ref<Node> List(int n) {
  Ref<Node> head;
  for (int i = 0; i < n; ++i) {
    const Ref<Node> node = Make<Node>();
    node->id = static_cast<uint64_t>(i);
    node->next = head;
    head = node;
  }
  return head;
}
uint64_t Length(const Node* node) {
  uint64_t n = 0;
  for (; node != nullptr; node = node->next.get()) ++n;
  return n;
}

XEBEC_TEST(MarkSweep, KeepsWhatIsReachableAndFreesTheRest) {
  const Ref<Node> kept = List(10000);
  InFiber([] { List(50000); });
  CollectElsewhere();
  const Stats after = ReadStats();
  EXPECT_EQ(Length(kept.get()), 10000u);
  EXPECT_GE(after.live_after_mark, 10000 * sizeof(Node));
  EXPECT_LT(after.live_after_mark, 20000 * sizeof(Node));
  EXPECT_GE(after.objects_freed, 49000u);
}

XEBEC_TEST(MarkSweep, SwapsAllocAndMarkBits) {
  const Ref<Node> node = Make<Node>();
  const auto address = reinterpret_cast<uintptr_t>(node.get());
  runtime::heap::Span* span = runtime::heap::SpanOf(address);
  CollectElsewhere();
  const uint64_t* alloc = span->alloc_bits;
  const uint64_t* mark = span->mark_bits;
  EXPECT_TRUE(runtime::heap::TestBit(alloc, span->IndexOf(address)));
  EXPECT_FALSE(runtime::heap::TestBit(mark, span->IndexOf(address)));
  CollectElsewhere();
  EXPECT_EQ(span->alloc_bits, mark);
  EXPECT_EQ(span->mark_bits, alloc);
  EXPECT_TRUE(runtime::heap::TestBit(span->alloc_bits, span->IndexOf(address)));
}

XEBEC_TEST(MarkSweep, AnInteriorPointerKeepsTheWholeObjectAlive) {
  SettingsScope clobber([](auto& s) { s.clobber_free = true; });
  Weak<Blob> weak;
  const char* inside = nullptr;
  InFiber([&] {
    const Ref<Blob> blob = MakeBlob("interior pointers count");
    weak = blob;
    inside = reinterpret_cast<const char*>(blob->data()) + 9;  // on the parent's stack
  });
  CollectElsewhere();
  EXPECT_TRUE(weak.Lock());
  EXPECT_STREQ(std::string(inside, 8).c_str(), "pointers");
  inside = nullptr;
  asm volatile("" : : "r"(&inside) : "memory");
}

XEBEC_TEST(MarkSweep, AMemberMayPointIntoTheMiddleOfAnObject) {
  SettingsScope verify([](auto& s) { s.heap_verify = s.clobber_free = true; });
  struct Holder {
    Member<uint64_t> word;
    XEBEC_GC_MEMBERS(Holder, word);
  };
  Root<Holder> holder;
  InFiber([&] {
    const Ref<Array<uint64_t>> words = MakeArray<uint64_t>(100);
    (*words)[57] = 5757;
    holder = Make<Holder>();
    holder->word = Ref<uint64_t>::To(&(*words)[57]);
  });
  CollectElsewhere();
  EXPECT_EQ(*holder->word, 5757u);
}

XEBEC_TEST(MarkSweep, ALongListDoesNotOverflowTheMarker) {
  const Ref<Node> head = List(1000000);
  CollectElsewhere();
  EXPECT_EQ(Length(head.get()), 1000000u);
}

XEBEC_TEST(MarkSweep, OnlyListedWordsArePointers) {
  // `neither` looks like one and would be followed, were the span's bitmap that of Node.
  SettingsScope verify([](auto& s) { s.heap_verify = true; });
  std::vector<Root<Other>> others;
  std::vector<Root<Node>> nodes;
  for (int i = 0; i < 2000; ++i) {
    others.push_back(Make<Other>());
    others.back()->node = Make<Node>();
    nodes.push_back(others.back()->node.ref());
    nodes.back()->next = Make<Node>();
  }
  CollectElsewhere();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(others[i]->not_a_pointer, ~uint64_t{0});
    ASSERT_TRUE(nodes[i]->next);
  }
}

XEBEC_TEST(MarkSweep, ArraysOfMembersAndOfStructsAreTraced) {
  SettingsScope verify([](auto& s) { s.heap_verify = s.clobber_free = true; });
  Root<Array<Member<Node>>> members;
  Root<Array<Node>> structs;
  InFiber([&] {
    const Ref<Array<Member<Node>>> m = MakeArray<Member<Node>>(100000);  // large: in pieces
    const Ref<Array<Node>> s = MakeArray<Node>(50000);
    for (size_t i = 0; i < m->size(); ++i) {
      const Ref<Node> node = Make<Node>();
      node->id = i;
      (*m)[i] = node;
    }
    for (size_t i = 0; i < s->size(); ++i) (*s)[i].next = (*m)[i * 2].ref();
    members = m;
    structs = s;
  });
  CollectElsewhere();
  members = nullptr;
  CollectElsewhere();
  for (size_t i = 0; i < 50000; ++i) ASSERT_EQ((*structs)[i].next->id, i * 2);
  EXPECT_LT(ReadStats().live_after_mark, 50000 * (2 * sizeof(Node)) + (1 << 20));
}

XEBEC_TEST(MarkSweep, ATypeOfMoreThan64WordsIsTraced) {
  struct Huge {
    uint64_t before[70];
    Member<Node> a;
    uint64_t between[200];
    Member<Node> b;
    XEBEC_GC_MEMBERS(Huge, a, b);
  };
  SettingsScope verify([](auto& s) { s.heap_verify = s.clobber_free = true; });
  Root<Huge> huge;
  InFiber([&] {
    huge = Make<Huge>();
    huge->a = List(3);
    huge->b = List(4);
  });
  CollectElsewhere();
  EXPECT_EQ(Length(huge->a.get()), 3u);
  EXPECT_EQ(Length(huge->b.get()), 4u);
}

XEBEC_TEST(MarkSweep, ClobberFreeOverwritesTheDead) {
  SettingsScope clobber([](auto& s) { s.clobber_free = true; });
  uintptr_t hidden = 0;  // not a pointer any more
  InFiber([&] { hidden = ~reinterpret_cast<uintptr_t>(MakeBlob(100)->data()); });
  CollectElsewhere();
  uint64_t word;
  std::memcpy(&word, reinterpret_cast<const void*>(~hidden), sizeof word);
  EXPECT_EQ(word, runtime::heap::kClobberPattern);
}

XEBEC_TEST(MarkSweep, AClosureOfAWaitingFiberIsARoot) {
  SettingsScope clobber([](auto& s) { s.clobber_free = true; });
  runtime::WaitGroup go, done;
  go.Add(1);
  uint64_t seen = 0;
  InFiber([&] {
    const Ref<Node> list = List(100);
    done.Add(1);
    runtime::Go([list, &go, &done, &seen] {
      go.Wait();
      seen = Length(list.get());
      done.Done();
    });
  });
  CollectElsewhere();
  go.Done();
  done.Wait();
  EXPECT_EQ(seen, 100u);
}

XEBEC_TEST(MarkSweep, ARegisteredRangeIsARoot) {
  SettingsScope clobber([](auto& s) { s.clobber_free = true; });
  static void* buffer[4];
  runtime::heap::RootRange range;
  range.begin = buffer;
  range.bytes = sizeof buffer;
  runtime::heap::RegisterRootRange(&range);
  InFiber([&] { buffer[2] = List(50).get(); });
  CollectElsewhere();
  EXPECT_EQ(Length(static_cast<Node*>(buffer[2])), 50u);
  runtime::heap::UnregisterRootRange(&range);
}

XEBEC_TEST(Triggers, GrowthStartsACollectionAtTheGoal) {
  CollectElsewhere();
  const Stats before = ReadStats();
  EXPECT_GE(before.goal, size_t{4} << 20);
  InFiber([&] {
    for (size_t i = 0; i < 3 * before.goal / 1000; ++i) MakeBlob(1000);
  });
  const Stats after = ReadStats();
  EXPECT_GE(after.collections, before.collections + 2);
  EXPECT_LE(after.collections, before.collections + 8);
  EXPECT_EQ(after.forced_collections, before.forced_collections);
  EXPECT_LE(after.heap_live, after.goal + (1 << 20));
}

XEBEC_TEST(Triggers, ThePercentageSetsTheGoalAndMinusOneTurnsGrowthOff) {
  Root<Blob> kept = MakeBlob(32 << 20);
  CollectElsewhere();
  const size_t live = ReadStats().live_after_mark;
  EXPECT_NEAR(static_cast<double>(ReadStats().goal), 2.0 * static_cast<double>(live), 1e5);
  EXPECT_EQ(SetPercent(50), 100);
  EXPECT_NEAR(static_cast<double>(ReadStats().goal), 1.5 * static_cast<double>(live), 1e5);
  EXPECT_EQ(SetPercent(-1), 50);
  const uint64_t collections = ReadStats().collections;
  InFiber([] {
    for (int i = 0; i < 100; ++i) MakeBlob(1 << 20);
  });
  EXPECT_EQ(ReadStats().collections, collections);
  EXPECT_EQ(SetPercent(100), -1);
}

XEBEC_TEST(Triggers, AMemoryLimitCollectsSooner) {
  CollectElsewhere();
  SetPercent(-1);
  const size_t limit = ReadStats().in_use + ReadStats().metadata + (16 << 20);
  const size_t old = SetMemoryLimit(limit);
  const uint64_t collections = ReadStats().collections;
  size_t most = 0;
  InFiber([&] {
    for (int i = 0; i < 200; ++i) {
      MakeBlob(1 << 20);
      most = std::max(most, ReadStats().in_use);
    }
  });
  EXPECT_GT(ReadStats().collections, collections + 5);
  EXPECT_LT(most, limit + (2 << 20));
  SetMemoryLimit(old);
  SetPercent(100);
}

XEBEC_TEST(Triggers, TwoMinutesWithoutACollectionMakeOneDue) {
  const Root<Blob> something = MakeBlob(1000);
  CollectElsewhere();
  const int64_t now = runtime::NanoTime();
  EXPECT_FALSE(runtime::heap::PeriodicCollectionDue(now + 119'000'000'000));
  EXPECT_TRUE(runtime::heap::PeriodicCollectionDue(now + 121'000'000'000));
  const uint64_t periodic = ReadStats().periodic_collections;
  runtime::heap::RunPeriodicCollection();
  EXPECT_EQ(ReadStats().periodic_collections, periodic + 1);
}

XEBEC_TEST(Triggers, CollectByHandRunsOneWholeCycle) {
  const Stats before = ReadStats();
  Collect();
  const Stats after = ReadStats();
  EXPECT_EQ(after.forced_collections, before.forced_collections + 1);
  EXPECT_GT(after.pause_last_ns, 0u);
  EXPECT_GE(after.pause_max_ns, after.pause_last_ns);
}

XEBEC_TEST(Triggers, ManyFibersThatCollectAtOnceAllGetTheirCycle) {
  const uint64_t before = ReadStats().forced_collections;
  runtime::WaitGroup done;
  for (int i = 0; i < 8; ++i) {
    done.Go([] { Collect(); });
  }
  done.Wait();
  EXPECT_EQ(ReadStats().forced_collections, before + 8);
}

XEBEC_TEST(Pages, FreePagesGoBackToTheSystem) {
  InFiber([] {
    const Ref<Array<Member<Blob>>> all = MakeArray<Member<Blob>>(100);
    for (size_t i = 0; i < 100; ++i) {
      (*all)[i] = MakeBlob(1 << 20);
      std::memset((*all)[i]->data(), 1, 1 << 20);
    }
  });
  const Stats full = ReadStats();
  CollectElsewhere();
  CollectElsewhere();
  const Stats empty = ReadStats();
  EXPECT_GT(full.in_use, size_t{50} << 20);
  EXPECT_LT(empty.in_use, size_t{20} << 20);
  EXPECT_LT(empty.idle, size_t{20} << 20);
  EXPECT_GT(empty.released, full.released + (size_t{50} << 20));
  EXPECT_EQ(empty.mapped, empty.in_use + empty.idle + empty.released);
}

TEST(PageHeap, SplitsAndMergesRunsAndKeepsItsAccounts) {
  auto& pages = runtime::heap::Pages();
  const auto noscan = runtime::heap::MakeSpanClass(0, true);
  std::vector<runtime::heap::Span*> spans;
  const auto before = pages.Stats();
  uint64_t random = 12345;
  size_t in_use = 0;
  for (int step = 0; step < 5000; ++step) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const size_t pick = random >> 33;
    if (spans.size() > 50 && pick % 2 == 0) {
      std::swap(spans[pick % spans.size()], spans.back());
      in_use -= spans.back()->bytes;
      pages.Free(spans.back());
      spans.pop_back();
    } else {
      const size_t n = pick % 100 == 0 ? 200 + pick % 900 : 1 + pick % 20;
      spans.push_back(pages.Allocate(n, noscan));
      ASSERT_NE(spans.back(), nullptr);
      ASSERT_EQ(spans.back()->pages(), n);
      in_use += spans.back()->bytes;
    }
    if (step % 1000 == 999) pages.Release(8 << 20);
    const auto now = pages.Stats();
    ASSERT_EQ(now.in_use, before.in_use + in_use);
    ASSERT_EQ(now.mapped, now.in_use + now.idle + now.released);
  }
  std::vector<std::pair<uintptr_t, size_t>> ranges;
  for (auto* span : spans) ranges.emplace_back(span->base, span->bytes);
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) {
    ASSERT_LE(ranges[i - 1].first + ranges[i - 1].second, ranges[i].first);
  }
  for (auto* span : spans) pages.Free(span);
  pages.Release(SIZE_MAX);
  const auto after = pages.Stats();
  EXPECT_EQ(after.in_use, before.in_use);
  EXPECT_EQ(after.idle, 0u);
}

}  // namespace
}  // namespace xebec::gc
