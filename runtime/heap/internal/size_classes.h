// Pages and size classes: Go's, so that waste and span sizes are known quantities.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace xebec::runtime::heap {

inline constexpr int kPageShift = 13;
inline constexpr size_t kPageSize = size_t{1} << kPageShift;
inline constexpr int kArenaShift = 26;
inline constexpr size_t kArenaSize = size_t{1} << kArenaShift;
inline constexpr size_t kArenaPages = kArenaSize / kPageSize;

inline constexpr int kSizeClasses = 68;  // class 0: large objects, a span each
inline constexpr int kSpanClasses = 2 * kSizeClasses;
inline constexpr size_t kMaxSmallSize = 32768;
inline constexpr size_t kMaxObjectsPerSpan = 1024;

// Bytes of an object, by size class.
inline constexpr std::array<uint16_t, kSizeClasses> kClassSize = {
    0,     8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,  160,   176,
    192,   208,   224,   240,   256,   288,   320,   352,   384,   416,   448,   480,  512,   576,
    640,   704,   768,   896,   1024,  1152,  1280,  1408,  1536,  1792,  2048,  2304, 2688,  3072,
    3200,  3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,  8192,  9472,  9728, 10240, 10880,
    12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768};

// Pages of a span, by size class.
inline constexpr std::array<uint8_t, kSizeClasses> kClassPages = {
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 2, 1, 3, 2,  3, 1, 3,
    2, 3, 4, 5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9, 7, 5, 8, 3, 10, 7, 4};

// A span class: a size class, and whether its objects have no pointers.
using SpanClass = uint8_t;
constexpr SpanClass MakeSpanClass(int size_class, bool noscan) {
  return static_cast<SpanClass>(size_class * 2 + (noscan ? 1 : 0));
}
constexpr int SizeClassOf(SpanClass c) { return c >> 1; }
constexpr bool IsNoscan(SpanClass c) { return (c & 1) != 0; }

namespace internal {
constexpr int SearchClass(size_t size) {
  int c = 1;
  while (kClassSize[static_cast<size_t>(c)] < size) ++c;
  return c;
}
template <size_t kCount, size_t kFirst, size_t kStep>
constexpr std::array<uint8_t, kCount> ClassTable() {
  std::array<uint8_t, kCount> table{};
  for (size_t i = 0; i < kCount; ++i) {
    table[i] = static_cast<uint8_t>(SearchClass(kFirst + i * kStep));
  }
  return table;
}
}  // namespace internal

// The smallest class for `size`: by steps of 8 up to 1024, by steps of 128 above.
inline constexpr auto kClassBy8 = internal::ClassTable<129, 0, 8>();
inline constexpr auto kClassBy128 =
    internal::ClassTable<(kMaxSmallSize - 1024) / 128 + 1, 1024, 128>();

// The size class of an object, 0 if it is large.
constexpr int SizeClassFor(size_t size) {
  if (size <= 1024) return kClassBy8[(size + 7) / 8];
  if (size <= kMaxSmallSize) return kClassBy128[(size - 1024 + 127) / 128];
  return 0;
}
// The same for objects that must be aligned to more than 8. Spans are aligned to a page.
constexpr int SizeClassFor(size_t size, size_t align) {
  int c = SizeClassFor(size);
  if (align <= 8 || c == 0) return c;
  while (c < kSizeClasses && kClassSize[static_cast<size_t>(c)] % align != 0) ++c;
  return c < kSizeClasses ? c : 0;
}

// offset / size as a multiplication: exact for every offset inside of a span.
constexpr uint32_t DivisionMagic(size_t size) {
  return static_cast<uint32_t>(~uint32_t{0} / size + 1);
}

}  // namespace xebec::runtime::heap
