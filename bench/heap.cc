// The managed heap: allocation, pauses, the cost of marking.
#include "bench/bench.h"
#include "runtime/heap/gc.h"
#include "runtime/main.h"
#include "runtime/sync/wait_group.h"

namespace xebec::bench {
namespace {

using runtime::RunScheduler;
using Arguments = std::vector<std::string>;

struct Bytes {
  char bytes[64];
};
struct Node {
  gc::Member<Node> left, right;
  XEBEC_GC_MEMBERS(Node, left, right);
};
// What the last allocation is stored in, as the peer stores it in a global.
struct Keep {
  gc::Member<Bytes> bytes;
  gc::Member<Node> node;
  XEBEC_GC_MEMBERS(Keep, bytes, node);
};

void Alloc(const Arguments& arguments) {
  int64_t n = 50'000'000;
  Flags("alloc", arguments).Add("n", &n, "objects").Parse();
  RunScheduler([&] {
    const gc::Ref<Keep> keep = gc::Make<Keep>();
    int64_t start = Now();
    for (int64_t i = 0; i < n; ++i) keep->bytes = gc::Make<Bytes>();
    PerOp("alloc", "64 B noscan", n, Now() - start);
    start = Now();
    for (int64_t i = 0; i < n; ++i) keep->node = gc::Make<Node>();
    PerOp("alloc", "16 B scan", n, Now() - start);
    start = Now();
    for (int64_t i = 0; i < n / 50; ++i) gc::MakeBlobForOverwrite(4000);
    PerOp("alloc", "4 KB blob", n / 50, Now() - start);
  });
}

gc::Ref<Node> Tree(int64_t depth) {
  gc::Ref<Node> node = gc::Make<Node>();
  if (depth > 0) {
    node->left = Tree(depth - 1);
    node->right = Tree(depth - 1);
  }
  return node;
}
int64_t Count(const Node* node) {
  return node->left ? 1 + Count(node->left.get()) + Count(node->right.get()) : 1;
}

void ReportPauses(const char* bench, const gc::Stats& stats) {
  Report(bench, "pause mean",
         static_cast<double>(stats.pause_total_ns) / 1e3 /
             static_cast<double>(std::max<uint64_t>(stats.collections, 1)),
         "us");
  Report(bench, "pause max", static_cast<double>(stats.pause_max_ns) / 1e3, "us");
}

void BinTree(const Arguments& arguments) {
  int64_t depth = 20;
  Flags("bintree", arguments).Add("depth", &depth, "maximum depth").Parse();
  RunScheduler([&] {
    const int64_t cpu = CpuNanos();
    const int64_t start = Now();
    const gc::Ref<Node> long_lived = Tree(depth);
    runtime::WaitGroup group;
    for (int64_t d = 4; d <= depth; d += 4) {
      group.Go([depth, d] {
        for (int64_t i = 0; i < int64_t{1} << (depth - d + 4); ++i) Count(Tree(d).get());
      });
    }
    group.Wait();
    Count(long_lived.get());
    Report("bintree", "wall", static_cast<double>(Now() - start) / 1e6, "ms");
    Report("bintree", "cpu", static_cast<double>(CpuNanos() - cpu) / 1e6, "ms");
    Report("bintree", "peak", MemoryMiB("VmHWM"), "MiB");
    ReportPauses("bintree", gc::ReadStats());
  });
}

struct Object {
  gc::Member<Object> next, other;
  char payload[48];
  XEBEC_GC_MEMBERS(Object, next, other);
};

void GcPause(const Arguments& arguments) {
  int64_t mib = 1024;
  int64_t secs = 10;
  Flags("gcpause", arguments)
      .Add("mib", &mib, "live heap")
      .Add("secs", &secs, "seconds of churn")
      .Parse();
  RunScheduler([&] {
    const auto count = static_cast<size_t>(mib) * 1024 * 1024 / 64;
    const gc::Ref<gc::Array<gc::Member<Object>>> array = gc::MakeArray<gc::Member<Object>>(count);
    gc::Member<Object>* live = array->data();
    for (size_t i = 0; i < count; ++i) {
      live[i] = gc::Make<Object>();
      if (i > 0) live[i]->other = live[i / 2].ref();
    }
    gc::Collect();
    int64_t start = Now();
    gc::Collect();
    Report("gcpause", "full collection", static_cast<double>(Now() - start) / 1e6, "ms");
    start = Now();
    size_t n = 0;
    std::vector<int64_t> late;
    while (Now() - start < secs * 1'000'000'000) {
      const int64_t batch = Now();
      for (int i = 0; i < 1000; ++i, ++n) {
        const size_t k = n * 7919 % count;
        const gc::Ref<Object> object = gc::Make<Object>();
        object->next = live[(k + 1) % count]->other.ref();
        live[k] = object;
      }
      late.push_back(Now() - batch);
    }
    const gc::Stats stats = gc::ReadStats();
    Report("gcpause", "mutations",
           static_cast<double>(n) / (static_cast<double>(Now() - start) / 1e9), "/s");
    ReportPauses("gcpause", stats);
    Report("gcpause", "batch of 1000 p99.9", static_cast<double>(Percentile(late, .999)) / 1e3,
           "us");
    Report("gcpause", "batch of 1000 max", static_cast<double>(Percentile(late, 1)) / 1e3, "us");
    Report("gcpause", "collections", static_cast<double>(stats.collections), "");
    Report("gcpause", "peak", MemoryMiB("VmHWM"), "MiB");
    gc::KeepAlive(array);
  });
}

}  // namespace

std::vector<Bench> HeapBenches() {
  return {
      {"alloc", "allocate small objects without and with pointers", Alloc},
      {"bintree", "the Benchmarks Game's binary-trees, in fibers", BinTree},
      {"gcpause", "pauses and mark cost with a large live heap of small linked objects", GcPause}};
}

}  // namespace xebec::bench
