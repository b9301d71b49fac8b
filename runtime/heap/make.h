// Making managed objects. For fibers only: elsewhere it is a Panic.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "runtime/heap/array.h"
#include "runtime/heap/internal/allocate.h"
#include "runtime/heap/ref.h"
#include "runtime/heap/type_info.h"

namespace xebec::gc {

namespace internal {

[[noreturn]] void PanicTooLarge(size_t count, size_t each);
void AddCleanupFunction(const void* object, std::function<void()> fn);

struct Maker {
  static Blob* MakeBlob(size_t bytes, bool zero) {
    if (bytes > kMaxBytes) [[unlikely]]
      PanicTooLarge(bytes, 1);
    void* place = runtime::heap::AllocateNoscan(bytes + sizeof(Blob), zero);
    return ::new (place) Blob(bytes);
  }

  template <class T>
  static Array<T>* MakeArray(size_t n) {
    constexpr size_t header = kArrayHeader<T>;
    if (n > (kMaxBytes - header) / sizeof(T)) [[unlikely]]
      PanicTooLarge(n, sizeof(T));
    void* place;
    if constexpr (kIsScan<T>) {
      static_assert(sizeof(T) % 8 == 0);
      place = runtime::heap::AllocateScan(header + n * sizeof(T), alignof(T), &kArrayTypeInfo<T>);
    } else {
      place = runtime::heap::AllocateNoscanAligned(header + n * sizeof(T), alignof(T), true);
    }
    auto* array = ::new (place) Array<T>(n);
    // Zeroes are null Members and zero numbers; whatever has more to say is constructed.
    if constexpr (!std::is_trivially_default_constructible_v<T> && !IsMember<T>::value) {
      std::uninitialized_value_construct_n(array->data(), n);
    }
    return array;
  }

  static constexpr size_t kMaxBytes = size_t{1} << 38;
};

}  // namespace internal

// Constructs a T in the managed heap. T is trivially destructible, and its Members are listed
// (XEBEC_GC_MEMBERS); without a list it is taken as pointer-free, which debug builds check. A
// constructor that throws leaves garbage behind, nothing else. Does not block; it may run a
// collection, so that what it takes long for is bounded by the heap. Cost: some ns.
template <class T, class... Args>
Ref<T> Make(Args&&... args) {
  static_assert(!std::is_const_v<T> && !std::is_array_v<T>);
  static_assert(std::is_trivially_destructible_v<T>,
                "a managed type has no destructor: nobody runs it (see AddCleanup)");
  void* place;
  if constexpr (internal::kIsScan<T>) {
    place = runtime::heap::AllocateScanFixed<sizeof(T), alignof(T)>(&internal::kTypeInfo<T>);
  } else {
    place = runtime::heap::AllocateNoscanFixed<sizeof(T), alignof(T)>();
  }
  return Ref<T>::To(::new (place) T(std::forward<Args>(args)...));
}

// `bytes` zeroed bytes.
inline Ref<Blob> MakeBlob(size_t bytes) {
  return Ref<Blob>::To(internal::Maker::MakeBlob(bytes, true));
}

// `bytes` bytes that hold anything, for a caller that writes all of them.
inline Ref<Blob> MakeBlobForOverwrite(size_t bytes) {
  return Ref<Blob>::To(internal::Maker::MakeBlob(bytes, false));
}

// A copy of `text`.
Ref<Blob> MakeBlob(std::string_view text);

// `n` elements, value-initialised.
template <class T>
Ref<Array<T>> MakeArray(size_t n) {
  return Ref<Array<T>>::To(internal::Maker::MakeArray<T>(n));
}

// Runs `fn` on a fiber of the runtime's some time after a collection found `object` unreachable.
// `fn` must not hold the object (by a Root: then it is never unreachable) and gets no way back to
// it. Several cleanups of one object run in the order they were added. At the end of the process
// what is still alive is not cleaned up.
template <class T>
void AddCleanup(const Ref<T>& object, std::function<void()> fn) {
  internal::AddCleanupFunction(object.get(), std::move(fn));
}

// Keeps `ref`'s object alive up to this call, where only a raw pointer into it is in use.
template <class T>
inline void KeepAlive(const Ref<T>& ref) noexcept {
  asm volatile("" : : "r"(ref.get()) : "memory");
}

}  // namespace xebec::gc
