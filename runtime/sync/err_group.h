#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "runtime/context.h"
#include "runtime/result.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/semaphore.h"
#include "runtime/sync/wait_group.h"

namespace xebec::runtime {

// Runs tasks in fibers of their own and returns the first error.
//
//   ErrGroup group(ctx);
//   for (auto& key : keys) group.Go([&] { return Sync(group.ctx(), key); });
//   return group.Wait();
//
// The first error cancels ctx(), with that error as its cause, so that the other tasks can stop
// early. A task that panics ends the process, as any fiber does. One fiber calls Go and Wait.
class ErrGroup {
 public:
  // `limit`: how many tasks run at once; 0: any number (unbounded because callers know theirs).
  explicit ErrGroup(const Context& parent = Context::Background(), int64_t limit = 0);
  // Waits for the tasks.
  ~ErrGroup();
  ErrGroup(const ErrGroup&) = delete;
  ErrGroup& operator=(const ErrGroup&) = delete;

  // Ends at the first error, and when Wait returns.
  const Context& ctx() const { return ctx_; }

  // Starts a task; blocks while `limit` of them run.
  void Go(std::function<Result<void>()> task);
  // Starts it unless `limit` of them run.
  bool TryGo(std::function<Result<void>()> task);

  // Blocks until all tasks have ended. The first error there was, in time.
  Result<void> Wait();

 private:
  void Start(std::function<Result<void>()> task);

  Context ctx_;
  CancelFunc cancel_;
  std::optional<Semaphore> slots_;
  WaitGroup running_;
  Mutex mutex_;
  std::optional<Error> first_error_;  // guarded by mutex_
};

}  // namespace xebec::runtime
