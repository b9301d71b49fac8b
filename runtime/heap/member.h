// Member: a reference from one managed object to another.
#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>

#include "runtime/heap/ref.h"
#include "runtime/heap/type_info.h"

namespace xebec::gc {

namespace internal {
// The phase of the collector as mutators see it. Written with the world stopped only. The
// collector marks with the world stopped today, so that it is always zero; a concurrent marker
// turns it on and gives RecordWrite a body that shades.
extern std::atomic<bool> g_barrier_on;
void RecordWrite(const void* old_value, const void* new_value);
// Aborts unless `place` is a listed word of a managed object, or on a stack.
void CheckMemberPlace(const void* place);

// The one place where a pointer is stored into a managed object.
template <class T>
inline void StoreMember(std::atomic<T*>& slot, T* value, std::memory_order order) noexcept {
  if (g_barrier_on.load(std::memory_order_relaxed)) [[unlikely]] {
    RecordWrite(slot.load(std::memory_order_relaxed), value);
  }
  slot.store(value, order);
}
}  // namespace internal

// A field of a managed type that refers to another managed object and keeps it alive as long as
// its own object is. Listed in the type's XEBEC_GC_MEMBERS; debug builds abort where one is
// constructed that is not listed.
//
// A store and a load are one relaxed atomic each: a concurrent reader sees the old or the new
// object, in no order with other writes. Use AtomicMember to publish, or a lock.
template <class T>
class Member {
 public:
  Member() noexcept : pointer_(nullptr) { CheckPlace(); }
  Member(std::nullptr_t) noexcept : Member() {}
  Member(const Member& other) noexcept : pointer_(nullptr) {
    CheckPlace();
    Store(other.get());
  }
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Member(const Ref<U>& ref) noexcept : pointer_(nullptr) {
    CheckPlace();
    Store(ref.get());
  }

  Member& operator=(const Member& other) noexcept { return Store(other.get()); }
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Member& operator=(const Ref<U>& ref) noexcept {
    return Store(ref.get());
  }
  Member& operator=(std::nullptr_t) noexcept { return Store(nullptr); }

  T* get() const noexcept { return pointer_.load(std::memory_order_relaxed); }
  operator Ref<T>() const noexcept { return Ref<T>::To(get()); }
  Ref<T> ref() const noexcept { return Ref<T>::To(get()); }
  T* operator->() const { return Checked(); }
  T& operator*() const { return *Checked(); }
  explicit operator bool() const noexcept { return get() != nullptr; }
  bool operator==(const Member& other) const noexcept { return get() == other.get(); }
  bool operator==(const Ref<T>& other) const noexcept { return get() == other.get(); }
  bool operator==(std::nullptr_t) const noexcept { return get() == nullptr; }

 private:
  Member& Store(T* value) noexcept {
    internal::StoreMember(pointer_, value, std::memory_order_relaxed);
    return *this;
  }
  T* Checked() const {
    T* pointer = get();
    if (pointer == nullptr) [[unlikely]]
      internal::PanicNullRef(__PRETTY_FUNCTION__);
    return pointer;
  }
  void CheckPlace() const {
#ifdef XEBEC_DEBUG_CHECKS
    internal::CheckMemberPlace(this);
#endif
  }

  std::atomic<T*> pointer_;
};

// A Member that publishes: stores release, loads acquire, and it can be exchanged.
template <class T>
class AtomicMember {
 public:
  AtomicMember() noexcept : pointer_(nullptr) { CheckPlace(); }
  AtomicMember(const AtomicMember&) = delete;
  AtomicMember& operator=(const AtomicMember&) = delete;

  void Store(const Ref<T>& ref) noexcept {
    internal::StoreMember(pointer_, ref.get(), std::memory_order_release);
  }
  Ref<T> Load() const noexcept { return Ref<T>::To(pointer_.load(std::memory_order_acquire)); }

  // Stores `desired` if the current object is `expected`; tells whether it did.
  bool CompareExchange(const Ref<T>& expected, const Ref<T>& desired) noexcept {
    if (internal::g_barrier_on.load(std::memory_order_relaxed)) [[unlikely]] {
      internal::RecordWrite(expected.get(), desired.get());
    }
    T* old = expected.get();
    return pointer_.compare_exchange_strong(old, desired.get(), std::memory_order_acq_rel,
                                            std::memory_order_acquire);
  }

 private:
  void CheckPlace() const {
#ifdef XEBEC_DEBUG_CHECKS
    internal::CheckMemberPlace(this);
#endif
  }

  std::atomic<T*> pointer_;
};

}  // namespace xebec::gc
