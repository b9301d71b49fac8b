// Ref: a reference to a managed object, for fiber stacks.
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>

namespace xebec::gc {

namespace internal {
[[noreturn]] void PanicNullRef(const char* function);
// Aborts unless `place` is on the current fiber's stack, in its closure or in a root range.
void CheckRefPlace(const void* place);
}  // namespace internal

// A reference to a managed object that keeps it alive. 8 bytes, cheap to copy.
//
// Lives on fiber stacks, in closures of Go and in channel buffers, and nowhere else: these are
// what the collector searches for it. Fields of managed objects are Member, everything else is
// Root. Debug builds abort where a Ref is constructed or assigned anywhere else, also where one
// fiber writes a Ref on another fiber's stack. A dereference of null is a Panic.
template <class T>
class Ref {
 public:
  Ref() noexcept : Ref(nullptr) {}
  Ref(std::nullptr_t) noexcept : pointer_(nullptr) { CheckPlace(); }

#ifdef XEBEC_DEBUG_CHECKS
  Ref(const Ref& other) noexcept : pointer_(other.pointer_) { CheckPlace(); }
  Ref& operator=(const Ref& other) noexcept {
    pointer_ = other.pointer_;
    CheckPlace();
    return *this;
  }
#endif

  template <class U>
    requires std::is_convertible_v<U*, T*>
  Ref(const Ref<U>& other) noexcept : pointer_(other.get()) {
    CheckPlace();
  }

  // A Ref to a managed object that is alive, such as `this`, or to a part of one.
  static Ref To(T* object) noexcept { return Ref(object, Raw{}); }

  T* get() const noexcept { return pointer_; }
  T* operator->() const { return Checked(); }
  T& operator*() const { return *Checked(); }
  explicit operator bool() const noexcept { return pointer_ != nullptr; }

  template <class U>
  bool operator==(const Ref<U>& other) const noexcept {
    return pointer_ == other.get();
  }
  bool operator==(std::nullptr_t) const noexcept { return pointer_ == nullptr; }

 private:
  struct Raw {};
  Ref(T* object, Raw) noexcept : pointer_(object) { CheckPlace(); }

  T* Checked() const {
    if (pointer_ == nullptr) [[unlikely]]
      internal::PanicNullRef(__PRETTY_FUNCTION__);
    return pointer_;
  }

  void CheckPlace() const {
#ifdef XEBEC_DEBUG_CHECKS
    internal::CheckRefPlace(this);
#endif
  }

  T* pointer_;
};

// The same object as another type, as static_cast does it.
template <class T, class U>
Ref<T> StaticRefCast(const Ref<U>& ref) {
  return Ref<T>::To(static_cast<T*>(ref.get()));
}

}  // namespace xebec::gc

template <class T>
struct std::hash<xebec::gc::Ref<T>> {
  size_t operator()(const xebec::gc::Ref<T>& ref) const noexcept {
    return std::hash<T*>{}(ref.get());
  }
};
