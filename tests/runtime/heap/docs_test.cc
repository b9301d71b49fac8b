// The snippets of docs/heap.md, as they stand there.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/heap/gc.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace {

namespace gc = xebec::gc;
namespace runtime = xebec::runtime;

// [type]
struct Tree {
  int value = 0;
  gc::Member<Tree> left, right;
  XEBEC_GC_MEMBERS(Tree, left, right);
};

gc::Ref<Tree> Grow(int depth) {
  gc::Ref<Tree> tree = gc::Make<Tree>();
  if (depth > 0) {
    tree->left = Grow(depth - 1);
    tree->right = Grow(depth - 1);
  }
  return tree;
}
// [/type]

int Count(const gc::Ref<Tree>& tree) {
  return tree ? 1 + Count(tree->left) + Count(tree->right) : 0;
}

XEBEC_TEST(HeapDocs, AType) { EXPECT_EQ(Count(Grow(4)), 31); }

// [root]
class Forest {
 public:
  void Add(gc::Ref<Tree> tree) { trees_.push_back(tree); }
  gc::Ref<Tree> First() const { return trees_.at(0); }

 private:
  std::vector<gc::Root<Tree>> trees_;  // not Ref: the vector's memory is not searched
};
// [/root]

XEBEC_TEST(HeapDocs, ARoot) {
  Forest forest;
  forest.Add(Grow(3));
  gc::Collect();
  EXPECT_EQ(Count(forest.First()), 15);
}

XEBEC_TEST(HeapDocs, AResultTravelsByChannel) {
  // [channel]
  runtime::Chan<gc::Ref<Tree>> result(1);
  runtime::Go([result]() mutable { result.Send(Grow(2)); });
  gc::Ref<Tree> tree = *result.Receive();
  // [/channel]
  EXPECT_EQ(Count(tree), 7);
}

XEBEC_TEST(HeapDocs, BlobsAndArrays) {
  // [blob]
  gc::Ref<gc::Blob> text = gc::MakeBlob("bytes that the collector never looks into");
  gc::Ref<gc::Array<gc::Member<Tree>>> row = gc::MakeArray<gc::Member<Tree>>(10);
  (*row)[3] = Grow(1);
  // [/blob]
  EXPECT_EQ(text->view().substr(0, 5), "bytes");
  EXPECT_EQ(Count((*row)[3]), 3);
}

// [containers]
struct Index {
  gc::Map<std::string_view, gc::Member<Tree>> by_name;
  gc::Vector<gc::Member<Tree>> in_order;
  XEBEC_GC_MEMBERS(Index, by_name, in_order);
};
// [/containers]

XEBEC_TEST(HeapDocs, Containers) {
  gc::Ref<Index> index = gc::Make<Index>();
  gc::Ref<Tree> tree = Grow(0);
  index->by_name.Set("oak", tree);
  index->in_order.push_back(tree);
  EXPECT_EQ(index->by_name.Find("oak")->get(), index->in_order[0].get());
}

XEBEC_TEST(HeapDocs, WeakAndCleanup) {
  // [weak]
  gc::Ref<Tree> tree = Grow(1);
  gc::Weak<Tree> weak = tree;
  gc::AddCleanup(tree, [] { /* close what belonged to the tree; it is gone already */ });
  gc::Ref<Tree> still = weak.Lock();  // null once it was collected
  EXPECT_EQ(Count(still), 3);
  // [/weak]
  gc::KeepAlive(tree);
}

XEBEC_TEST(HeapDocs, Unmanaged) {
  std::string wire = "…";
  // [unmanaged]
  size_t spaces = gc::Unmanaged([&] {
    size_t n = 0;  // a long parse of plain memory: the world may stop meanwhile
    for (char c : wire) n += c == ' ';
    return n;
  });
  // [/unmanaged]
  EXPECT_EQ(spaces, 0u);
}

}  // namespace
