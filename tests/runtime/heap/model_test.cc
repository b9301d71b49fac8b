// Random object graphs against a shadow graph, on several fibers, with all the modes on.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "heap_test_util.h"
#include "runtime/rand.h"
#include "runtime/testing.h"

namespace xebec::gc {
namespace {

using testing::InFiber;
using testing::SettingsScope;

struct Node {
  uint64_t id = 0;
  Member<Node> edges[3];
  Member<Blob> blob;
  Member<Array<Member<Node>>> more;
  XEBEC_GC_MEMBERS(Node, edges, blob, more);
};

// One fiber's graph, and what it should be.
class Graph {
 public:
  explicit Graph(uint64_t seed) : rand_(seed), first_id_(seed << 32) {}

  void Step() {
    switch (rand_.Below(8)) {
      case 0:
      case 1:
        AddRoot();
        break;
      case 2:
        if (roots_.size() > 20) DropRoot();
        break;
      case 3:
      case 4:
        Grow();
        break;
      case 5:
        Relink();
        break;
      case 6:
        Cut();
        break;
      default:
        if (rand_.Below(50) == 0) Check();
    }
  }

  // Every shadow node that is reachable is there, with the same edges and contents.
  void Check() {
    std::set<uint64_t> seen;
    std::vector<std::pair<const Node*, uint64_t>> work;
    for (auto& [id, root] : roots_) work.emplace_back(root.get(), id);
    while (!work.empty()) {
      const auto [node, id] = work.back();
      work.pop_back();
      ASSERT_EQ(node->id, id);
      if (!seen.insert(id).second) continue;
      const Shadow& shadow = shadow_.at(id);
      for (size_t i = 0; i < 3; ++i) {
        ASSERT_EQ(node->edges[i] != nullptr, shadow.edges[i] != 0);
        if (shadow.edges[i] != 0) work.emplace_back(node->edges[i].get(), shadow.edges[i]);
      }
      ASSERT_EQ(node->more ? node->more->size() : 0, shadow.more.size());
      for (size_t i = 0; i < shadow.more.size(); ++i) {
        work.emplace_back((*node->more)[i].get(), shadow.more[i]);
      }
      ASSERT_EQ(node->blob->size(), shadow.blob_size);
      for (std::byte b : node->blob->bytes()) {
        ASSERT_EQ(b, static_cast<std::byte>(id & 0xff));
      }
    }
    reachable_ = seen.size();
    std::erase_if(shadow_, [&](const auto& item) { return !seen.contains(item.first); });
  }

  size_t reachable() const { return reachable_; }
  // Of the nodes ever made, how many can still be locked.
  size_t StillThere() const {
    size_t n = 0;
    for (const auto& weak : all_) n += static_cast<bool>(weak.Lock());
    return n;
  }
  size_t made() const { return all_.size(); }

 private:
  struct Shadow {
    uint64_t edges[3] = {};
    std::vector<uint64_t> more;
    size_t blob_size = 0;
  };

  Ref<Node> NewNode() {
    const uint64_t id = first_id_ + ++count_;
    Shadow& shadow = shadow_[id];
    const Ref<Node> node = Make<Node>();
    node->id = id;
    shadow.blob_size = rand_.Below(100) == 0 ? 40000 : rand_.Below(300);
    node->blob =
        rand_.Below(2) ? MakeBlob(shadow.blob_size) : MakeBlobForOverwrite(shadow.blob_size);
    std::memset(node->blob->data(), static_cast<int>(id & 0xff), shadow.blob_size);
    if (rand_.Below(5) == 0) {
      const size_t n = rand_.Below(20);
      node->more = MakeArray<Member<Node>>(n);
      for (size_t i = 0; i < n; ++i) {
        const Ref<Node> target = AnyNode();
        (*node->more)[i] = target ? target : node;
        shadow.more.push_back((*node->more)[i]->id);
      }
    }
    all_.push_back(node);
    return node;
  }
  // A node by a random walk from a random root; null if there is none.
  Ref<Node> AnyNode() {
    if (roots_.empty()) return nullptr;
    auto it = roots_.begin();
    std::advance(it, rand_.Below(roots_.size()));
    Ref<Node> node = it->second;
    for (uint64_t steps = rand_.Below(6); steps > 0; --steps) {
      const Member<Node>& edge = node->edges[rand_.Below(3)];
      if (!edge) break;
      node = edge;
    }
    return node;
  }
  void AddRoot() {
    const Ref<Node> node = rand_.Below(3) == 0 && !roots_.empty() ? AnyNode() : NewNode();
    roots_[node->id] = node;
  }
  void DropRoot() {
    auto it = roots_.begin();
    std::advance(it, rand_.Below(roots_.size()));
    roots_.erase(it);
  }
  void SetEdge(const Ref<Node>& from, size_t i, const Ref<Node>& to) {
    from->edges[i] = to;
    shadow_.at(from->id).edges[i] = to ? to->id : 0;
  }
  void Grow() {
    const Ref<Node> from = AnyNode();
    if (from) SetEdge(from, rand_.Below(3), NewNode());
  }
  void Relink() {
    const Ref<Node> from = AnyNode();
    if (from) SetEdge(from, rand_.Below(3), AnyNode());
  }
  void Cut() {
    const Ref<Node> from = AnyNode();
    if (from) SetEdge(from, rand_.Below(3), nullptr);
  }

  runtime::Rand rand_;
  uint64_t first_id_;
  uint64_t count_ = 0;
  std::map<uint64_t, Root<Node>> roots_;
  std::map<uint64_t, Shadow> shadow_;
  std::vector<Weak<Node>> all_;
  size_t reachable_ = 0;
};

void RunModel(uint64_t seed, int fibers, int steps) {
  std::vector<std::unique_ptr<Graph>> graphs;
  for (int i = 0; i < fibers; ++i) {
    graphs.push_back(std::make_unique<Graph>(seed * 100 + static_cast<uint64_t>(i) + 1));
  }
  runtime::WaitGroup done;
  for (auto& graph : graphs) {
    done.Go([&graph, steps] {
      for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
        graph->Step();
        if (i % 16 == 0) runtime::Yield();
      }
      graph->Check();
    });
  }
  done.Wait();
  testing::CollectElsewhere();
  InFiber([&] {
    for (auto& graph : graphs) {
      graph->Check();
      const size_t there = graph->StillThere();
      EXPECT_GE(there, graph->reachable());
      EXPECT_LE(there, graph->reachable() + graph->made() / 20 + 50);  // stale words on stacks
    }
  });
  if (::testing::Test::HasFailure()) ADD_FAILURE() << "the seed was " << seed;
}

XEBEC_TEST(Model, RandomGraphsEqualTheirShadowsUnderStress) {
  SettingsScope modes([](auto& s) {
    s.gc_stress = 97;
    s.clobber_free = s.heap_verify = true;
  });
  RunModel(1, 4, 3000);
}

XEBEC_TEST(Model, RandomGraphsEqualTheirShadowsWithCollectionsByGrowth) {
  SettingsScope modes([](auto& s) { s.clobber_free = s.heap_verify = true; });
  for (uint64_t seed = 2; seed < 6 && !::testing::Test::HasFailure(); ++seed) {
    RunModel(seed, 8, 5000);
  }
}

XEBEC_TEST(Model, ACollectionAtEveryAllocationLosesNothing) {
  SettingsScope modes([](auto& s) {
    s.gc_stress = 1;
    s.clobber_free = s.heap_verify = true;
  });
  RunModel(6, 2, 300);
}

}  // namespace
}  // namespace xebec::gc
