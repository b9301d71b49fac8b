#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/sync/rwmutex.h"

namespace xebec::runtime {

// A map that many fibers read and write. Values go in and out by copy.
//
// Sixteen shards, each behind a RWMutex: fibers that touch different keys seldom meet. A plain
// map behind one Mutex is better where several keys must change together.
template <class K, class V, class Hash = std::hash<K>>
class SyncMap {
 public:
  SyncMap() = default;
  SyncMap(const SyncMap&) = delete;
  SyncMap& operator=(const SyncMap&) = delete;

  std::optional<V> Load(const K& key) const {
    const Shard& shard = ShardOf(key);
    std::shared_lock lock(shard.mutex);
    auto it = shard.map.find(key);
    if (it == shard.map.end()) return std::nullopt;
    return it->second;
  }

  void Store(const K& key, V value) {
    Shard& shard = ShardOf(key);
    std::lock_guard lock(shard.mutex);
    shard.map.insert_or_assign(key, std::move(value));
  }

  // The value that is there, or `value`, stored; and whether it was there.
  std::pair<V, bool> LoadOrStore(const K& key, V value) {
    Shard& shard = ShardOf(key);
    std::lock_guard lock(shard.mutex);
    auto [it, stored] = shard.map.try_emplace(key, std::move(value));
    return {it->second, !stored};
  }

  std::optional<V> LoadAndDelete(const K& key) {
    Shard& shard = ShardOf(key);
    std::lock_guard lock(shard.mutex);
    auto node = shard.map.extract(key);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped());
  }

  void Delete(const K& key) { LoadAndDelete(key); }

  // Stores `value`; returns what was there.
  std::optional<V> Swap(const K& key, V value) {
    Shard& shard = ShardOf(key);
    std::lock_guard lock(shard.mutex);
    auto [it, stored] = shard.map.try_emplace(key, value);
    if (stored) return std::nullopt;
    return std::exchange(it->second, std::move(value));
  }

  // Stores `value` if `expected` is there.
  bool CompareAndSwap(const K& key, const V& expected, V value) {
    Shard& shard = ShardOf(key);
    std::lock_guard lock(shard.mutex);
    auto it = shard.map.find(key);
    if (it == shard.map.end() || !(it->second == expected)) return false;
    it->second = std::move(value);
    return true;
  }

  // Deletes the key if `expected` is there.
  bool CompareAndDelete(const K& key, const V& expected) {
    Shard& shard = ShardOf(key);
    std::lock_guard lock(shard.mutex);
    auto it = shard.map.find(key);
    if (it == shard.map.end() || !(it->second == expected)) return false;
    shard.map.erase(it);
    return true;
  }

  // Calls `fn(key, value)` for what is there, until it returns false. No lock is held meanwhile;
  // each key is visited at most once, changes made meanwhile may or may not be seen.
  template <class F>
  void Range(F&& fn) const {
    for (const Shard& shard : shards_) {
      std::vector<std::pair<K, V>> entries;
      {
        std::shared_lock lock(shard.mutex);
        entries.assign(shard.map.begin(), shard.map.end());
      }
      for (const auto& [key, value] : entries) {
        if (!fn(key, value)) return;
      }
    }
  }

  void Clear() {
    for (Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      shard.map.clear();
    }
  }

  // O(shards). Other fibers may change it at any time.
  size_t Len() const {
    size_t n = 0;
    for (const Shard& shard : shards_) {
      std::shared_lock lock(shard.mutex);
      n += shard.map.size();
    }
    return n;
  }

 private:
  struct Shard {
    mutable RWMutex mutex;
    std::unordered_map<K, V, Hash> map;  // guarded by mutex
  };

  Shard& ShardOf(const K& key) { return shards_[Index(key)]; }
  const Shard& ShardOf(const K& key) const { return shards_[Index(key)]; }
  // std::hash of a number is the number: mix it, and leave the low bits to the map.
  static size_t Index(const K& key) {
    return static_cast<size_t>((static_cast<uint64_t>(Hash{}(key)) * 0x9e3779b97f4a7c15u) >> 60);
  }

  std::array<Shard, 16> shards_;
};

}  // namespace xebec::runtime
