// What the heap's tests share.
#pragma once

#include <utility>

#include "runtime/heap/gc.h"
#include "runtime/heap/internal/settings.h"
#include "runtime/sched/fiber.h"
#include "runtime/sync/wait_group.h"

namespace xebec::gc::testing {

// Overwrites what earlier calls left below the caller's frame. Stacks are searched
// conservatively, and the next fiber gets this stack. Not for ASan to instrument: its red zones
// would keep the array away from what is to be overwritten.
[[gnu::noinline, gnu::no_sanitize_address]] inline void ScrubStack() {
  volatile char stale[16384];
  for (size_t i = 0; i < sizeof stale; ++i) stale[i] = 0;
}
template <class F>
[[gnu::noinline]] void CallDeeper(F& fn) {
  fn();
}

// Runs `fn` on a fiber of its own and waits: what it leaves on its stack is no root afterwards.
template <class F>
void InFiber(F fn) {
  runtime::WaitGroup done;
  done.Add(1);
  runtime::Go([&] {
    CallDeeper(fn);
    ScrubStack();
    done.Done();
  });
  done.Wait();
}

// Collects, from a fiber whose stack holds nothing. The caller's calls so far leave nothing either.
inline void CollectElsewhere() {
  ScrubStack();
  InFiber([] { Collect(); });
}

// Changes the heap's settings for one test.
class SettingsScope {
 public:
  template <class Change>
  explicit SettingsScope(Change change) : old_(runtime::heap::GetSettings()) {
    runtime::heap::Settings settings = old_;
    change(settings);
    runtime::heap::SetSettingsForTest(settings);
  }
  ~SettingsScope() { runtime::heap::SetSettingsForTest(old_); }
  SettingsScope(const SettingsScope&) = delete;
  SettingsScope& operator=(const SettingsScope&) = delete;

 private:
  runtime::heap::Settings old_;
};

}  // namespace xebec::gc::testing
