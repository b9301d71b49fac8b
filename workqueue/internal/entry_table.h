#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace xebec::workqueue::internal {

// A hash table of entries that stay in place, found by key: open addressing over pointers, so that
// a lookup touches one line of the table and the entry itself. Entries come from slabs and are
// reused.
//
// Entry has `std::optional<T> key` (set while it is in the table), `uint64_t hash`,
// `Entry* next_free`, and Reset(), which makes it as constructed. Not thread safe.
template <class T, class Entry, class Hash>
class EntryTable {
 public:
  EntryTable() = default;
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  // std::hash of a number is the number.
  static uint64_t HashOf(const T& key) {
    uint64_t h = static_cast<uint64_t>(Hash{}(key)) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 32);
  }

  size_t size() const { return size_; }

  Entry* Find(const T& key, uint64_t hash) const {
    if (size_ == 0) return nullptr;
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      Entry* e = slots_[i].entry;
      if (e == nullptr) return nullptr;
      if (slots_[i].hash == hash && *e->key == key) return e;
    }
  }

  // `key` must not be in the table. The entry is as constructed, but for `key` and `hash`.
  Entry* Insert(T key, uint64_t hash) {
    if ((size_ + 1) * 2 > slots_.size()) Grow();
    Entry* e = NewEntry();
    e->key.emplace(std::move(key));
    e->hash = hash;
    ++size_;
    size_t i = hash & mask_;
    while (slots_[i].entry != nullptr) i = (i + 1) & mask_;
    slots_[i] = {hash, e};
    return e;
  }

  void Erase(Entry* e) {
    size_t hole = e->hash & mask_;
    while (slots_[hole].entry != e) hole = (hole + 1) & mask_;
    // Whatever a probe would no longer find moves up.
    for (size_t i = (hole + 1) & mask_; slots_[i].entry != nullptr; i = (i + 1) & mask_) {
      const size_t home = slots_[i].hash & mask_;
      if (((i - home) & mask_) >= ((i - hole) & mask_)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = {};
    e->Reset();
    e->next_free = free_;
    free_ = e;
    if (--size_ == 0 && slabs_.size() > kSlabsKept) Clear();
  }

 private:
  static constexpr size_t kSlab = 64;
  static constexpr size_t kSlabsKept = 256;

  struct Slot {
    uint64_t hash = 0;
    Entry* entry = nullptr;
  };

  void Grow() {
    std::vector<Slot> old =
        std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : slots_.size() * 2));
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.entry == nullptr) continue;
      size_t i = slot.hash & mask_;
      while (slots_[i].entry != nullptr) i = (i + 1) & mask_;
      slots_[i] = slot;
    }
  }

  Entry* NewEntry() {
    if (free_ == nullptr) {
      slabs_.push_back(std::make_unique<Entry[]>(kSlab));
      for (size_t i = kSlab; i-- > 0;) {
        slabs_.back()[i].next_free = free_;
        free_ = &slabs_.back()[i];
      }
    }
    Entry* e = free_;
    free_ = e->next_free;
    e->next_free = nullptr;
    return e;
  }

  // After a burst the memory goes back.
  void Clear() {
    free_ = nullptr;
    slabs_.clear();
    slots_ = {};
    mask_ = 0;
  }

  std::vector<Slot> slots_;  // a power of two, at most half full
  size_t mask_ = 0;
  size_t size_ = 0;
  Entry* free_ = nullptr;
  std::vector<std::unique_ptr<Entry[]>> slabs_;
};

}  // namespace xebec::workqueue::internal
