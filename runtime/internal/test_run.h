#pragma once

#include <cstdint>
#include <functional>
#include <string>

// What runtime/testing.h stands on; without GoogleTest, which the library does not link.
namespace xebec::runtime::testing {

// Runs `body` on the scheduler. Returns what went wrong: an exception, or leaked fibers.
std::string RunTestBody(const std::function<void()>& body);
// Runs `body` once for each seed and the first seed twice; returns the first failure, with the
// seed in it. `failed` tells whether the test framework saw a failure so far.
std::string RunSimTestBody(const std::function<void()>& body, const std::function<bool()>& failed);
// Waits until every other fiber waits for something (none is runnable or running). On a fiber.
void WaitUntilAllBlocked();
// Waits until `n` fibers are left, the calling one included; false after ten seconds.
bool WaitForFiberCount(int64_t n);

}  // namespace xebec::runtime::testing
