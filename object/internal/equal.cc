#include "object/internal/equal.h"

namespace xebec::object::internal {

namespace {

bool IsNumberTag(Tag tag) { return tag >= Tag::kSmallInt && tag <= Tag::kDouble; }

int64_t AsInt(const TapeReader& t, uint32_t cell) {
  return TagOf(cell) == Tag::kSmallInt ? TapeReader::SmallInt(cell) : t.Number<int64_t>(cell);
}

bool IntEqualsDouble(const TapeReader& ti, uint32_t i, double d) {
  if (TagOf(i) == Tag::kUint64) {
    return d >= 0x1p63 && d < 0x1p64 && static_cast<uint64_t>(d) == ti.Number<uint64_t>(i);
  }
  // A double in this range without a fraction converts exactly.
  return d >= -0x1p63 && d < 0x1p63 && static_cast<double>(static_cast<int64_t>(d)) == d &&
         static_cast<int64_t>(d) == AsInt(ti, i);
}

bool NumbersEqual(const TapeReader& ta, uint32_t a, const TapeReader& tb, uint32_t b) {
  bool da = TagOf(a) == Tag::kDouble, db = TagOf(b) == Tag::kDouble;
  if (da && db) return ta.Number<double>(a) == tb.Number<double>(b);
  if (da) return IntEqualsDouble(tb, b, ta.Number<double>(a));
  if (db) return IntEqualsDouble(ta, a, tb.Number<double>(b));
  bool ua = TagOf(a) == Tag::kUint64, ub = TagOf(b) == Tag::kUint64;
  if (ua || ub) return ua && ub && ta.Number<uint64_t>(a) == tb.Number<uint64_t>(b);
  return AsInt(ta, a) == AsInt(tb, b);
}

bool ObjectsEqual(const TapeReader& ta, uint32_t a, const TapeReader& tb, uint32_t b) {
  uint32_t count = ta.Count(a);
  if (count != tb.Count(b)) return false;
  uint32_t fa = TapeReader::First(a), fb = TapeReader::First(b);
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view key = ta.String(fa + i);
    // Mostly the order is the same; else look for the key.
    uint32_t other = tb.String(fb + i) == key ? fb + count + i : tb.Find(b, key);
    if (other == 0 || !DeepEqual(ta, fa + count + i, tb, other)) return false;
  }
  return true;
}

}  // namespace

bool DeepEqual(const TapeReader& ta, uint32_t pa, const TapeReader& tb, uint32_t pb) {
  uint32_t a = ta.Cell(pa), b = tb.Cell(pb);
  Tag tag_a = TagOf(a), tag_b = TagOf(b);
  if (tag_a <= Tag::kTrue || tag_b <= Tag::kTrue) return a == b;
  if (IsNumberTag(tag_a)) return IsNumberTag(tag_b) && NumbersEqual(ta, a, tb, b);
  if (IsStringTag(tag_a)) {
    // A string's form follows from its text, so short and well-known ones compare by their cells.
    if (tag_a != tag_b) return false;
    return tag_a == Tag::kString ? ta.String(pa) == tb.String(pb) : a == b;
  }
  if (tag_a == Tag::kArray) {
    if (tag_b != Tag::kArray) return false;
    uint32_t count = ta.Count(a);
    if (count != tb.Count(b)) return false;
    for (uint32_t i = 0; i < count; ++i) {
      if (!DeepEqual(ta, TapeReader::First(a) + i, tb, TapeReader::First(b) + i)) return false;
    }
    return true;
  }
  return IsObjectTag(tag_b) && ObjectsEqual(ta, a, tb, b);
}

}  // namespace xebec::object::internal
