// Allocation, as Make calls it.
#pragma once

#include <cstddef>

namespace xebec::gc::internal {
struct TypeInfo;
}

namespace xebec::runtime::heap {

// `bytes` without pointers; zeroed if `zero`. Panics off a fiber and when memory is exhausted.
void* AllocateNoscan(size_t bytes, bool zero);
void* AllocateNoscanAligned(size_t bytes, size_t align, bool zero);
// `bytes` that hold Members as `type` says; zeroed.
void* AllocateScan(size_t bytes, size_t align, const gc::internal::TypeInfo* type);

template <size_t kSize, size_t kAlign>
inline void* AllocateNoscanFixed() {
  return AllocateNoscanAligned(kSize, kAlign, true);
}
template <size_t kSize, size_t kAlign>
inline void* AllocateScanFixed(const gc::internal::TypeInfo* type) {
  return AllocateScan(kSize, kAlign, type);
}

}  // namespace xebec::runtime::heap
