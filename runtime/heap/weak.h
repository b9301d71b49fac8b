// Weak: a reference that does not keep its object alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/heap/ref.h"

namespace xebec::gc {

namespace internal {
struct WeakBox;
WeakBox* AcquireWeakBox(const void* object);  // a new reference to the object's box
void RetainWeakBox(WeakBox* box) noexcept;
void ReleaseWeakBox(WeakBox* box) noexcept;
void* LockWeakBox(WeakBox* box);  // null once the object was collected
}  // namespace internal

// Refers to a managed object without keeping it alive. Lock returns it, or null from the first
// collection on that found it unreachable. Lives anywhere but in managed objects (it owns memory);
// construction from a Ref and Lock are for fibers. All Weak of one object compare equal, also
// after its end.
template <class T>
class Weak {
 public:
  Weak() noexcept = default;
  Weak(const Ref<T>& ref)
      : box_(ref ? internal::AcquireWeakBox(ref.get()) : nullptr), hidden_(Hide(ref.get())) {}
  Weak(const Weak& other) noexcept : box_(other.box_), hidden_(other.hidden_) {
    if (box_) internal::RetainWeakBox(box_);
  }
  Weak(Weak&& other) noexcept : box_(std::exchange(other.box_, nullptr)), hidden_(other.hidden_) {}
  ~Weak() {
    if (box_) internal::ReleaseWeakBox(box_);
  }
  Weak& operator=(Weak other) noexcept {
    std::swap(box_, other.box_);
    std::swap(hidden_, other.hidden_);
    return *this;
  }

  // The object if it is still reachable or not yet collected, else null. Cost: some 10 ns, and
  // the sweep of the object's span if a collection just ended.
  Ref<T> Lock() const {
    if (box_ == nullptr || internal::LockWeakBox(box_) == nullptr) return nullptr;
    return Ref<T>::To(reinterpret_cast<T*>(~hidden_));
  }

  bool operator==(const Weak& other) const noexcept { return box_ == other.box_; }

 private:
  static uintptr_t Hide(const T* object) { return ~reinterpret_cast<uintptr_t>(object); }

  internal::WeakBox* box_ = nullptr;
  // The object's address (valid only while the box says so), inverted: a Weak on a stack must not
  // look like a reference to the collector.
  uintptr_t hidden_ = 0;
};

}  // namespace xebec::gc
