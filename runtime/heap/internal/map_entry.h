// What a Map keeps for one entry.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "runtime/heap/array.h"
#include "runtime/heap/make.h"
#include "runtime/heap/member.h"

namespace xebec::gc::internal {

inline constexpr uint32_t kDeadEntry = 0;  // MixHash never gives it

constexpr uint32_t MixHash(uint64_t hash) {
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15;
  hash ^= hash >> 29;
  const auto mixed = static_cast<uint32_t>(hash >> 16);
  return mixed != kDeadEntry ? mixed : 1;
}

// Marks the map as written by the current fiber; Panic if another one is at it.
void BeginMapWrite(std::atomic<uint64_t>& writer);
[[noreturn]] void PanicMapRace(const char* operation, uint64_t writer);

// How a key is kept: as it is, but for text, which is copied.
template <class K>
struct MapKey {
  using Stored = K;
  static const K& Store(const K& key) { return key; }
  static bool Equal(const Stored& stored, const K& key) { return stored == key; }
  static const K& View(const Stored& stored) { return stored; }
};
template <>
struct MapKey<std::string_view> {
  using Stored = Member<Blob>;
  static Member<Blob> Store(std::string_view key) { return MakeBlob(key); }
  static bool Equal(const Stored& stored, std::string_view key) { return stored->view() == key; }
  static std::string_view View(const Stored& stored) { return stored->view(); }
};

template <class S, class V, bool kScanKey = kIsScan<S>, bool kScanValue = kIsScan<V>>
struct MapEntry {
  S key;
  V value;
  uint32_t hash;
};
template <class S, class V>
struct MapEntry<S, V, true, false> {
  S key;
  V value;
  uint32_t hash;
  XEBEC_GC_MEMBERS(MapEntry, key);
};
template <class S, class V>
struct MapEntry<S, V, false, true> {
  S key;
  V value;
  uint32_t hash;
  XEBEC_GC_MEMBERS(MapEntry, value);
};
template <class S, class V>
struct MapEntry<S, V, true, true> {
  S key;
  V value;
  uint32_t hash;
  XEBEC_GC_MEMBERS(MapEntry, key, value);
};

}  // namespace xebec::gc::internal
