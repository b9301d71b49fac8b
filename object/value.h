#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/heap/gc.h"

namespace xebec::object {

namespace internal {
class Access;
}  // namespace internal

enum class Kind : uint8_t { kMissing, kNull, kBool, kInt, kDouble, kString, kArray, kObject };

// "string", "object", … for messages.
std::string_view KindName(Kind kind);

class ElementRange;
class FieldRange;

// A read-only view of one JSON value inside an Object. It holds a gc::Ref, so it lives on fiber
// stacks only (and not in STL containers); what it points to stays alive as long as it does.
// Copying costs two words.
//
// Reading never fails: a field that is not there, or of another type, is Missing, every access to
// Missing is Missing again, and the As… functions then return the default that they are given.
class Value {
 public:
  Value() = default;  // Missing

  Kind kind() const;
  bool IsMissing() const { return pos_ == 0; }
  bool IsNull() const { return kind() == Kind::kNull; }
  bool IsBool() const { return kind() == Kind::kBool; }
  bool IsInt() const { return kind() == Kind::kInt; }
  bool IsNumber() const { return kind() == Kind::kInt || kind() == Kind::kDouble; }
  bool IsString() const { return kind() == Kind::kString; }
  bool IsArray() const { return kind() == Kind::kArray; }
  bool IsObject() const { return kind() == Kind::kObject; }
  explicit operator bool() const { return !IsMissing(); }

  // The field of an object; Missing where there is none or this is no object. Cost: a scan over the
  // keys of a small object, a binary search in a large one.
  Value operator[](std::string_view key) const;
  // The element of an array; Missing beyond its end.
  Value operator[](size_t index) const;
  Value operator[](int index) const;
  bool Has(std::string_view key) const { return !(*this)[key].IsMissing(); }

  // The text lives as long as the object does that it comes from.
  std::string_view AsString(std::string_view def = {}) const;
  // An integer, or a double without a fraction that fits; def otherwise (also for a uint64 above
  // INT64_MAX).
  int64_t AsInt(int64_t def = 0) const;
  uint64_t AsUint(uint64_t def = 0) const;
  double AsDouble(double def = 0) const;
  bool AsBool(bool def = false) const;

  // Elements of an array, fields of an object, 0 of anything else.
  size_t size() const;
  bool empty() const { return size() == 0; }
  // for (Value v : value.Elements()): empty unless an array.
  ElementRange Elements() const;
  // for (auto [key, v] : value.Fields()), in the order of the input: empty unless an object.
  FieldRange Fields() const;

  // Compact JSON; "" for Missing. Keys in the order of the input, numbers as they round-trip
  // exactly.
  std::string Json() const;
  void AppendJson(std::string* out) const;

  // Deep equality. The order of fields does not count; 1 and 1.0 are equal, as in JSON; Missing
  // equals Missing only.
  friend bool operator==(const Value& a, const Value& b);

 private:
  friend class internal::Access;
  friend class ElementRange;
  friend class FieldRange;
  Value(gc::Ref<gc::Blob> rep, uint32_t pos) : rep_(rep), pos_(pos) {}

  gc::Ref<gc::Blob> rep_;
  uint32_t pos_ = 0;  // the cell's index in the tape, 0 for Missing
};

struct Field {
  std::string_view key;
  Value value;
};

class ElementRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = const Value*;
    using reference = Value;
    Iterator(const ElementRange* range, uint32_t index) : range_(range), index_(index) {}
    Value operator*() const { return Value(range_->rep_, range_->first_ + index_); }
    Iterator& operator++() { return ++index_, *this; }
    Iterator operator++(int) { return Iterator(range_, index_++); }
    bool operator==(const Iterator& o) const { return index_ == o.index_; }

   private:
    const ElementRange* range_;
    uint32_t index_;
  };
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, count_); }
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  friend class Value;
  ElementRange() = default;
  gc::Ref<gc::Blob> rep_;
  uint32_t first_ = 0;
  uint32_t count_ = 0;
};

class FieldRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    using pointer = const Field*;
    using reference = Field;
    Iterator(const FieldRange* range, uint32_t index) : range_(range), index_(index) {}
    Field operator*() const;
    Iterator& operator++() { return ++index_, *this; }
    Iterator operator++(int) { return Iterator(range_, index_++); }
    bool operator==(const Iterator& o) const { return index_ == o.index_; }

   private:
    const FieldRange* range_;
    uint32_t index_;
  };
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, count_); }
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  friend class Value;
  FieldRange() = default;
  gc::Ref<gc::Blob> rep_;
  uint32_t first_ = 0;  // of the keys; the values stand behind all of them
  uint32_t count_ = 0;
};

}  // namespace xebec::object
