// Root: a reference to a managed object from anywhere outside of the managed heap.
#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "runtime/heap/ref.h"

namespace xebec::gc {

namespace internal {
// A slot that the collector reads. Free slots hold a tagged link (bit 0 set).
struct RootSlot {
  std::atomic<void*> value;
};

RootSlot* NewRootSlot(void* object);
void FreeRootSlot(RootSlot* slot) noexcept;
void StoreRootSlot(RootSlot* slot, void* object) noexcept;
// Makes a new slot with what `slot` holds, as one step for the collector.
RootSlot* CopyRootSlot(const RootSlot* slot);
// Panics unless the caller is a fiber that runs with a P.
void RequireFiber(const char* what);
}  // namespace internal

// A reference that keeps a managed object alive from anywhere: a global, an STL container, a
// C++ object on the heap, a foreign thread, code in Blocking, before the runtime runs.
//
// 8 bytes. A copy takes a slot of its own, a move steals it; null takes none. Different Roots may
// be used by different threads at once; one Root is guarded by its user, as a shared_ptr is. In
// a managed object use Member: Root there would keep cycles alive for ever (and does not compile,
// as managed types are trivially destructible). Conversion to Ref is for fibers only.
template <class T>
class Root {
 public:
  Root() noexcept : slot_(nullptr) {}
  Root(std::nullptr_t) noexcept : slot_(nullptr) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Root(const Ref<U>& ref) : slot_(MakeSlot(ref.get())) {}
  Root(const Root& other) : slot_(other.slot_ ? internal::CopyRootSlot(other.slot_) : nullptr) {}
  Root(Root&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  ~Root() {
    if (slot_) internal::FreeRootSlot(slot_);
  }

  Root& operator=(const Root& other) {
    if (this != &other) Root(other).swap(*this);
    return *this;
  }
  Root& operator=(Root&& other) noexcept {
    Root(std::move(other)).swap(*this);
    return *this;
  }
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Root& operator=(const Ref<U>& ref) {
    T* object = ref.get();
    if (slot_ && object) {
      internal::StoreRootSlot(slot_, Erase(object));
    } else {
      Root(ref).swap(*this);
    }
    return *this;
  }
  Root& operator=(std::nullptr_t) noexcept {
    Root().swap(*this);
    return *this;
  }

  void swap(Root& other) noexcept { std::swap(slot_, other.slot_); }

  // The object; alive as long as this Root is and holds it.
  T* get() const noexcept {
    return slot_ ? static_cast<T*>(slot_->value.load(std::memory_order_relaxed)) : nullptr;
  }
  operator Ref<T>() const { return ref(); }
  Ref<T> ref() const {
    internal::RequireFiber("a Ref");
    return Ref<T>::To(get());
  }
  T* operator->() const { return Checked(); }
  T& operator*() const { return *Checked(); }
  explicit operator bool() const noexcept { return slot_ != nullptr; }
  bool operator==(const Root& other) const noexcept { return get() == other.get(); }
  bool operator==(const Ref<T>& other) const noexcept { return get() == other.get(); }
  bool operator==(std::nullptr_t) const noexcept { return slot_ == nullptr; }

 private:
  static void* Erase(T* object) {
    return const_cast<void*>(static_cast<const volatile void*>(object));
  }
  static internal::RootSlot* MakeSlot(T* object) {
    return object ? internal::NewRootSlot(Erase(object)) : nullptr;
  }
  T* Checked() const {
    if (slot_ == nullptr) [[unlikely]]
      internal::PanicNullRef(__PRETTY_FUNCTION__);
    return get();
  }

  internal::RootSlot* slot_;
};

}  // namespace xebec::gc
