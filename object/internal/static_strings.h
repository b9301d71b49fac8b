// The well-known strings: field names of the API and values that most objects hold. They are
// numbered once for the process and take no room in objects. The list is made at build time from
// object/api/*.yaml and object/internal/well_known.txt (object/gen).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace xebec::object::internal {

inline constexpr uint32_t kNoStaticString = ~0u;
inline constexpr uint32_t kStaticSlots = 8192;  // a power of two, at least twice the strings
inline constexpr size_t kMaxStaticStringSize = 64;

struct StaticStringEntry {
  const char* data;
  uint32_t size;
};
extern const StaticStringEntry kStaticStrings[];
extern const uint32_t kStaticStringCount;
extern const uint16_t* const kStaticSlotTable;  // kStaticSlots entries: number + 1, 0 for none

inline std::string_view StaticString(uint32_t id) {
  return {kStaticStrings[id].data, kStaticStrings[id].size};
}

// A fast hash over all bytes; the same on every run (nothing observable depends on it).
inline uint64_t HashBytes(const char* p, size_t n) {
  constexpr uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
  auto mix = [](uint64_t a, uint64_t b) {
    unsigned __int128 m = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(m) ^ static_cast<uint64_t>(m >> 64);
  };
  auto load8 = [](const char* q) {
    uint64_t v;
    std::memcpy(&v, q, 8);
    return v;
  };
  auto load4 = [](const char* q) {
    uint32_t v;
    std::memcpy(&v, q, 4);
    return uint64_t{v};
  };
  uint64_t h = k0 ^ n;
  while (n > 16) {
    h = mix(h ^ load8(p), k1 ^ load8(p + 8));
    p += 16;
    n -= 16;
  }
  uint64_t a = 0, b = 0;
  if (n >= 8) {
    a = load8(p);
    b = load8(p + n - 8);
  } else if (n >= 4) {
    a = load4(p);
    b = load4(p + n - 4);
  } else if (n > 0) {
    a = static_cast<unsigned char>(p[0]) |
        static_cast<uint64_t>(static_cast<unsigned char>(p[n / 2])) << 8 |
        static_cast<uint64_t>(static_cast<unsigned char>(p[n - 1])) << 16;
  }
  return mix(h ^ a, k1 ^ b);
}

// The number of a well-known string, or kNoStaticString.
inline uint32_t FindStaticString(std::string_view s, uint64_t hash) {
  if (s.size() > kMaxStaticStringSize) return kNoStaticString;
  for (uint32_t slot = static_cast<uint32_t>(hash >> 40) & (kStaticSlots - 1);;
       slot = (slot + 1) & (kStaticSlots - 1)) {
    uint32_t entry = kStaticSlotTable[slot];
    if (entry == 0) return kNoStaticString;
    const StaticStringEntry& known = kStaticStrings[entry - 1];
    if (known.size == s.size() && std::memcmp(known.data, s.data(), s.size()) == 0)
      return entry - 1;
  }
}

}  // namespace xebec::object::internal
