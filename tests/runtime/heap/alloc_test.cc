#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

#include "heap_test_util.h"
#include "runtime/heap/internal/page_heap.h"
#include "runtime/panic.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using runtime::heap::kClassPages;
using runtime::heap::kClassSize;
using runtime::heap::kPageSize;
using runtime::heap::kSizeClasses;
using runtime::heap::SizeClassFor;
using runtime::heap::Span;
using runtime::heap::SpanOf;
using testing::InFiber;

uintptr_t Address(const void* p) { return reinterpret_cast<uintptr_t>(p); }
template <class T>
Span* SpanOfRef(const Ref<T>& ref) {
  return SpanOf(Address(ref.get()));
}

TEST(SizeClasses, AreGosSixtyEightAndEverySizeGetsTheSmallestThatFits) {
  EXPECT_EQ(kSizeClasses, 68);
  EXPECT_EQ(kClassSize[67], 32768);
  for (size_t size = 0; size <= 32768; ++size) {
    const int c = SizeClassFor(size);
    ASSERT_GT(c, 0) << size;
    ASSERT_GE(kClassSize[static_cast<size_t>(c)], size);
    if (c > 1) {
      ASSERT_LT(kClassSize[static_cast<size_t>(c) - 1], size);
    }
  }
  EXPECT_EQ(SizeClassFor(32769), 0);
}

TEST(SizeClasses, IndexByMultiplicationEqualsDivision) {
  for (size_t c = 1; c < kSizeClasses; ++c) {
    const uint64_t size = kClassSize[c];
    const uint32_t magic = runtime::heap::DivisionMagic(size);
    for (uint64_t offset = 0; offset < kClassPages[c] * kPageSize; ++offset) {
      ASSERT_EQ((offset * magic) >> 32, offset / size) << "class " << c << " offset " << offset;
    }
  }
}

TEST(SizeClasses, AnAlignedTypeGetsAClassThatKeepsItsAlignment) {
  for (size_t align : {16u, 32u, 64u, 128u, 4096u}) {
    for (size_t size = align; size <= 8192; size += align) {
      const int c = SizeClassFor(size, align);
      if (c != 0) {
        EXPECT_EQ(kClassSize[static_cast<size_t>(c)] % align, 0u);
      }
    }
  }
}

struct Leaf {
  uint64_t a, b, c;
};
struct Pair {
  Member<Pair> left, right;
  XEBEC_GC_MEMBERS(Pair, left, right);
};
struct alignas(64) Wide {
  char bytes[64];
};

XEBEC_TEST(Spans, HoldOneSizeClassOfEightKibPages) {
  const Ref<Leaf> leaf = Make<Leaf>();
  const Ref<Pair> pair = Make<Pair>();
  const Span* span = SpanOfRef(leaf);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span->base % kPageSize, 0u);
  EXPECT_EQ(span->bytes, kPageSize);
  EXPECT_EQ(span->elem_size, 24u);
  EXPECT_TRUE(span->noscan());
  ASSERT_NE(SpanOfRef(pair), nullptr);
  EXPECT_EQ(SpanOfRef(pair)->elem_size, 16u);
  EXPECT_FALSE(SpanOfRef(pair)->noscan());
}

XEBEC_TEST(Spans, AnyAddressMapsToItsSpanInteriorPointersIncluded) {
  const Ref<Blob> blob = MakeBlob(5000);
  const Span* span = SpanOfRef(blob);
  ASSERT_NE(span, nullptr);
  const uint32_t index = span->IndexOf(Address(blob.get()));
  for (size_t i = 0; i < blob->size(); i += 7) {
    ASSERT_EQ(SpanOf(Address(blob->data() + i)), span);
    ASSERT_EQ(span->IndexOf(Address(blob->data() + i)), index);
  }
  int local = 0;
  EXPECT_EQ(SpanOf(Address(&local)), nullptr);
  EXPECT_EQ(SpanOf(0), nullptr);
  EXPECT_EQ(SpanOf(~uintptr_t{0}), nullptr);
}

XEBEC_TEST(Alloc, GivesDistinctZeroedObjectsOfEverySize) {
  struct Piece {
    uintptr_t begin;
    size_t bytes;
  };
  std::vector<Root<Blob>> blobs;
  std::vector<Piece> pieces;
  for (size_t size : {0u, 1u, 8u, 100u, 1000u, 4096u, 10000u, 32760u, 32761u, 100000u, 3000000u}) {
    for (int i = 0; i < 5; ++i) {
      const Ref<Blob> blob = MakeBlob(size);
      ASSERT_EQ(blob->size(), size);
      for (std::byte b : blob->bytes()) ASSERT_EQ(b, std::byte{0});
      std::memset(blob->data(), 0xff, size);
      pieces.push_back({Address(blob.get()), size + sizeof(Blob)});
      blobs.push_back(blob);
    }
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < pieces.size(); ++i) {
    EXPECT_LE(pieces[i - 1].begin + pieces[i - 1].bytes, pieces[i].begin);
  }
}

XEBEC_TEST(Alloc, ReusedMemoryIsZeroedAgain) {
  for (int round = 0; round < 4; ++round) {
    InFiber([] {
      for (int i = 0; i < 300; ++i) {
        for (size_t size : {40u, 700u, 9000u, 70000u}) {
          const Ref<Blob> blob = MakeBlob(size);
          for (std::byte b : blob->bytes()) ASSERT_EQ(b, std::byte{0});
          std::memset(blob->data(), 0xa5, size);
        }
      }
    });
    testing::CollectElsewhere();
  }
}

XEBEC_TEST(Alloc, KeepsTheAlignmentOfAType) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Address(Make<Wide>().get()) % 64, 0u);
    EXPECT_EQ(Address(MakeArray<Wide>(3)->data()) % 64, 0u);
  }
}

XEBEC_TEST(Alloc, ALargeObjectHasASpanOfItsOwnPages) {
  const Ref<Blob> blob = MakeBlob(5 << 20);
  const Span* span = SpanOfRef(blob);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span->nelems, 1);
  EXPECT_EQ(span->bytes, ((5u << 20) + sizeof(Blob) + kPageSize - 1) / kPageSize * kPageSize);
  EXPECT_EQ(SpanOf(Address(blob->data() + blob->size() - 1)), span);
}

XEBEC_TEST(Alloc, ThePCacheGivesAddressOrderWithoutALock) {
  // Fresh spans are filled from the bottom: neighbours in time are neighbours in memory.
  std::set<uintptr_t> seen;
  Ref<Leaf> last = Make<Leaf>();
  int next_to_it = 0;
  for (int i = 0; i < 1000; ++i) {
    const Ref<Leaf> leaf = Make<Leaf>();
    EXPECT_TRUE(seen.insert(Address(leaf.get())).second);
    next_to_it += Address(leaf.get()) == Address(last.get()) + sizeof(Leaf);
    last = leaf;
  }
  EXPECT_GT(next_to_it, 500);
}

XEBEC_TEST(Alloc, TooLargeIsAClearPanic) {
  try {
    MakeArray<Leaf>(size_t{1} << 60);
    FAIL() << "no panic";
  } catch (const runtime::Panic& panic) {
    EXPECT_NE(panic.message().find("too large"), std::string::npos) << panic.message();
  }
}

}  // namespace
}  // namespace xebec::gc
