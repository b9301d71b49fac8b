// The work queues and the rate limiters.
#include <fmt/format.h>

#include <mutex>

#include "bench/bench.h"
#include "ratelimit/default.h"
#include "runtime/context.h"
#include "runtime/main.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"
#include "workqueue/delaying_queue.h"
#include "workqueue/queue.h"

namespace xebec::bench {
namespace {

using runtime::RunScheduler;
using runtime::WaitGroup;
using Arguments = std::vector<std::string>;

void WorkQueue(const Arguments& arguments) {
  int64_t n = 4'000'000;
  int64_t keys = 100'000;
  int64_t producers = 4;
  int64_t workers = 8;
  Flags("workqueue", arguments)
      .Add("n", &n, "adds")
      .Add("keys", &keys, "distinct keys")
      .Add("producers", &producers, "producers")
      .Add("workers", &workers, "workers")
      .Parse();
  RunScheduler([&] {
    std::vector<std::string> names;
    for (int64_t i = 0; i < keys; ++i) {
      names.push_back(fmt::format("namespace-{}/object-name-{}", i % 100, i));
    }
    const Context ctx = Context::Background();
    workqueue::Queue<std::string> queue;
    WaitGroup in;
    WaitGroup out;
    runtime::Mutex mutex;
    int64_t handled = 0;
    const int64_t start = Now();
    for (int64_t w = 0; w < workers; ++w) {
      out.Go([&] {
        int64_t mine = 0;
        while (const std::optional<std::string> item = queue.Get(ctx)) {
          ++mine;
          queue.Done(*item);
        }
        std::lock_guard lock(mutex);
        handled += mine;
      });
    }
    for (int64_t p = 0; p < producers; ++p) {
      in.Go([&, p] {
        for (int64_t i = 0; i < n / producers; ++i) {
          queue.Add(names[static_cast<size_t>((i * 31 + p) % keys)]);
        }
      });
    }
    in.Wait();
    queue.ShutDownWithDrain();
    out.Wait();
    const int64_t nanos = Now() - start;
    PerOp("workqueue", "add", n, nanos);
    Report("workqueue", "handled",
           static_cast<double>(handled) / (static_cast<double>(nanos) / 1e9), "/s");
  });
}

void WorkQueue1(const Arguments& arguments) {
  int64_t n = 500'000;
  Flags("workqueue1", arguments).Add("n", &n, "items").Parse();
  RunScheduler([&] {
    const Context ctx = Context::Background();
    workqueue::Queue<int64_t> queue;
    runtime::Chan<int> done;
    WaitGroup worker;
    worker.Go([&] {
      while (const std::optional<int64_t> item = queue.Get(ctx)) {
        queue.Done(*item);
        done.Send(1);
      }
    });
    const int64_t start = Now();
    for (int64_t i = 0; i < n; ++i) {
      queue.Add(i);
      done.Receive();
    }
    PerOp("workqueue1", "hand-over", n, Now() - start);
    queue.ShutDown();
    worker.Wait();
  });
}

void Delaying(const Arguments& arguments) {
  int64_t n = 500'000;
  Flags("delaying", arguments).Add("n", &n, "items").Parse();
  RunScheduler([&] {
    const Context ctx = Context::Background();
    workqueue::DelayingQueue<int64_t> queue;
    const int64_t cpu = CpuNanos();
    const int64_t start = Now();
    for (int64_t i = 0; i < n; ++i) queue.AddAfter(i, std::chrono::milliseconds(1 + i % 1000));
    PerOp("delaying", "AddAfter", n, Now() - start);
    for (int64_t i = 0; i < n; ++i) queue.Done(*queue.Get(ctx));
    PerOp("delaying", "cpu each", n, CpuNanos() - cpu);
    queue.ShutDown();
  });
}

void Limiter(const Arguments& arguments) {
  int64_t n = 4'000'000;
  Flags("limiter", arguments).Add("n", &n, "calls").Parse();
  RunScheduler([&] {
    const auto limiter = ratelimit::DefaultControllerRateLimiter<int64_t>();
    const int64_t start = Now();
    for (int64_t i = 0; i < n; ++i) {
      limiter->When(i % 1000);
      if (i % 10 == 9) limiter->Forget(i % 1000);
    }
    PerOp("limiter", "When", n, Now() - start);
  });
}

}  // namespace

std::vector<Bench> QueueBenches() {
  return {{"workqueue", "Add/Get/Done through one work queue", WorkQueue},
          {"workqueue1", "one producer and one worker, each item handled before the next is added",
           WorkQueue1},
          {"delaying", "AddAfter through the delaying queue", Delaying},
          {"limiter", "the default controller rate limiter's When and Forget", Limiter}};
}

}  // namespace xebec::bench
