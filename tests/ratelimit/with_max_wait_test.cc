#include "ratelimit/with_max_wait.h"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/testing.h"

namespace xebec::ratelimit {
namespace {

using namespace std::chrono_literals;

// Says 5 ms a number of times, then 1,000 s.
class StepRateLimiter : public RateLimiter<int> {
 public:
  explicit StepRateLimiter(int threshold) : threshold_(threshold) {}
  Duration When(const int&) override { return ++count_ <= threshold_ ? Duration(5ms) : 1000s; }
  void Forget(const int&) override { count_ = 0; }
  int NumRequeues(const int&) override { return count_; }

 private:
  const int threshold_;
  int count_ = 0;
};

XEBEC_TEST(WithMaxWaitRateLimiter, CapsWhatAnotherSays) {
  WithMaxWaitRateLimiter<int> limiter(std::make_shared<StepRateLimiter>(100), 500s);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.When(i), 5ms);
  for (int i = 100; i < 200; ++i) EXPECT_EQ(limiter.When(i), 500s);
  EXPECT_EQ(limiter.NumRequeues(1), 200);
  limiter.Forget(1);
  EXPECT_EQ(limiter.When(1), 5ms);
}

}  // namespace
}  // namespace xebec::ratelimit
