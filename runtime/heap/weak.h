// Weak: a reference that does not keep its object alive.
#pragma once

#include <cstddef>
#include <utility>

#include "runtime/heap/ref.h"

namespace xebec::gc {

namespace internal {
struct WeakBox;
WeakBox* AcquireWeakBox(const void* object);   // a new reference to the object's box
void RetainWeakBox(WeakBox* box) noexcept;
void ReleaseWeakBox(WeakBox* box) noexcept;
void* LockWeakBox(WeakBox* box);               // null once the object was collected
}  // namespace internal

/// Refers to a managed object without keeping it alive. Lock returns it, or null from the first
/// collection on that found it unreachable. Lives anywhere but in managed objects (it owns memory);
/// construction from a Ref and Lock are for fibers. All Weak of one object compare equal, also
/// after its end.
template <class T>
class Weak {
 public:
  Weak() noexcept = default;
  Weak(const Ref<T>& ref)
      : box_(ref ? internal::AcquireWeakBox(ref.get()) : nullptr), object_(ref.get()) {}
  Weak(const Weak& other) noexcept : box_(other.box_), object_(other.object_) {
    if (box_) internal::RetainWeakBox(box_);
  }
  Weak(Weak&& other) noexcept
      : box_(std::exchange(other.box_, nullptr)), object_(std::exchange(other.object_, nullptr)) {}
  ~Weak() {
    if (box_) internal::ReleaseWeakBox(box_);
  }
  Weak& operator=(Weak other) noexcept {
    std::swap(box_, other.box_);
    std::swap(object_, other.object_);
    return *this;
  }

  /// The object if it is still reachable or not yet collected, else null. Cost: some 10 ns, and
  /// the sweep of the object's span if a collection just ended.
  Ref<T> Lock() const {
    if (box_ == nullptr || internal::LockWeakBox(box_) == nullptr) return nullptr;
    return Ref<T>::To(object_);
  }

  bool operator==(const Weak& other) const noexcept { return box_ == other.box_; }

 private:
  internal::WeakBox* box_ = nullptr;
  T* object_ = nullptr;  // valid only while the box says so
};

}  // namespace xebec::gc
