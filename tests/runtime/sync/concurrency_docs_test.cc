// The examples of docs/concurrency.md: each lies between "// doc:" and "// end" here, and the page
// shows the same lines.

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <mutex>
#include <shared_mutex>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/clock.h"
#include "runtime/context.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/err_group.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/once.h"
#include "runtime/sync/rwmutex.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

using namespace std::chrono_literals;

XEBEC_SIM_TEST(ConcurrencyDocs, Locks) {
  // doc: locks
  Mutex mutex;
  Cond not_empty;
  std::deque<int> items;

  WaitGroup group;
  group.Go([&] {
    std::unique_lock lock(mutex);
    not_empty.Wait(lock, [&] { return !items.empty(); });
    items.pop_front();
  });
  {
    std::lock_guard lock(mutex);
    items.push_back(1);
  }
  not_empty.Signal();
  group.Wait();
  // end
  EXPECT_TRUE(items.empty());
}

XEBEC_SIM_TEST(ConcurrencyDocs, Channels) {
  int sum = 0;
  // doc: channels
  Chan<int> jobs(8);
  Go([jobs] {
    for (int i = 0; i < 100; ++i) jobs.Send(i);
    jobs.Close();
  });
  for (int job : jobs) sum += job;
  // end
  EXPECT_EQ(sum, 4950);
}

XEBEC_SIM_TEST(ConcurrencyDocs, Select) {
  Chan<int> events;
  bool stop = false;
  int ticks = 0;
  auto [parent, cancel_parent] = Context::WithCancel(Context::Background());
  // doc: select
  auto [ctx, cancel] = Context::WithTimeout(parent, 5s);
  while (!stop) {
    Select(OnReceive(events, [&](std::optional<int> event) { stop = !event; }),
           OnReceive(ctx.Done(), [&] { stop = true; }),  //
           OnTimeout(1s, [&] { ++ticks; }));
  }
  // end
  EXPECT_EQ(ticks, 4);
}

XEBEC_SIM_TEST(ConcurrencyDocs, Groups) {
  const std::vector<int> keys{1, 2, 3};
  auto sync = [](const Context&, int key) -> Result<void> {
    if (key == 2) return Error::Internal("key 2");
    return {};
  };
  // doc: groups
  ErrGroup group;
  for (int key : keys) {
    group.Go([&, key] { return sync(group.ctx(), key); });
  }
  Result<void> result = group.Wait();  // the first error
  // end
  EXPECT_TRUE(IsInternalError(result.error()));
}

XEBEC_TEST(ConcurrencyDocs, FakeClock) {
  // doc: fakeclock
  FakeClock clock;
  Chan<Unit> done;
  Go([&] {
    clock.Sleep(1h);
    done.Close();
  });
  clock.BlockUntil(1);  // the fiber waits on the clock
  clock.Advance(1h);
  done.Receive();
  // end
  EXPECT_FALSE(clock.HasWaiters());
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ConcurrencyDocs, ThePageShowsWhatIsTestedHere) {
  const std::string root = XEBEC_SOURCE_DIR;
  const std::string page = ReadFile(root + "/docs/concurrency.md");
  std::istringstream source(ReadFile(root + "/tests/runtime/sync/concurrency_docs_test.cc"));
  const std::string begin = "  // doc: ";
  std::string snippet;
  std::string name;
  int found = 0;
  for (std::string line; std::getline(source, line);) {
    if (line.rfind(begin, 0) == 0) {
      name = line.substr(begin.size());
      snippet = "```cpp\n";
    } else if (line == "  // end") {
      ++found;
      EXPECT_NE(page.find(snippet + "```\n"), std::string::npos)
          << "docs/concurrency.md does not show:\n"
          << snippet;
      name.clear();
    } else if (!name.empty()) {
      snippet += (line.size() > 2 ? line.substr(2) : "") + "\n";
    }
  }
  EXPECT_EQ(found, 5);
}

}  // namespace
}  // namespace xebec::runtime
