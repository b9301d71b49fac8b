#include "object/internal/tape.h"

#include <algorithm>

namespace xebec::object::internal {

uint32_t TapeReader::Find(uint32_t cell, std::string_view key) const {
  if (!IsObjectTag(TagOf(cell)) || PayloadOf(cell) == 0) return 0;
  uint32_t count = Count(cell);
  uint32_t first = First(cell);
  uint32_t want;
  if (key.size() <= kMaxInlineString) {
    want = InlineStringCell(key);
  } else if (uint32_t id = FindStaticString(key, HashBytes(key.data(), key.size()));
             id != kNoStaticString) {
    want = MakeCell(Tag::kStaticString, id);
  } else if (TagOf(cell) == Tag::kBigObject) {
    return FindSorted(first, count, key);
  } else {
    return FindStored(first, count, key);
  }
  const uint32_t* keys = words_ + first;
  for (uint32_t i = 0; i < count; ++i) {
    if (keys[i] == want) return first + count + i;
  }
  return 0;
}

uint32_t TapeReader::FindStored(uint32_t first, uint32_t count, std::string_view key) const {
  for (uint32_t i = 0; i < count; ++i) {
    if (TagOf(words_[first + i]) == Tag::kString && String(first + i) == key) {
      return first + count + i;
    }
  }
  return 0;
}

uint32_t TapeReader::FindSorted(uint32_t first, uint32_t count, std::string_view key) const {
  const uint32_t* order = words_ + first + 2 * static_cast<size_t>(count);
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int c = String(first + order[middle]).compare(key);
    if (c == 0) return first + count + order[middle];
    if (c < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return 0;
}

int TapeDepth(const TapeReader& tape, uint32_t pos) {
  uint32_t cell = tape.Cell(pos);
  if (TagOf(cell) < Tag::kArray) return 0;
  uint32_t count = tape.Count(cell);
  uint32_t first = TapeReader::First(cell) + (TagOf(cell) == Tag::kArray ? 0 : count);
  int deepest = 0;
  for (uint32_t i = 0; i < count; ++i) deepest = std::max(deepest, TapeDepth(tape, first + i));
  return deepest + 1;
}

}  // namespace xebec::object::internal
