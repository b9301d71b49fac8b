#include "runtime/main.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "runtime/context.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/run.h"
#include "runtime/sched/park.h"

namespace xebec::runtime {
namespace {

// What the signal thread and the main fiber share. Lives as long as the process: the thread never
// ends.
struct SignalState {
  std::mutex mutex;
  CancelFunc cancel;         // guarded by mutex
  bool have_cancel = false;  // guarded by mutex
  int early_signal = 0;      // guarded by mutex; came before there was a context
};

void Cancel(const CancelFunc& cancel, int sig) {
  cancel(Error::Canceled(std::string("received ") + (sig == SIGINT ? "SIGINT" : "SIGTERM")));
}

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

void* SignalMain(void* arg) {
  auto* state = static_cast<SignalState*>(arg);
  const sigset_t set = StopSignals();
  for (bool first = true;; first = false) {
    int sig = 0;
    if (sigwait(&set, &sig) != 0) continue;
    if (!first) _exit(128 + sig);  // the second one: the user means it
    std::lock_guard lock(state->mutex);
    if (state->have_cancel) {
      Cancel(state->cancel, sig);
    } else {
      state->early_signal = sig;
    }
  }
  return nullptr;
}

}  // namespace

int Main(int argc, char** argv, std::function<int(Context)> body) {
  static_cast<void>(argc);
  static_cast<void>(argv);
  // Blocked here and so in every thread that is started later; the signal thread waits for them.
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of a write, not an end
  auto* state = new SignalState();
  pthread_t thread;
  if (pthread_create(&thread, nullptr, &SignalMain, state) != 0) {
    ThrowPanic("cannot start the signal thread: the system's limit of threads is reached");
  }
  pthread_detach(thread);

  int status = 0;
  internal::RunOptions options;
  options.catching = false;
  internal::RunMain(
      [&] {
        // A signal may come at any time, so waiting for ever is no deadlock.
        AddExternalWaker(1);
        auto [ctx, cancel] = Context::WithCancel(Context::Background());
        {
          std::lock_guard lock(state->mutex);
          state->cancel = std::move(cancel);
          state->have_cancel = true;
          if (state->early_signal != 0) Cancel(state->cancel, state->early_signal);
        }
        status = body(ctx);
        AddExternalWaker(-1);
      },
      options);
  return status;
}

}  // namespace xebec::runtime
