#include <algorithm>
#include <memory>

#include "client/internal/rest.h"
#include "ratelimit/ratelimit.h"

namespace xebec::client::internal {

std::function<std::chrono::nanoseconds()> MakeLimiter(double qps, int burst) {
  if (qps <= 0) return nullptr;
  auto bucket = std::make_shared<ratelimit::BucketRateLimiter<int>>(qps, std::max(burst, 1));
  return [bucket] { return std::chrono::nanoseconds(bucket->When(0)); };
}

}  // namespace xebec::client::internal
