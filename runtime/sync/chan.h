#pragma once

#include <cstddef>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/sync/chan_core.h"

namespace xebec {

// A value that carries nothing: Chan<Unit> only signals.
struct Unit {
  bool operator==(const Unit&) const = default;
};

}  // namespace xebec

namespace xebec::runtime {

// A channel: values pass from fiber to fiber in order. A handle, cheap to copy; the channel lives
// as long as one.
//
//   Chan<int> jobs(8);
//   Go([jobs] { for (int i = 0; i < 100; ++i) jobs.Send(i); jobs.Close(); });
//   for (int job : jobs) Work(job);
//
// With capacity 0 a send waits for its receiver. What a fiber did before Send happens before what
// the receiver does after it; the k-th Receive from a channel of capacity C happens before Send
// k + C has returned. Sending on a closed channel, closing twice and closing a nil channel are
// Panics. All calls are safe from any fiber. T must be nothrow-movable; moving one must not block.
//
// `Chan<T>(nullptr)` is the nil channel: both directions block for ever, and in Select its cases
// never run.
template <class T>
class Chan {
  static_assert(std::is_nothrow_move_constructible_v<T>, "a channel moves its values");
  static_assert(std::is_nothrow_destructible_v<T>);

 public:
  using value_type = T;

  explicit Chan(size_t capacity = 0)
      : core_(internal::NewChanCore(&kOps, alignof(T), capacity, kMayHoldRefs)) {}
  template <class N>
    requires std::is_same_v<N, std::nullptr_t>
  explicit constexpr Chan(N) : core_(nullptr) {}
  Chan(const Chan& other) : core_(other.core_) {
    if (core_ != nullptr) core_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  // The source becomes the nil channel.
  Chan(Chan&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  Chan& operator=(Chan other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~Chan() {
    if (core_ != nullptr && core_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      internal::DestroyChanCore(core_);
    }
  }

  // Blocks until a receiver takes `value` or the buffer has room for it. Not cancellable: use
  // Select with ctx.Done() for that.
  void Send(T value) const {
    if (core_ == nullptr) internal::BlockForever(WaitReason::kChanSendNil);
    Poll();
    core_->lock.lock();
    if (!SendLocked(value)) internal::SendBlocking(core_, &value);
  }

  // Sends if that needs no waiting; `value` is moved from only then.
  bool TrySend(T& value) const {
    if (core_ == nullptr) return false;
    Poll();
    core_->lock.lock();
    if (SendLocked(value)) return true;
    core_->lock.unlock();
    return false;
  }
  bool TrySend(T&& value) const { return TrySend(value); }

  // Blocks until a value comes; empty once the channel is closed and its buffer drained.
  std::optional<T> Receive() const {
    if (core_ == nullptr) internal::BlockForever(WaitReason::kChanReceiveNil);
    Poll();
    std::optional<T> value;
    core_->lock.lock();
    if (ReceiveLocked(value)) return value;
    Landing landing;
    if (internal::ReceiveBlocking(core_, landing.bytes)) landing.MoveTo(value);
    return value;
  }

  // A value if one is there without waiting. Empty tells nothing about whether the channel is
  // closed.
  std::optional<T> TryReceive() const {
    std::optional<T> value;
    if (core_ == nullptr) return value;
    Poll();
    core_->lock.lock();
    if (!ReceiveLocked(value)) core_->lock.unlock();
    return value;
  }

  // No more values will be sent: receivers that wait, and later ones once the buffer is empty, get
  // nothing; senders that wait panic.
  void Close() const { internal::CloseChan(core_); }

  // Whether Close was called. Another fiber may do so at any time.
  bool closed() const { return core_ != nullptr && core_->closed.load(std::memory_order_acquire); }
  // How many values lie in the buffer.
  size_t Len() const { return core_ == nullptr ? 0 : core_->count.load(std::memory_order_relaxed); }
  size_t Cap() const { return core_ == nullptr ? 0 : core_->capacity; }
  bool IsNil() const { return core_ == nullptr; }

  // True for handles of the same channel.
  friend bool operator==(const Chan& a, const Chan& b) { return a.core_ == b.core_; }

  // Receives until the channel is closed.
  class Iterator {
   public:
    explicit Iterator(const Chan* chan) : chan_(chan) { ++*this; }
    T& operator*() { return *value_; }
    Iterator& operator++() {
      // Not an assignment: T need not be assignable.
      value_.reset();
      if (std::optional<T> next = chan_->Receive()) value_.emplace(std::move(*next));
      return *this;
    }
    bool operator==(std::nullptr_t) const { return !value_.has_value(); }

   private:
    const Chan* chan_;
    std::optional<T> value_;
  };
  Iterator begin() const { return Iterator(this); }
  std::nullptr_t end() const { return nullptr; }

  // For Select.
  internal::ChanCore* core() const { return core_; }

 private:
  // Numbers, flags and addresses of unmanaged things need no scan.
  static constexpr bool kMayHoldRefs =
      !std::is_arithmetic_v<T> && !std::is_enum_v<T> && !std::is_empty_v<T>;
  static constexpr internal::ElementOps kOps{
      sizeof(T), [](void* to, void* from) { ::new (to) T(std::move(*static_cast<T*>(from))); },
      [](void* element) { static_cast<T*>(element)->~T(); }};

  // Raw memory that a value is constructed into by its sender.
  struct Landing {
    alignas(T) std::byte bytes[sizeof(T)];
    T* get() { return std::launder(reinterpret_cast<T*>(bytes)); }
    void MoveTo(std::optional<T>& value) {
      value.emplace(std::move(*get()));
      get()->~T();
    }
  };

  // With the lock held: true if `value` was sent, and then the lock is free.
  bool SendLocked(T& value) const {
    internal::ChanCore* c = core_;
    if (c->ClosedLocked()) [[unlikely]]
      internal::SendOnClosed(c);
    if (internal::ChanWaiter* w = c->receivers.Dequeue()) {
      ::new (w->slot) T(std::move(value));
      w->ok = true;
      G* g = w->g;
      c->lock.unlock();
      Ready(g);
      return true;
    }
    const size_t count = c->CountLocked();
    if (count == c->capacity) return false;
    ::new (static_cast<void*>(c->buffer + c->send_index * sizeof(T))) T(std::move(value));
    c->send_index = c->Next(c->send_index);
    c->count.store(count + 1, std::memory_order_relaxed);
    c->lock.unlock();
    return true;
  }

  // With the lock held: true if the outcome is in `value` (empty: closed), and then the lock is
  // free.
  bool ReceiveLocked(std::optional<T>& value) const {
    internal::ChanCore* c = core_;
    if (internal::ChanWaiter* w = c->senders.Dequeue()) {
      Landing landing;
      internal::ReceiveFromSender(c, w, landing.bytes);
      landing.MoveTo(value);
      return true;
    }
    const size_t count = c->CountLocked();
    if (count == 0) {
      if (!c->ClosedLocked()) return false;
      c->lock.unlock();
      return true;
    }
    T* element = std::launder(reinterpret_cast<T*>(c->buffer + c->receive_index * sizeof(T)));
    value.emplace(std::move(*element));
    element->~T();
    c->receive_index = c->Next(c->receive_index);
    c->count.store(count - 1, std::memory_order_relaxed);
    c->lock.unlock();
    return true;
  }

  internal::ChanCore* core_;
};

}  // namespace xebec::runtime
