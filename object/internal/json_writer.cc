#include "object/internal/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace xebec::object::internal {

namespace {

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 256; ++c) plain[static_cast<size_t>(c)] = c != '"' && c != '\\';
  return plain;
}();

void AppendEscape(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    case '\b':
      *out += "\\b";
      return;
    case '\f':
      *out += "\\f";
      return;
    default:
      constexpr char kHex[] = "0123456789abcdef";
      *out += "\\u00";
      *out += kHex[c >> 4];
      *out += kHex[c & 15];
  }
}

}  // namespace

void AppendJsonString(std::string_view s, std::string* out) {
  *out += '"';
  size_t from = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    auto c = static_cast<unsigned char>(s[i]);
    if (kPlain[c]) [[likely]]
      continue;
    out->append(s.substr(from, i - from));
    AppendEscape(c, out);
    from = i + 1;
  }
  out->append(s.substr(from));
  *out += '"';
}

void AppendJsonInt(int64_t v, std::string* out) {
  char buffer[24];
  auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, v);
  out->append(buffer, end);
}

void AppendJsonUint(uint64_t v, std::string* out) {
  char buffer[24];
  auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, v);
  out->append(buffer, end);
}

void AppendJsonDouble(double v, std::string* out) {
  if (!std::isfinite(v)) {
    *out += "null";
    return;
  }
  char buffer[64];
  // Whole numbers up to 10¹⁵ are written as people do; to_chars would prefer 1e+05.
  bool whole = std::fabs(v) < 1e15 && v == std::trunc(v);
  auto [end, ec] = whole
                       ? std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::fixed)
                       : std::to_chars(buffer, buffer + sizeof buffer, v);
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out->append(text);
  if (text.find_first_of(".e") == text.npos) *out += ".0";
}

void AppendJson(const TapeReader& tape, uint32_t pos, std::string* out) {
  uint32_t cell = tape.Cell(pos);
  switch (TagOf(cell)) {
    case Tag::kInvalid:
      return;
    case Tag::kNull:
      *out += "null";
      return;
    case Tag::kFalse:
      *out += "false";
      return;
    case Tag::kTrue:
      *out += "true";
      return;
    case Tag::kSmallInt:
      return AppendJsonInt(TapeReader::SmallInt(cell), out);
    case Tag::kInt64:
      return AppendJsonInt(tape.Number<int64_t>(cell), out);
    case Tag::kUint64:
      return AppendJsonUint(tape.Number<uint64_t>(cell), out);
    case Tag::kDouble:
      return AppendJsonDouble(tape.Number<double>(cell), out);
    case Tag::kInlineString:
    case Tag::kStaticString:
    case Tag::kString:
      return AppendJsonString(tape.String(pos), out);
    case Tag::kArray: {
      uint32_t count = tape.Count(cell), first = TapeReader::First(cell);
      *out += '[';
      for (uint32_t i = 0; i < count; ++i) {
        if (i > 0) *out += ',';
        AppendJson(tape, first + i, out);
      }
      *out += ']';
      return;
    }
    case Tag::kObject:
    case Tag::kBigObject: {
      uint32_t count = tape.Count(cell), first = TapeReader::First(cell);
      *out += '{';
      for (uint32_t i = 0; i < count; ++i) {
        if (i > 0) *out += ',';
        AppendJsonString(tape.String(first + i), out);
        *out += ':';
        AppendJson(tape, first + count + i, out);
      }
      *out += '}';
      return;
    }
  }
}

}  // namespace xebec::object::internal
