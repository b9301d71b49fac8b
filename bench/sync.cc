// Channels, select and locks.
#include <mutex>
#include <shared_mutex>

#include "bench/bench.h"
#include "runtime/main.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/rwmutex.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"

namespace xebec::bench {
namespace {

using runtime::Chan;
using runtime::RunScheduler;
using runtime::WaitGroup;
using Arguments = std::vector<std::string>;

void Channel(const Arguments& arguments) {
  int64_t n = 4'000'000;
  int64_t workers = 8;
  Flags("channel", arguments)
      .Add("n", &n, "items")
      .Add("workers", &workers, "producers, and consumers")
      .Parse();
  RunScheduler([&] {
    Chan<int64_t> c(128);
    WaitGroup in;
    WaitGroup out;
    const int64_t start = Now();
    for (int64_t w = 0; w < workers; ++w) {
      in.Go([&c, n, workers] {
        for (int64_t i = 0; i < n / workers; ++i) c.Send(i);
      });
      out.Go([&c] {
        while (c.Receive()) {
        }
      });
    }
    in.Wait();
    c.Close();
    out.Wait();
    PerOp("channel", "item", n, Now() - start);
  });
}

void SelectBench(const Arguments& arguments) {
  int64_t n = 2'000'000;
  Flags("select", arguments).Add("n", &n, "selects").Parse();
  RunScheduler([&] {
    Chan<int64_t> a(1), b(1), c(1), d(1);
    const auto nothing = [](const std::optional<int64_t>&) {};
    const int64_t start = Now();
    for (int64_t i = 0; i < n; ++i) {
      c.Send(i);
      runtime::Select(runtime::OnReceive(a, nothing), runtime::OnReceive(b, nothing),
                      runtime::OnReceive(c, nothing), runtime::OnReceive(d, nothing));
    }
    PerOp("select", "send+select", n, Now() - start);
  });
}

void MutexBench(const Arguments& arguments) {
  int64_t n = 8'000'000;
  int64_t workers = 8;
  Flags("mutex", arguments)
      .Add("n", &n, "lock/unlock pairs")
      .Add("workers", &workers, "fibers")
      .Parse();
  RunScheduler([&] {
    for (const int64_t w : {int64_t{1}, workers}) {
      runtime::Mutex mutex;
      WaitGroup group;
      volatile int64_t total = 0;
      const int64_t start = Now();
      for (int64_t fiber = 0; fiber < w; ++fiber) {
        group.Go([&mutex, &total, n, w] {
          for (int64_t i = 0; i < n / w; ++i) {
            std::lock_guard lock(mutex);
            total = total + 1;
          }
        });
      }
      group.Wait();
      PerOp("mutex", w == 1 ? "uncontended" : "contended", n, Now() - start);
    }
  });
}

void RWMutexBench(const Arguments& arguments) {
  int64_t n = 8'000'000;
  int64_t workers = 8;
  Flags("rwmutex", arguments)
      .Add("n", &n, "read locks")
      .Add("workers", &workers, "readers")
      .Parse();
  RunScheduler([&] {
    runtime::RWMutex mutex;
    WaitGroup group;
    volatile int64_t total = 0;
    const int64_t start = Now();
    for (int64_t fiber = 0; fiber < workers; ++fiber) {
      group.Go([&mutex, &total, n, workers] {
        for (int64_t i = 0; i < n / workers; ++i) {
          if (i % 1000 == 0) {
            std::lock_guard lock(mutex);
            total = total + 1;
          }
          std::shared_lock lock(mutex);
          [[maybe_unused]] const int64_t seen = total;
        }
      });
    }
    group.Wait();
    PerOp("rwmutex", "read lock", n, Now() - start);
  });
}

}  // namespace

std::vector<Bench> SyncBenches() {
  return {{"channel", "producers and consumers over one buffered channel", Channel},
          {"select", "select over four channels with one ready", SelectBench},
          {"mutex", "fibers contend for one mutex", MutexBench},
          {"rwmutex", "one writer among readers", RWMutexBench}};
}

}  // namespace xebec::bench
