#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/sync/chan.h"

namespace xebec::runtime {

namespace internal {

struct SelectCase {
  enum class Kind : uint8_t { kReceive, kSend, kTimeout, kDefault };
  Kind kind;
  bool ok = false;           // receive: a value lies in the slot; else the channel is closed
  ChanCore* core = nullptr;  // null: the nil channel
  void* slot = nullptr;
  int64_t timeout_nanos = 0;
};

// Works out which case runs; moves the value. `order` has room for 2 n numbers, `waiters` for n.
int SelectCore(SelectCase* const* cases, int n, uint8_t* order, ChanWaiter* waiters);

template <class T, class F>
class ReceiveCase : public SelectCase {
 public:
  ReceiveCase(const Chan<T>& chan, F fn)
      : SelectCase{.kind = Kind::kReceive, .core = chan.core()}, fn_(std::forward<F>(fn)) {
    slot = bytes_;
  }
  ReceiveCase(const ReceiveCase&) = delete;
  void Run() {
    std::optional<T> value;
    if (ok) {
      T* element = std::launder(reinterpret_cast<T*>(bytes_));
      value.emplace(std::move(*element));
      element->~T();
    }
    if constexpr (std::is_invocable_v<F&, std::optional<T>>) {
      fn_(std::move(value));
    } else {
      fn_();
    }
  }

 private:
  alignas(T) std::byte bytes_[sizeof(T)];
  F fn_;
};

template <class T, class F>
class SendCase : public SelectCase {
 public:
  SendCase(const Chan<T>& chan, T value, F fn)
      : SelectCase{.kind = Kind::kSend, .core = chan.core()},
        value_(std::move(value)),
        fn_(std::forward<F>(fn)) {
    slot = &value_;
  }
  SendCase(const SendCase&) = delete;
  void Run() { fn_(); }

 private:
  T value_;
  F fn_;
};

template <class F>
class PlainCase : public SelectCase {
 public:
  PlainCase(Kind kind, int64_t nanos, F fn)
      : SelectCase{.kind = kind, .timeout_nanos = nanos}, fn_(std::forward<F>(fn)) {}
  PlainCase(const PlainCase&) = delete;
  void Run() { fn_(); }

 private:
  F fn_;
};

struct Nothing {
  void operator()() const {}
};

}  // namespace internal

// The cases of a Select. Each is to be written inside of its call.
//
// OnReceive's function takes a std::optional<T> (empty: the channel is closed) or nothing.
template <class T, class F = internal::Nothing>
[[nodiscard]] auto OnReceive(const Chan<T>& chan, F&& fn = {}) {
  return internal::ReceiveCase<T, F>(chan, std::forward<F>(fn));
}
// `value` is moved away only if this case runs; then fn() is called. A closed channel is a Panic.
template <class T, class F = internal::Nothing>
[[nodiscard]] auto OnSend(const Chan<T>& chan, std::type_identity_t<T> value, F&& fn = {}) {
  return internal::SendCase<T, F>(chan, std::move(value), std::forward<F>(fn));
}
// Runs when no other case was ready for `d`. At most one for each Select.
template <class F = internal::Nothing>
[[nodiscard]] auto OnTimeout(std::chrono::nanoseconds d, F&& fn = {}) {
  return internal::PlainCase<F>(internal::SelectCase::Kind::kTimeout, d.count(),
                                std::forward<F>(fn));
}
// Runs when no other case is ready at once. At most one for each Select.
template <class F = internal::Nothing>
[[nodiscard]] auto Default(F&& fn = {}) {
  return internal::PlainCase<F>(internal::SelectCase::Kind::kDefault, 0, std::forward<F>(fn));
}

// Waits until one of the cases can go on, does it, runs its function, and returns its index. Among
// several that are ready one is picked at random. Blocks unless there is a Default; cancellable
// through a case for ctx.Done(). Without cases it blocks for ever.
//
//   Select(OnReceive(events, [&](std::optional<Event> e) { Handle(e); }),
//          OnReceive(ctx.Done(), [&] { stop = true; }),
//          OnTimeout(1s, [&] { Tick(); }));
template <class... Cases>
int Select(Cases&&... cases) {
  constexpr int kCases = sizeof...(Cases);
  static_assert(kCases <= 120, "a Select has at most 120 cases");
  if constexpr (kCases == 0) {
    internal::BlockForever(WaitReason::kSelectNoCases);
  } else {
    const std::array<internal::SelectCase*, kCases> all{&cases...};
    std::array<uint8_t, 2 * kCases> order;
    std::array<internal::ChanWaiter, kCases> waiters;
    const int chosen = internal::SelectCore(all.data(), kCases, order.data(), waiters.data());
    int index = 0;
    static_cast<void>(((index++ == chosen && (cases.Run(), true)) || ...));
    return chosen;
  }
}

}  // namespace xebec::runtime
