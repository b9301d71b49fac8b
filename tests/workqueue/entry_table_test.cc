#include "workqueue/internal/entry_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>

#include "runtime/rand.h"

namespace xebec::workqueue::internal {
namespace {

struct Entry {
  std::optional<int> key;
  uint64_t hash = 0;
  Entry* next_free = nullptr;
  void Reset() { key.reset(); }
};

// Few distinct hashes, so that probes are long and wrap around.
struct BadHash {
  size_t operator()(int key) const { return static_cast<size_t>(key % 7); }
};

template <class Hash>
void AgainstAMap(int keys, int steps) {
  using Table = EntryTable<int, Entry, Hash>;
  Table table;
  std::map<int, Entry*> model;
  runtime::Rand rand(42);
  for (int step = 0; step < steps; ++step) {
    const int key = static_cast<int>(rand.Below(static_cast<uint64_t>(keys)));
    const uint64_t hash = Table::HashOf(key);
    Entry* found = table.Find(key, hash);
    auto it = model.find(key);
    ASSERT_EQ(found, it == model.end() ? nullptr : it->second);
    if (found == nullptr) {
      model[key] = table.Insert(key, hash);
    } else {
      EXPECT_EQ(*found->key, key);
      table.Erase(found);
      model.erase(it);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  for (auto& [key, entry] : model) EXPECT_EQ(table.Find(key, Table::HashOf(key)), entry);
}

TEST(EntryTable, AgreesWithAMap) { AgainstAMap<std::hash<int>>(1000, 20'000); }
TEST(EntryTable, AgreesWithAMapWhenHashesCollide) { AgainstAMap<BadHash>(60, 20'000); }

TEST(EntryTable, GivesItsMemoryBackAfterABurst) {
  using Table = EntryTable<int, Entry, std::hash<int>>;
  Table table;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 50'000; ++i) table.Insert(i, Table::HashOf(i));
    for (int i = 0; i < 50'000; ++i) table.Erase(table.Find(i, Table::HashOf(i)));
    EXPECT_EQ(table.size(), 0u);
    EXPECT_EQ(table.Find(1, Table::HashOf(1)), nullptr);
  }
}

}  // namespace
}  // namespace xebec::workqueue::internal
