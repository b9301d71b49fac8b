#include "object/value.h"

#include <cmath>

#include "object/internal/access.h"
#include "object/internal/equal.h"
#include "object/internal/json_writer.h"

namespace xebec::object {

using internal::Access;
using internal::Tag;
using internal::TagOf;
using internal::TapeReader;

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kMissing:
      return "missing";
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "boolean";
    case Kind::kInt:
      return "integer";
    case Kind::kDouble:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
  }
  return "missing";
}

Kind Value::kind() const {
  if (pos_ == 0) return Kind::kMissing;
  switch (TagOf(Access::Reader(*this).Cell(pos_))) {
    case Tag::kInvalid:
      return Kind::kMissing;
    case Tag::kNull:
      return Kind::kNull;
    case Tag::kFalse:
    case Tag::kTrue:
      return Kind::kBool;
    case Tag::kSmallInt:
    case Tag::kInt64:
    case Tag::kUint64:
      return Kind::kInt;
    case Tag::kDouble:
      return Kind::kDouble;
    case Tag::kInlineString:
    case Tag::kStaticString:
    case Tag::kString:
      return Kind::kString;
    case Tag::kArray:
      return Kind::kArray;
    case Tag::kObject:
    case Tag::kBigObject:
      return Kind::kObject;
  }
  return Kind::kMissing;
}

Value Value::operator[](std::string_view key) const {
  if (pos_ == 0) return {};
  TapeReader tape = Access::Reader(*this);
  uint32_t pos = tape.Find(tape.Cell(pos_), key);
  return pos == 0 ? Value() : Value(rep_, pos);
}

Value Value::operator[](size_t index) const {
  if (pos_ == 0) return {};
  TapeReader tape = Access::Reader(*this);
  uint32_t cell = tape.Cell(pos_);
  if (TagOf(cell) != Tag::kArray || index >= tape.Count(cell)) return {};
  return Value(rep_, TapeReader::First(cell) + static_cast<uint32_t>(index));
}

Value Value::operator[](int index) const {
  return index < 0 ? Value() : (*this)[static_cast<size_t>(index)];
}

std::string_view Value::AsString(std::string_view def) const {
  if (pos_ == 0) return def;
  TapeReader tape = Access::Reader(*this);
  return internal::IsStringTag(TagOf(tape.Cell(pos_))) ? tape.String(pos_) : def;
}

int64_t Value::AsInt(int64_t def) const {
  if (pos_ == 0) return def;
  TapeReader tape = Access::Reader(*this);
  uint32_t cell = tape.Cell(pos_);
  switch (TagOf(cell)) {
    case Tag::kSmallInt:
      return TapeReader::SmallInt(cell);
    case Tag::kInt64:
      return tape.Number<int64_t>(cell);
    case Tag::kDouble: {
      auto d = tape.Number<double>(cell);
      return d >= -0x1p63 && d < 0x1p63 && d == std::trunc(d) ? static_cast<int64_t>(d) : def;
    }
    default:
      return def;
  }
}

uint64_t Value::AsUint(uint64_t def) const {
  if (pos_ == 0) return def;
  TapeReader tape = Access::Reader(*this);
  uint32_t cell = tape.Cell(pos_);
  if (TagOf(cell) == Tag::kUint64) return tape.Number<uint64_t>(cell);
  int64_t v = AsInt(-1);
  return v < 0 ? def : static_cast<uint64_t>(v);
}

double Value::AsDouble(double def) const {
  if (pos_ == 0) return def;
  TapeReader tape = Access::Reader(*this);
  uint32_t cell = tape.Cell(pos_);
  switch (TagOf(cell)) {
    case Tag::kSmallInt:
      return TapeReader::SmallInt(cell);
    case Tag::kInt64:
      return static_cast<double>(tape.Number<int64_t>(cell));
    case Tag::kUint64:
      return static_cast<double>(tape.Number<uint64_t>(cell));
    case Tag::kDouble:
      return tape.Number<double>(cell);
    default:
      return def;
  }
}

bool Value::AsBool(bool def) const {
  if (pos_ == 0) return def;
  Tag tag = TagOf(Access::Reader(*this).Cell(pos_));
  return tag == Tag::kTrue || (tag != Tag::kFalse && def);
}

size_t Value::size() const {
  if (pos_ == 0) return 0;
  TapeReader tape = Access::Reader(*this);
  return tape.Count(tape.Cell(pos_));
}

ElementRange Value::Elements() const {
  ElementRange range;
  if (pos_ == 0) return range;
  TapeReader tape = Access::Reader(*this);
  uint32_t cell = tape.Cell(pos_);
  if (TagOf(cell) != Tag::kArray) return range;
  range.rep_ = rep_;
  range.first_ = TapeReader::First(cell);
  range.count_ = tape.Count(cell);
  return range;
}

FieldRange Value::Fields() const {
  FieldRange range;
  if (pos_ == 0) return range;
  TapeReader tape = Access::Reader(*this);
  uint32_t cell = tape.Cell(pos_);
  if (!internal::IsObjectTag(TagOf(cell))) return range;
  range.rep_ = rep_;
  range.first_ = TapeReader::First(cell);
  range.count_ = tape.Count(cell);
  return range;
}

Field FieldRange::Iterator::operator*() const {
  TapeReader tape(range_->rep_.get()->data());
  uint32_t key = range_->first_ + index_;
  return {tape.String(key), Access::MakeValue(range_->rep_, key + range_->count_)};
}

std::string Value::Json() const {
  std::string out;
  AppendJson(&out);
  return out;
}

void Value::AppendJson(std::string* out) const {
  if (pos_ != 0) internal::AppendJson(Access::Reader(*this), pos_, out);
}

bool operator==(const Value& a, const Value& b) {
  if (a.pos_ == 0 || b.pos_ == 0) return a.pos_ == b.pos_;
  if (a.rep_ == b.rep_ && a.pos_ == b.pos_) return true;
  return internal::DeepEqual(Access::Reader(a), a.pos_, Access::Reader(b), b.pos_);
}

}  // namespace xebec::object
