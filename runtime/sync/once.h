#pragma once

#include <exception>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/sched/atomic.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime {

// Runs a function once, whatever the number of callers.
class Once {
 public:
  constexpr Once() = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // The first call runs `fn`; every other call returns when that run has ended. An `fn` that
  // throws counts as run: its caller gets the exception, later calls do nothing. Calling Do from
  // within `fn` on the same Once deadlocks.
  template <class F>
  void Do(F&& fn) {
    if (done_.load(std::memory_order_acquire)) [[likely]]
      return;
    std::lock_guard lock(mutex_);
    if (done_.load(std::memory_order_relaxed)) return;
    struct MarkDone {
      Atomic<bool>& done;
      ~MarkDone() { done.store(true, std::memory_order_release); }
    } mark{done_};
    std::forward<F>(fn)();
  }

 private:
  Atomic<bool> done_{false};
  Mutex mutex_;
};

// A value that is computed by the first call and returned by every call. If the function throws,
// every call throws the same exception.
//
//   OnceValue config([] { return ReadConfig(); });
//   Use(config());
template <class F>
class OnceValue {
 public:
  using Value = std::decay_t<std::invoke_result_t<F&>>;

  explicit OnceValue(F fn) : fn_(std::move(fn)) {}
  OnceValue(const OnceValue&) = delete;
  OnceValue& operator=(const OnceValue&) = delete;

  const Value& operator()() {
    once_.Do([this] {
      try {
        value_.emplace((*fn_)());
      } catch (...) {
        error_ = std::current_exception();
      }
      fn_.reset();
    });
    if (error_) std::rethrow_exception(error_);
    return *value_;
  }

 private:
  Once once_;
  std::optional<F> fn_;
  std::optional<Value> value_;
  std::exception_ptr error_;
};

}  // namespace xebec::runtime
