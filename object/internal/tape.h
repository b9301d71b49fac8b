// The encoding of an Object, private to the room: other code reads Values.
//
// A Blob is position-independent, in three parts:
//
//   header   kHeaderWords words, by index (enum HeaderWord)
//   cells    4-byte words: cells, and the arrays of cells that containers point to
//   strings  bytes; a string is its length as a varint (7 bits a byte, low first) and its bytes
//
// A cell is one word: a tag in the low 4 bits and a payload of 28 bits above it.
//
//   tag            payload
//   kNull…kTrue    0
//   kSmallInt      the integer, signed
//   kInt64 kUint64 kDouble   index of the two words that hold it
//   kInlineString  length (0…3) in 4 bits, then the bytes themselves: a short string costs nothing
//   kStaticString  number of a well-known string (static_strings.h): the same in all objects
//   kString        offset in the strings; equal strings of a blob are (nearly always) stored once
//   kArray         index of [count, elements…]; 0: empty
//   kObject        index of [count, keys…, values…]; 0: empty. Keys are string cells
//   kBigObject     index of [count, keys…, values…, order…]: order lists the fields sorted by key
//
// A value is named by the index of its cell; index 0 (in the header) stands for Missing. Children
// come before their parents. Why keys apart from values: a lookup scans only keys, four bytes each,
// and mostly compares words, not text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "object/internal/static_strings.h"

namespace xebec::object::internal {

enum class Tag : uint32_t {
  kInvalid,
  kNull,
  kFalse,
  kTrue,
  kSmallInt,
  kInt64,
  kUint64,
  kDouble,
  kInlineString,
  kStaticString,
  kString,
  kArray,
  kObject,
  kBigObject,
};

// Indexes of cells, except kStringsAt: a byte offset. 0 where there is no such field.
enum HeaderWord : uint32_t {
  kRoot,
  kStringsAt,
  kMetadata,
  kApiVersion,
  kKind,
  kName,
  kNamespace,
  kUid,
  kResourceVersion,
  kReserved,
  kHeaderWords
};

inline constexpr uint32_t kMaxPayload = (1u << 28) - 1;
inline constexpr uint32_t kBigObjectFields = 16;  // from here on an object has an order

constexpr Tag TagOf(uint32_t cell) { return static_cast<Tag>(cell & 15); }
constexpr uint32_t PayloadOf(uint32_t cell) { return cell >> 4; }
constexpr uint32_t MakeCell(Tag tag, uint32_t payload) {
  return static_cast<uint32_t>(tag) | payload << 4;
}
constexpr bool IsStringTag(Tag tag) { return tag >= Tag::kInlineString && tag <= Tag::kString; }
constexpr bool IsObjectTag(Tag tag) { return tag >= Tag::kObject; }

inline uint32_t InlineStringCell(std::string_view s) {
  uint32_t cell = MakeCell(Tag::kInlineString, static_cast<uint32_t>(s.size()));
  for (size_t i = 0; i < s.size(); ++i) {
    cell |= static_cast<uint32_t>(static_cast<unsigned char>(s[i])) << (8 + 8 * i);
  }
  return cell;
}
inline constexpr size_t kMaxInlineString = 3;

// Reads a tape in place. Made for a moment on the stack: the caller keeps the blob alive.
class TapeReader {
 public:
  explicit TapeReader(const void* blob)
      : words_(static_cast<const uint32_t*>(blob)),
        strings_(static_cast<const char*>(blob) + words_[kStringsAt]) {}
  // Of a tape whose strings do not stand behind its words yet.
  TapeReader(const uint32_t* words, const char* strings) : words_(words), strings_(strings) {}

  uint32_t Cell(uint32_t pos) const { return words_[pos]; }
  uint32_t Header(HeaderWord w) const { return words_[w]; }

  // The text of the string cell at `pos`; it may lie in the cell itself.
  std::string_view String(uint32_t pos) const {
    uint32_t cell = words_[pos];
    switch (TagOf(cell)) {
      case Tag::kInlineString:
        return {reinterpret_cast<const char*>(&words_[pos]) + 1, PayloadOf(cell) & 15};
      case Tag::kStaticString:
        return StaticString(PayloadOf(cell));
      default:
        return StoredString(PayloadOf(cell));
    }
  }
  std::string_view StoredString(uint32_t offset) const {
    const auto* p = reinterpret_cast<const unsigned char*>(strings_ + offset);
    size_t size = *p++;
    if (size >= 0x80) [[unlikely]] {
      size &= 0x7f;
      int shift = 7;
      for (; *p >= 0x80; shift += 7) size |= static_cast<size_t>(*p++ & 0x7f) << shift;
      size |= static_cast<size_t>(*p++) << shift;
    }
    return {reinterpret_cast<const char*>(p), size};
  }
  template <class T>
  T Number(uint32_t cell) const {
    static_assert(sizeof(T) == 8);
    T t;
    std::memcpy(&t, &words_[PayloadOf(cell)], 8);
    return t;
  }
  static int32_t SmallInt(uint32_t cell) { return static_cast<int32_t>(cell) >> 4; }

  // Elements of an array or fields of an object; 0 for other tags.
  uint32_t Count(uint32_t cell) const {
    if (TagOf(cell) < Tag::kArray) return 0;
    uint32_t at = PayloadOf(cell);
    return at == 0 ? 0 : words_[at];
  }
  // The first element, or the first key; the values follow Count() words later.
  static uint32_t First(uint32_t cell) { return PayloadOf(cell) + 1; }
  // The position of the value behind `key` in the object at `cell` (of any tag), 0 if none.
  uint32_t Find(uint32_t cell, std::string_view key) const;

 private:
  uint32_t FindStored(uint32_t first, uint32_t count, std::string_view key) const;
  uint32_t FindSorted(uint32_t first, uint32_t count, std::string_view key) const;

  const uint32_t* words_;
  const char* strings_;
};

// How many containers deep a value is: 0 for a scalar, 1 for {}.
int TapeDepth(const TapeReader& tape, uint32_t pos);

}  // namespace xebec::object::internal
