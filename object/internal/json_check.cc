#include "object/internal/json_check.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <set>
#include <vector>

#include "object/internal/utf8.h"

namespace xebec::object::internal {

namespace {

class Checker {
 public:
  Checker(std::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::optional<JsonFault> Run() {
    if (Document()) {
      SkipSpace();
      if (at_ < text_.size()) Fail(at_, fmt::format("unexpected {} after the value", Here()));
    }
    return std::move(fault_);
  }

 private:
  struct Level {
    bool object = false;
    std::set<std::string> keys;
  };

  bool Fail(size_t offset, std::string what) {
    if (!fault_) fault_ = JsonFault{offset, std::move(what)};
    return false;
  }
  bool End() const { return at_ >= text_.size(); }
  char Peek() const { return text_[at_]; }
  void SkipSpace() {
    while (!End() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r')) ++at_;
  }
  // What stands here, for a message.
  std::string Here() const {
    if (End()) return "end of text";
    auto c = static_cast<unsigned char>(Peek());
    if (c >= 0x20 && c < 0x7f) return fmt::format("'{}'", static_cast<char>(c));
    return fmt::format("byte 0x{:02x}", c);
  }
  bool Expected(std::string_view what) {
    if (End()) return Fail(at_, fmt::format("the text ends where {} should follow", what));
    return Fail(at_, fmt::format("expected {}, found {}", what, Here()));
  }

  // One value with all that is in it, by a stack of its own.
  bool Document() {
    for (;;) {
      SkipSpace();
      if (End()) return Expected("a value");
      char c = Peek();
      if (c == '{' || c == '[') {
        if (levels_.size() >= max_depth_) {
          return Fail(at_, fmt::format("nested deeper than {} levels", max_depth_));
        }
        ++at_;
        levels_.push_back({c == '{', {}});
        SkipSpace();
        if (!End() && Peek() == (c == '{' ? '}' : ']')) {
          ++at_;
          levels_.pop_back();
        } else if (c == '{') {
          if (!KeyAndColon()) return false;
          continue;
        } else {
          continue;
        }
      } else if (!Scalar(c)) {
        return false;
      }
      // A value is complete: close what ends here, or go on to the next one.
      bool next = false;
      while (!levels_.empty() && !next) {
        SkipSpace();
        bool object = levels_.back().object;
        if (End()) return Expected(object ? "',' or '}'" : "',' or ']'");
        if (Peek() == ',') {
          ++at_;
          if (object && !KeyAndColon()) return false;
          next = true;
        } else if (Peek() == (object ? '}' : ']')) {
          ++at_;
          levels_.pop_back();
        } else {
          return Expected(object ? "',' or '}'" : "',' or ']'");
        }
      }
      if (!next) return true;
    }
  }

  bool KeyAndColon() {
    SkipSpace();
    if (End() || Peek() != '"') return Expected("a key in quotes");
    size_t start = at_;
    std::string key;
    if (!String(&key)) return false;
    if (!levels_.back().keys.insert(key).second) {
      return Fail(start, fmt::format("the key \"{}\" stands twice in one object", Shorten(key)));
    }
    SkipSpace();
    if (End() || Peek() != ':') return Expected("':'");
    ++at_;
    return true;
  }

  static std::string Shorten(std::string_view s) {
    std::string out;
    for (char c : s.substr(0, 60)) out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    return s.size() > 60 ? MendUtf8(out) + "…" : out;
  }

  bool Scalar(char c) {
    if (c == '"') {
      std::string ignored;
      return String(&ignored);
    }
    if (c == '-' || (c >= '0' && c <= '9')) return Number();
    for (std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return true;
      }
    }
    return Expected("a value");
  }

  bool Digits() {
    if (End() || Peek() < '0' || Peek() > '9') return Expected("a digit");
    while (!End() && Peek() >= '0' && Peek() <= '9') ++at_;
    return true;
  }

  bool Number() {
    size_t start = at_;
    bool negative = Peek() == '-';
    if (negative) ++at_;
    if (!End() && Peek() == '0') {
      ++at_;
      if (!End() && Peek() >= '0' && Peek() <= '9') {
        return Fail(start, "a number with a leading zero");
      }
    } else if (!Digits()) {
      return false;
    }
    bool integer = true;
    if (!End() && Peek() == '.') {
      integer = false;
      ++at_;
      if (!Digits()) return false;
    }
    if (!End() && (Peek() == 'e' || Peek() == 'E')) {
      integer = false;
      ++at_;
      if (!End() && (Peek() == '+' || Peek() == '-')) ++at_;
      if (!Digits()) return false;
    }
    const char *from = text_.data() + start, *to = text_.data() + at_;
    if (integer) {
      int64_t i;
      uint64_t u;
      auto ec = negative ? std::from_chars(from, to, i).ec : std::from_chars(from, to, u).ec;
      if (ec != std::errc()) return Fail(start, "an integer beyond 64 bits");
      return true;
    }
    double d;
    if (std::from_chars(from, to, d).ec != std::errc() &&
        !Underflows(text_.substr(start, at_ - start))) {
      return Fail(start, "a number beyond the range of a double");
    }
    return true;
  }

  // from_chars calls both ends out of range; a number too near to zero is fine.
  static bool Underflows(std::string_view number) {
    return std::fabs(std::strtod(std::string(number).c_str(), nullptr)) < 1;
  }

  bool String(std::string* out) {
    size_t start = at_++;
    for (;;) {
      if (End()) return Fail(start, "the string that starts here does not end");
      auto c = static_cast<unsigned char>(Peek());
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!Escape(out)) return false;
      } else if (c < 0x20) {
        return Fail(at_, fmt::format("a control character (0x{:02x}) in a string", c));
      } else {
        size_t n = Utf8SequenceLength(text_.substr(at_));
        if (n == 0) return Fail(at_, fmt::format("invalid UTF-8 (0x{:02x})", c));
        out->append(text_.substr(at_, n));
        at_ += n;
      }
    }
  }

  bool Escape(std::string* out) {
    size_t start = at_++;
    if (End()) return Fail(start, "the text ends in an escape sequence");
    char c = Peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        *out += c;
        return true;
      case 'b':
        *out += '\b';
        return true;
      case 'f':
        *out += '\f';
        return true;
      case 'n':
        *out += '\n';
        return true;
      case 'r':
        *out += '\r';
        return true;
      case 't':
        *out += '\t';
        return true;
      case 'u':
        return UnicodeEscape(start, out);
      default:
        return Fail(start, "an unknown escape sequence");
    }
  }

  bool Hex4(size_t start, uint32_t* code) {
    std::string_view digits = text_.substr(at_, 4);
    const char* end = digits.data() + digits.size();
    if (digits.size() < 4 || std::from_chars(digits.data(), end, *code, 16).ptr != end) {
      return Fail(start, "\\u needs four hexadecimal digits");
    }
    at_ += 4;
    return true;
  }

  bool UnicodeEscape(size_t start, std::string* out) {
    uint32_t code;
    if (!Hex4(start, &code)) return false;
    if (code >= 0xdc00 && code < 0xe000) return Fail(start, "half of a surrogate pair");
    if (code >= 0xd800 && code < 0xdc00) {
      uint32_t low;
      if (!text_.substr(at_).starts_with("\\u")) return Fail(start, "half of a surrogate pair");
      at_ += 2;
      if (!Hex4(start, &low)) return false;
      if (low < 0xdc00 || low >= 0xe000) return Fail(start, "half of a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    auto put = [&](uint32_t b) { *out += static_cast<char>(b); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | code >> 6);
      put(0x80 | (code & 63));
    } else if (code < 0x10000) {
      put(0xe0 | code >> 12);
      put(0x80 | (code >> 6 & 63));
      put(0x80 | (code & 63));
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 63));
      put(0x80 | (code >> 6 & 63));
      put(0x80 | (code & 63));
    }
    return true;
  }

  std::string_view text_;
  size_t max_depth_;
  size_t at_ = 0;
  std::vector<Level> levels_;
  std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> FindJsonFault(std::string_view text, size_t max_depth) {
  return Checker(text, max_depth).Run();
}

}  // namespace xebec::object::internal
