#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

#include "runtime/sched/current.h"

namespace xebec::runtime {

using FiberId = uint64_t;

namespace internal {
struct NewFiber {
  G* g;
  void* closure;  // `size` bytes for the function object: in the G itself if it is small
};
NewFiber BeginGo(std::string_view name, std::source_location where, size_t size, size_t align);
void FinishGo(G* g, void (*run)(void* closure));
void AbandonGo(G* g) noexcept;

template <class Fn>
void RunClosure(void* closure) {
  struct Destroy {
    Fn* fn;
    ~Destroy() { fn->~Fn(); }
  } destroy{static_cast<Fn*>(closure)};
  (*destroy.fn)();
}
}  // namespace internal

// Starts a fiber that runs a copy of `fn` (small ones are stored in the fiber itself). `name` is
// copied, at most 63 bytes of it; dumps, panics and crash reports show it.
//
// Never blocks. From any thread while the scheduler runs; from a fiber it is cheapest (the new
// fiber runs next on this P). An exception that leaves `fn` ends the process, as in Go.
template <class F>
void GoNamed(std::string_view name, F&& fn,
             std::source_location where = std::source_location::current()) {
  using Fn = std::decay_t<F>;
  static_assert(std::is_invocable_v<Fn&>, "Go takes a function without arguments");
  internal::NewFiber fiber = internal::BeginGo(name, where, sizeof(Fn), alignof(Fn));
  if constexpr (std::is_nothrow_constructible_v<Fn, F&&>) {
    ::new (fiber.closure) Fn(std::forward<F>(fn));
  } else {
    try {
      ::new (fiber.closure) Fn(std::forward<F>(fn));
    } catch (...) {
      internal::AbandonGo(fiber.g);
      throw;
    }
  }
  internal::FinishGo(fiber.g, &internal::RunClosure<Fn>);
}

// Starts a fiber that has no name but its number.
template <class F>
void Go(F&& fn, std::source_location where = std::source_location::current()) {
  GoNamed(std::string_view(), std::forward<F>(fn), where);
}

// Lets the other fibers of this P run first. Outside of fibers, the thread yields.
void Yield();

// Yields only if the scheduler asked for it (after 10 ms, or to stop the world). For long loops.
[[gnu::always_inline]] inline void YieldIfNeeded() { Poll(); }

// The running fiber's id, unique in the process; 0 outside of fibers.
FiberId CurrentFiberId();
// Its name, or "fiber ID"; "thread" outside of fibers. Valid while the fiber runs.
std::string_view CurrentFiberName();
inline bool OnFiber() { return CurrentG() != nullptr; }

// The number of Ps. SetProcs changes it at run time: stops the world briefly. `n` is clamped to
// 1…256. Call it from a fiber or before the scheduler starts.
void SetProcs(int n);
int Procs();

namespace internal {
extern "C" void xebec_enter_blocking();
void ExitBlocking();
struct BlockingScope {
  BlockingScope() { xebec_enter_blocking(); }
  ~BlockingScope() { ExitBlocking(); }
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;
};
}  // namespace internal

// Runs `fn`, which may block the thread (files, getaddrinfo, foreign libraries), on this thread;
// if it takes longer than some 20 µs, the P goes on with other fibers on another thread.
//
// `fn` must not use the managed heap (no Make, no Member store, no new Ref), nor channels, locks
// or other calls that park. Nested calls are fine. errno is not kept: return what you need.
// In a simulation and outside of fibers `fn` simply runs.
template <class F>
decltype(auto) Blocking(F&& fn) {
  internal::BlockingScope scope;
  return std::forward<F>(fn)();
}

// While it lives, its fiber stays on its thread, and no other fiber runs there: for libraries that
// keep state by thread. May be nested. Each switch to and from such a fiber costs a thread switch.
class LockThread {
 public:
  LockThread();
  ~LockThread();
  LockThread(const LockThread&) = delete;
  LockThread& operator=(const LockThread&) = delete;
};

namespace internal {
size_t NewFiberLocalKey();
// The running fiber's value for `key`, made by `make` at first use; destroyed when the fiber ends.
void* FiberLocalValue(size_t key, void* (*make)(), void (*destroy)(void*));
}  // namespace internal

// A value for each fiber, default-constructed at its first use there and destroyed when the fiber
// ends. Declare it at namespace scope. Holds no gc::Ref (a Root is fine). Panics outside of fibers.
template <class T>
class FiberLocal {
 public:
  FiberLocal() : key_(internal::NewFiberLocalKey()) {}
  FiberLocal(const FiberLocal&) = delete;
  FiberLocal& operator=(const FiberLocal&) = delete;

  T& Get() {
    return *static_cast<T*>(internal::FiberLocalValue(
        key_, []() -> void* { return new T(); },
        [](void* value) { delete static_cast<T*>(value); }));
  }
  T& operator*() { return Get(); }
  T* operator->() { return &Get(); }

 private:
  size_t key_;
};

}  // namespace xebec::runtime
