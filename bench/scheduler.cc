// Fibers: starting, switching, waiting.
#include <atomic>

#include "bench/bench.h"
#include "runtime/main.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/wait_group.h"

namespace xebec::bench {
namespace {

using runtime::Chan;
using runtime::RunScheduler;
using runtime::WaitGroup;
using Arguments = std::vector<std::string>;

void Spawn(const Arguments& arguments) {
  int64_t n = 1'000'000;
  Flags("spawn", arguments).Add("n", &n, "fibers").Parse();
  RunScheduler([&] {
    WaitGroup group;
    for (int round = 0; round < 2; ++round) {  // the first round warms the free lists
      const int64_t start = Now();
      for (int64_t i = 0; i < n; ++i) {
        group.Add(1);
        runtime::Go([&group] { group.Done(); });
      }
      group.Wait();
      if (round == 1) PerOp("spawn", "spawn+join", n, Now() - start);
    }
  });
}

void Yield(const Arguments& arguments) {
  int64_t n = 5'000'000;
  Flags("yield", arguments).Add("n", &n, "yields per fiber").Parse();
  RunScheduler(
      [&] {
        WaitGroup group;
        const int64_t start = Now();
        for (int fiber = 0; fiber < 2; ++fiber) {
          group.Go([n] {
            for (int64_t i = 0; i < n; ++i) runtime::Yield();
          });
        }
        group.Wait();
        PerOp("yield", "switch", 2 * n, Now() - start);
      },
      {.procs = 1});
}

void PingPong(const Arguments& arguments) {
  int64_t n = 2'000'000;
  int64_t procs = 1;
  Flags("pingpong", arguments).Add("n", &n, "round trips").Add("procs", &procs, "Ps").Parse();
  RunScheduler(
      [&] {
        Chan<int64_t> ping;
        Chan<int64_t> pong;
        runtime::Go([ping, pong]() mutable {
          for (const int64_t v : ping) pong.Send(v);
          pong.Close();
        });
        const int64_t start = Now();
        for (int64_t i = 0; i < n; ++i) {
          ping.Send(i);
          pong.Receive();
        }
        PerOp("pingpong", "round trip", n, Now() - start);
        ping.Close();
        pong.Receive();
      },
      {.procs = static_cast<int>(procs)});
}

void Parked(const Arguments& arguments) {
  int64_t n = 1'000'000;
  Flags("parked", arguments).Add("n", &n, "fibers").Parse();
  RunScheduler([&] {
    const double before = MemoryMiB("VmRSS");
    Chan<int> stop;
    WaitGroup up;
    WaitGroup down;
    int64_t start = Now();
    for (int64_t i = 0; i < n; ++i) {
      up.Add(1);
      down.Add(1);
      runtime::Go([&stop, &up, &down] {
        up.Done();
        stop.Receive();
        down.Done();
      });
    }
    up.Wait();
    const int64_t spawned = Now() - start;
    Report("parked", "memory each",
           (MemoryMiB("VmRSS") - before) * 1024 * 1024 / static_cast<double>(n), "bytes");
    PerOp("parked", "spawn+park", n, spawned);
    start = Now();
    stop.Close();
    down.Wait();
    PerOp("parked", "wake all", n, Now() - start);
  });
}

void SleepBench(const Arguments& arguments) {
  int64_t n = 200'000;
  Flags("sleep", arguments).Add("n", &n, "sleepers").Parse();
  RunScheduler([&] {
    WaitGroup group;
    std::vector<int64_t> late(static_cast<size_t>(n));
    const int64_t cpu = CpuNanos();
    for (int64_t i = 0; i < n; ++i) {
      group.Add(1);
      runtime::Go([i, &late, &group] {
        const std::chrono::nanoseconds want = std::chrono::milliseconds(500 + i % 1000);
        const int64_t start = Now();
        runtime::Sleep(want);
        late[static_cast<size_t>(i)] = Now() - start - want.count();
        group.Done();
      });
    }
    group.Wait();
    PerOp("sleep", "cpu each", n, CpuNanos() - cpu);
    Report("sleep", "late p50", static_cast<double>(Percentile(late, .5)) / 1e3, "us");
    Report("sleep", "late p99", static_cast<double>(Percentile(late, .99)) / 1e3, "us");
  });
}

}  // namespace

std::vector<Bench> SchedulerBenches() {
  return {{"spawn", "spawn and join fibers", Spawn},
          {"yield", "two fibers yield to each other on one P", Yield},
          {"pingpong", "round trips over two unbuffered channels", PingPong},
          {"parked", "memory of fibers parked on a channel", Parked},
          {"sleep", "timers: fibers that each sleep a little", SleepBench}};
}

}  // namespace xebec::bench
