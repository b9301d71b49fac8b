#include "runtime/sync/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "runtime/sched/fiber.h"
#include "runtime/sync/chan.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

XEBEC_TEST(SingleFlight, CallersShareOneRun) {
  SingleFlight<std::string, int> flights;
  std::atomic<int> runs{0};
  std::atomic<int> shared{0};
  Chan<Unit> go_on;
  WaitGroup fibers;
  for (int i = 0; i < 5; ++i) {
    fibers.Go([&] {
      auto outcome = flights.Do("key", [&] {
        go_on.Receive();
        return ++runs;
      });
      EXPECT_EQ(outcome.value, 1);
      if (outcome.shared) ++shared;
    });
  }
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(flights.Do("other", [] { return 7; }).value, 7);
  go_on.Close();
  fibers.Wait();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(shared, 5);
  EXPECT_FALSE(flights.Do("key", [&] { return ++runs; }).shared);
  EXPECT_EQ(runs, 2);
}

XEBEC_TEST(SingleFlight, AnExceptionReachesEveryCaller) {
  SingleFlight<int, int> flights;
  Chan<Unit> go_on;
  std::atomic<int> thrown{0};
  WaitGroup fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.Go([&] {
      try {
        flights.Do(1, [&]() -> int {
          go_on.Receive();
          throw std::runtime_error("no");
        });
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    });
  }
  testing::WaitUntilAllBlocked();
  go_on.Close();
  fibers.Wait();
  EXPECT_EQ(thrown, 3);
}

XEBEC_TEST(SingleFlight, ForgetLetsANewRunBegin) {
  SingleFlight<int, int> flights;
  Chan<Unit> go_on;
  WaitGroup fibers;
  fibers.Go([&] {
    EXPECT_EQ(flights
                  .Do(1,
                      [&] {
                        go_on.Receive();
                        return 1;
                      })
                  .value,
              1);
  });
  testing::WaitUntilAllBlocked();
  flights.Forget(1);
  EXPECT_EQ(flights.Do(1, [] { return 2; }).value, 2);
  go_on.Close();
  fibers.Wait();
}

}  // namespace
}  // namespace xebec::runtime
