#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/error.h"
#include "runtime/result.h"
#include "runtime/sync/chan.h"

namespace xebec {

class CancelFunc;
class StopFunc;

namespace internal {
struct ContextState;
void Ref(ContextState* state);
void Unref(ContextState* state);

// Something to be told when a context ends. Lies in its owner's memory. `fn` runs in the fiber (or
// on the scheduler's stack) that ends the context, under its lock: it must be short, must not block
// and may only take locks that are never held while a context is touched.
struct CancelNode {
  void (*fn)(CancelNode* self) = nullptr;
  CancelNode* next = nullptr;
  CancelNode* prev = nullptr;
  bool queued = false;
};
}  // namespace internal

// Names a value that contexts carry; compared by address, so declare it at namespace scope:
//
//   inline constexpr ContextKey<std::string> kTraceId{"trace id"};
template <class T>
struct ContextKey {
  const char* name;
};

// Carries an end (a cancellation, a deadline) and values down the calls that work for one cause.
//
// A handle, cheap to copy; it may be kept anywhere. It is passed first to everything that waits
// for I/O, time or other people's work. Contexts form a tree: one ends when its parent does. No
// fiber stands behind one; a deadline is a timer. All calls are safe from any fiber and from
// threads.
//
//   auto [ctx, cancel] = Context::WithTimeout(parent, 5s);
//   if (Result<Pod> pod = client.Get<Pod>(ctx, key); !pod) …
//
// A context that nobody holds any more leaves its parent and stops its timer: forgetting to cancel
// leaks nothing.
class Context {
 public:
  // The root: never ends, has no deadline and no values.
  Context() : state_(nullptr) {}
  static Context Background() { return Context(); }

  // A child that ends when `cancel()` is called, or with its parent.
  static std::pair<Context, CancelFunc> WithCancel(const Context& parent);
  // … or after `d`, with DeadlineExceeded.
  static std::pair<Context, CancelFunc> WithTimeout(const Context& parent,
                                                    std::chrono::nanoseconds d);
  // … or when NanoTime reaches `deadline`. A deadline later than the parent's changes nothing.
  static std::pair<Context, CancelFunc> WithDeadline(const Context& parent, int64_t deadline);
  // A child that knows `value` under `key`.
  template <class T>
  static Context WithValue(const Context& parent, const ContextKey<T>& key,
                           std::type_identity_t<T> value) {
    return WithRawValue(parent, &key, std::make_shared<const T>(std::move(value)));
  }

  Context(const Context& other) : state_(other.state_) {
    if (state_ != nullptr) internal::Ref(state_);
  }
  Context(Context&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Context& operator=(Context other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Context() {
    if (state_ != nullptr) internal::Unref(state_);
  }

  // Closed when the context ends; the nil channel if it never can.
  const runtime::Chan<Unit>& Done() const;
  bool IsDone() const;
  // Nothing while it goes on; then Canceled or DeadlineExceeded.
  std::optional<Error> Err() const;
  // Why it ended: what was given to the CancelFunc that ended it or its ancestor, else Err().
  std::optional<Error> Cause() const;
  // Its own or its ancestors' earliest deadline, on NanoTime's scale.
  std::optional<int64_t> Deadline() const;
  // The value of the nearest context that has `key`, or null. Lives as long as the context.
  template <class T>
  const T* Value(const ContextKey<T>& key) const {
    return static_cast<const T*>(RawValue(&key));
  }

  // Runs `fn` in a fiber of its own once the context has ended (at once if it has). The result
  // undoes that.
  StopFunc AfterFunc(std::function<void()> fn) const;

  // Error if the context has ended: `XEBEC_TRY(ctx.Check())`.
  Result<void> Check() const;

  // For the runtime: `node->fn` is called when the context ends. False if it has ended already:
  // then it is not called. After Unregister it is neither running nor will it be called; true if
  // it never was.
  bool Register(internal::CancelNode* node) const;
  bool Unregister(internal::CancelNode* node) const;

  friend bool operator==(const Context& a, const Context& b) { return a.state_ == b.state_; }

 private:
  friend struct internal::ContextState;
  explicit Context(internal::ContextState* state) : state_(state) {}
  static Context WithRawValue(const Context& parent, const void* key,
                              std::shared_ptr<const void> value);
  const void* RawValue(const void* key) const;
  static std::pair<Context, CancelFunc> MakeCancelable(const Context& parent,
                                                       std::optional<int64_t> deadline);

  internal::ContextState* state_;
};

// Ends a context. Copies end the same one; the first call counts.
class CancelFunc {
 public:
  CancelFunc() = default;
  explicit CancelFunc(Context ctx) : ctx_(std::move(ctx)) {}
  // Ends the context and all below it before it returns. `cause` is what Cause() tells. Never
  // blocks.
  void operator()(std::optional<Error> cause = std::nullopt) const;

 private:
  Context ctx_;
};

// Undoes Context::AfterFunc.
class StopFunc {
 public:
  // True if that kept the function from being started.
  bool operator()() const;

 private:
  friend class Context;
  struct Registration;
  explicit StopFunc(std::shared_ptr<Registration> registration)
      : registration_(std::move(registration)) {}
  std::shared_ptr<Registration> registration_;
};

// Blocks for `d` or until `ctx` ends, and tells which by an error.
Result<void> SleepFor(const Context& ctx, std::chrono::nanoseconds d);

}  // namespace xebec
