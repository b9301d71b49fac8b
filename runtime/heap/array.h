// Blob and Array: managed runs of bytes and of elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "runtime/heap/ref.h"
#include "runtime/heap/type_info.h"

namespace xebec::gc {

namespace internal {
struct Maker;
[[noreturn]] void PanicIndex(size_t index, size_t size);
}  // namespace internal

// Pointer-free bytes. The collector never looks into them: a store of parsed objects costs
// nothing to mark. The data is aligned to 8.
struct Blob {
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;

  size_t size() const noexcept { return size_; }
  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(this + 1); }
  std::span<std::byte> bytes() noexcept { return {data(), size_}; }
  std::span<const std::byte> bytes() const noexcept { return {data(), size_}; }
  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), size_};
  }

 private:
  friend struct internal::Maker;
  explicit Blob(size_t size) noexcept : size_(size) {}
  size_t size_;
};

// A fixed number of elements in one managed object. T is trivially destructible: a plain type, a
// Member, or a type with a member list. An index out of range is a Panic.
template <class T>
class Array {
  static_assert(std::is_trivially_destructible_v<T>,
                "elements of managed arrays have no destructor");

 public:
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  size_t size() const noexcept { return size_; }
  T* data() noexcept {
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + internal::kArrayHeader<T>);
  }
  const T* data() const noexcept {
    return reinterpret_cast<const T*>(reinterpret_cast<const std::byte*>(this) +
                                      internal::kArrayHeader<T>);
  }
  T& operator[](size_t i) { return data()[Checked(i)]; }
  const T& operator[](size_t i) const { return data()[Checked(i)]; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }

 private:
  friend struct internal::Maker;
  explicit Array(size_t size) noexcept : size_(size) {}
  size_t Checked(size_t i) const {
    if (i >= size_) [[unlikely]]
      internal::PanicIndex(i, size_);
    return i;
  }

  size_t size_;  // written once, before anybody else sees the array; the marker reads it
};

}  // namespace xebec::gc
