#include "runtime/sync/pool.h"

#include <gtest/gtest.h>

#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

XEBEC_TEST(Pool, GivesBackWhatWasPutAndMakesWhatIsMissing) {
  int made = 0;
  Pool<int> pool([&] { return std::make_unique<int>(++made); }, 2);
  auto a = pool.Get();
  auto b = pool.Get();
  auto c = pool.Get();
  EXPECT_EQ(made, 3);
  int* address = a.get();
  pool.Put(std::move(b));
  pool.Put(std::move(a));
  pool.Put(std::move(c));  // more than it holds: dropped
  pool.Put(nullptr);
  EXPECT_EQ(pool.Get().get(), address);
  pool.Get();
  pool.Get();
  EXPECT_EQ(made, 4);
}

}  // namespace
}  // namespace xebec::runtime
