// Map: a managed hash map that keeps the order of insertion.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>

#include "runtime/heap/array.h"
#include "runtime/heap/internal/map_entry.h"
#include "runtime/heap/make.h"
#include "runtime/heap/member.h"

namespace xebec::gc {

// A hash map on the managed heap: a field of a managed type (listed as a Member is), or an object
// of its own (Make<Map<K, V>>()). K: a plain type with == and std::hash, or std::string_view,
// whose bytes the map copies. V as in Array; for references Map<K, Member<T>>.
//
// Visits go in the order of insertion, so that they do not depend on addresses or seeds. Not for
// two fibers at once without a lock: a write while another fiber reads or writes is noticed as a
// Panic with the other fiber's name and stack (a best effort, as in Go: not each time). A pointer
// to a value holds until the next Set.
template <class K, class V>
class Map {
  using Key = internal::MapKey<K>;
  using Entry = internal::MapEntry<typename Key::Stored, V>;
  static constexpr uint32_t kEmpty = 0;  // in the index; else entry number + 1

 public:
  Map() noexcept = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  size_t size() const noexcept { return live_; }
  bool empty() const noexcept { return live_ == 0; }

  // The value, or null.
  V* Find(const K& key) {
    CheckRead();
    const size_t found = Locate(key, Hash(key));
    return found != kNone ? &entries_->data()[found].value : nullptr;
  }
  const V* Find(const K& key) const { return const_cast<Map*>(this)->Find(key); }
  bool Contains(const K& key) const { return Find(key) != nullptr; }

  // Sets the value of `key`, new or not.
  template <class U>
  void Set(const K& key, const U& value) {
    Writing writing(this);
    *FindOrInsert(key) = value;
  }
  // The value of `key`, default-constructed first if it is new.
  V& operator[](const K& key) {
    Writing writing(this);
    return *FindOrInsert(key);
  }
  // Removes `key`; tells whether it was there.
  bool Erase(const K& key) {
    Writing writing(this);
    const size_t found = Locate(key, Hash(key));
    if (found == kNone) return false;
    Entry& entry = entries_->data()[found];
    entry.key = typename Key::Stored();
    entry.value = V();
    entry.hash = internal::kDeadEntry;
    --live_;
    return true;
  }
  void Clear() {
    Writing writing(this);
    entries_ = nullptr;
    index_ = nullptr;
    used_ = live_ = 0;
  }

  // Calls `fn(key, value)` for each entry, oldest first. `fn` may erase; whether it sees what it
  // inserts is open.
  template <class F>
  void ForEach(F&& fn) {
    for (size_t i = 0; i < used_; ++i) {
      CheckRead();
      Ref<Array<Entry>> entries = entries_;  // keeps them while fn inserts
      if (i >= entries->size()) break;
      Entry& entry = entries->data()[i];
      if (entry.hash != internal::kDeadEntry) fn(Key::View(entry.key), entry.value);
    }
  }

 private:
  static constexpr size_t kNone = ~size_t{0};

  // Marks the map as being written by this fiber.
  class Writing {
   public:
    explicit Writing(Map* map) : map_(map) { internal::BeginMapWrite(map->writer_); }
    ~Writing() { map_->writer_.store(0, std::memory_order_release); }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    Map* map_;
  };

  void CheckRead() const {
    const uint64_t writer = writer_.load(std::memory_order_relaxed);
    if (writer != 0) [[unlikely]]
      internal::PanicMapRace("read", writer);
  }

  static uint32_t Hash(const K& key) { return internal::MixHash(std::hash<K>{}(key)); }

  size_t Locate(const K& key, uint32_t hash) const {
    if (!index_) return kNone;
    const uint32_t* index = index_->data();
    const size_t mask = index_->size() - 1;
    const Entry* entries = entries_->data();
    for (size_t i = hash & mask; index[i] != kEmpty; i = (i + 1) & mask) {
      const Entry& entry = entries[index[i] - 1];
      if (entry.hash == hash && Key::Equal(entry.key, key)) return index[i] - 1;
    }
    return kNone;
  }

  V* FindOrInsert(const K& key) {
    const uint32_t hash = Hash(key);
    if (const size_t found = Locate(key, hash); found != kNone) {
      return &entries_->data()[found].value;
    }
    typename Key::Stored stored = Key::Store(key);
    if (!entries_ || used_ == entries_->size()) Rebuild(live_ < 4 ? 8 : live_ * 2);
    Entry& entry = entries_->data()[used_];
    entry.key = stored;
    entry.hash = hash;
    AddToIndex(index_->data(), index_->size() - 1, hash, used_);
    ++used_;
    ++live_;
    return &entry.value;
  }

  static void AddToIndex(uint32_t* index, size_t mask, uint32_t hash, size_t number) {
    size_t i = hash & mask;
    while (index[i] != kEmpty) i = (i + 1) & mask;
    index[i] = static_cast<uint32_t>(number) + 1;
  }

  // Copies the live entries into arrays for `capacity` of them; the index is at most half full.
  void Rebuild(size_t capacity) {
    Ref<Array<Entry>> entries = MakeArray<Entry>(capacity);
    size_t slots = 16;
    while (slots < capacity * 2) slots *= 2;
    Ref<Array<uint32_t>> index = MakeArray<uint32_t>(slots);
    size_t n = 0;
    for (size_t i = 0; i < used_; ++i) {
      const Entry& entry = entries_->data()[i];
      if (entry.hash == internal::kDeadEntry) continue;
      entries->data()[n] = entry;
      AddToIndex(index->data(), slots - 1, entry.hash, n++);
    }
    entries_ = entries;
    index_ = index;
    used_ = n;
  }

  Member<Array<Entry>> entries_;
  Member<Array<uint32_t>> index_;
  size_t used_ = 0;  // entries written, dead ones included
  size_t live_ = 0;
  std::atomic<uint64_t> writer_{0};  // the fiber that writes, or 0
  XEBEC_GC_MEMBERS(Map, entries_, index_);
};

}  // namespace xebec::gc
