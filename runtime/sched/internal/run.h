#pragma once

#include <cstdint>
#include <functional>

namespace xebec::runtime::internal {

struct RunOptions {
  int procs = 0;  // 0: XEBEC_PROCS, or the processors allowed
  bool simulated = false;
  bool catching = true;  // false: what leaves the body ends the process at the throw
};

// Starts the scheduler if it was never started, unfreezes the world, runs `body` in a fiber named
// "main" and waits for its end, which freezes the world. Rethrows what left the body.
void RunMain(std::function<void()> body, const RunOptions& options);

// A seed for a thread's own generator.
int64_t ThreadSeed();

}  // namespace xebec::runtime::internal
