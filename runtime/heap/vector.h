// Vector: a managed array that grows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "runtime/heap/array.h"
#include "runtime/heap/make.h"
#include "runtime/heap/member.h"

namespace xebec::gc {

// A growing array on the managed heap: a field of a managed type (listed as a Member is), or an
// object of its own (Make<Vector<T>>()), or a local of a fiber. T as in Array; for references use
// Vector<Member<Node>>.
//
// A copy shares the elements until one of the two grows: hand it on by reference. An index out of
// range is a Panic. Growing moves the elements; references into the old ones stay valid and see
// the old values. Not for two fibers at once without a lock.
template <class T>
class Vector {
 public:
  Vector() noexcept = default;

  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  size_t capacity() const noexcept { return elements_ ? elements_->size() : 0; }
  T* data() noexcept { return elements_ ? elements_->data() : nullptr; }
  const T* data() const noexcept { return elements_ ? elements_->data() : nullptr; }
  T& operator[](size_t i) { return data()[Checked(i)]; }
  const T& operator[](size_t i) const { return data()[Checked(i)]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }

  void reserve(size_t n) {
    if (n > capacity()) Grow(n);
  }
  template <class U>
  void push_back(const U& value) {
    if (size_ == capacity()) Grow(std::max<size_t>(4, size_ * 2));
    data()[size_++] = value;
  }
  void pop_back() {
    Checked(size_ - 1);
    data()[--size_] = T();  // so that it keeps nothing alive
  }
  void resize(size_t n) {
    reserve(n);
    for (size_t i = n; i < size_; ++i) data()[i] = T();
    size_ = n;
  }
  void clear() { resize(0); }

 private:
  size_t Checked(size_t i) const {
    if (i >= size_) [[unlikely]]
      internal::PanicIndex(i, size_);
    return i;
  }
  void Grow(size_t capacity) {
    Ref<Array<T>> grown = MakeArray<T>(capacity);
    std::copy(begin(), end(), grown->data());
    elements_ = grown;
  }

  Member<Array<T>> elements_;
  size_t size_ = 0;
  XEBEC_GC_MEMBERS(Vector, elements_);
};

}  // namespace xebec::gc
