#pragma once

#include <functional>

namespace xebec {
class Context;
}

namespace xebec::runtime {

// Starts the scheduler, runs `body` in the main fiber and returns what it returns. Its context is
// cancelled at the first SIGINT or SIGTERM; a second one ends the process at once. Other fibers
// that still run then simply stop, as in Go.
//
//   int main(int argc, char** argv) {
//     return xebec::runtime::Main(argc, argv, [](xebec::Context ctx) { …; return 0; });
//   }
//
// The environment is read: XEBEC_PROCS, XEBEC_DEBUG. A Panic or exception that leaves `body` ends
// the process.
int Main(int argc, char** argv, std::function<int(Context)> body);

struct SchedOptions {
  // How many Ps; 0: XEBEC_PROCS, or the processors that this process may use.
  int procs = 0;
};

// Runs `body` in a fiber and waits for its end; the other fibers are frozen then. An exception
// that leaves `body` is thrown again here. Calls may follow one another, not overlap.
void RunScheduler(std::function<void()> body, SchedOptions options = {});

}  // namespace xebec::runtime
