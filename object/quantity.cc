#include "object/quantity.h"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace xebec::object {

namespace {

using int128 = __int128;
constexpr int128 kNano = 1'000'000'000;
constexpr int128 kMax = int128{std::numeric_limits<int64_t>::max()} * kNano;

struct Suffix {
  std::string_view text;
  Quantity::Format format;
  int base, exponent;
};
constexpr std::array<Suffix, 16> kSuffixes = {{
    {"n", Quantity::Format::kDecimalSI, 10, -9},
    {"u", Quantity::Format::kDecimalSI, 10, -6},
    {"m", Quantity::Format::kDecimalSI, 10, -3},
    {"", Quantity::Format::kDecimalSI, 10, 0},
    {"k", Quantity::Format::kDecimalSI, 10, 3},
    {"M", Quantity::Format::kDecimalSI, 10, 6},
    {"G", Quantity::Format::kDecimalSI, 10, 9},
    {"T", Quantity::Format::kDecimalSI, 10, 12},
    {"P", Quantity::Format::kDecimalSI, 10, 15},
    {"E", Quantity::Format::kDecimalSI, 10, 18},
    {"Ki", Quantity::Format::kBinarySI, 2, 10},
    {"Mi", Quantity::Format::kBinarySI, 2, 20},
    {"Gi", Quantity::Format::kBinarySI, 2, 30},
    {"Ti", Quantity::Format::kBinarySI, 2, 40},
    {"Pi", Quantity::Format::kBinarySI, 2, 50},
    {"Ei", Quantity::Format::kBinarySI, 2, 60},
}};

Error Malformed(std::string_view text) {
  return Error::InvalidInput(
      fmt::format("\"{}\" is no quantity such as 100m, 1.5, 512Mi or 1e3", text.substr(0, 60)));
}

// value × base^exponent in billionths, capped; the fraction below a billionth is rounded up.
// `digits` is a decimal number with `fraction` digits behind its point.
int128 Scale(std::string_view digits, int64_t fraction, int base, int64_t exponent) {
  // As digits × 2^a × 10^b with the billionths' 10^9.
  int64_t ten = 9 - fraction + (base == 10 ? exponent : 0);
  int64_t two = base == 2 ? exponent : 0;
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  // Digits far below a billionth only round up.
  bool rest = false;
  while (ten < 0 && two == 0 && !digits.empty()) {
    rest |= digits.back() != '0';
    digits.remove_suffix(1);
    ++ten;
  }
  if (digits.empty()) return rest ? 1 : 0;
  int128 n = 0;
  for (char c : digits) {
    if (n > kMax) {
      // Saturate, unless a large negative exponent is still to come, which two == 0 rules out.
      if (ten >= 0) return kMax;
      break;
    }
    n = n * 10 + (c - '0');
  }
  if (n == 0) return rest ? 1 : 0;
  for (; two > 0; --two) {
    if (n > kMax) break;
    n *= 2;
  }
  for (; ten > 0; --ten) {
    if (n > kMax) return kMax;
    n *= 10;
  }
  for (; ten < 0; ++ten) {
    rest |= n % 10 != 0;
    n /= 10;
  }
  if (two > 0) return kMax;
  if (rest) ++n;
  return n > kMax ? kMax : n;
}

int128 RoundUp(int128 nanos, int128 unit) {
  int128 q = nanos / unit;
  if (nanos % unit != 0) q += nanos > 0 ? 1 : -1;
  return q;
}

int64_t Saturate(int128 v) {
  if (v > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (v < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

int128 Clamp(int128 nanos) { return nanos > kMax ? kMax : nanos < -kMax ? -kMax : nanos; }

}  // namespace

Result<Quantity> Quantity::Parse(std::string_view text) {
  std::string_view s = text;
  bool negative = false;
  if (!s.empty() && (s.front() == '+' || s.front() == '-')) {
    negative = s.front() == '-';
    s.remove_prefix(1);
  }
  std::string digits;
  int64_t fraction = 0;
  bool point = false;
  size_t i = 0;
  for (; i < s.size(); ++i) {
    if (s[i] == '.' && !point) {
      point = true;
    } else if (s[i] >= '0' && s[i] <= '9') {
      digits += s[i];
      fraction += point;
    } else {
      break;
    }
  }
  if (digits.empty() || digits.size() > 1000) return Malformed(text);
  std::string_view suffix = s.substr(i);
  Quantity q;
  int base = 10;
  int64_t exponent = 0;
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E') && suffix[1] != 'i') {
    std::string_view e = suffix.substr(1);
    bool minus = e.front() == '-';
    if (e.front() == '+' || e.front() == '-') e.remove_prefix(1);
    if (e.empty() || e.size() > 4) return Malformed(text);
    for (char c : e) {
      if (c < '0' || c > '9') return Malformed(text);
      exponent = exponent * 10 + (c - '0');
    }
    if (minus) exponent = -exponent;
    q.format_ = Format::kDecimalExponent;
  } else {
    const Suffix* found = nullptr;
    for (const Suffix& known : kSuffixes) {
      if (known.text == suffix) found = &known;
    }
    if (found == nullptr) return Malformed(text);
    base = found->base;
    exponent = found->exponent;
    q.format_ = found->format;
  }
  q.nanos_ = Scale(digits, fraction, base, exponent);
  if (negative) q.nanos_ = -q.nanos_;
  return q;
}

Quantity Quantity::FromInt(int64_t value, Format format) {
  Quantity q;
  q.nanos_ = Clamp(int128{value} * kNano);
  q.format_ = format;
  return q;
}

Quantity Quantity::FromMilli(int64_t milli) {
  Quantity q;
  q.nanos_ = int128{milli} * 1'000'000;
  return q;
}

int64_t Quantity::Value() const { return Saturate(RoundUp(nanos_, kNano)); }
int64_t Quantity::MilliValue() const { return Saturate(RoundUp(nanos_, 1'000'000)); }
double Quantity::AsDouble() const { return static_cast<double>(nanos_) / 1e9; }

Quantity Quantity::operator+(const Quantity& o) const {
  Quantity q = *this;
  q.nanos_ = Clamp(nanos_ + o.nanos_);
  if (IsZero()) q.format_ = o.format_;
  return q;
}
Quantity Quantity::operator-(const Quantity& o) const {
  Quantity q = *this;
  q.nanos_ = Clamp(nanos_ - o.nanos_);
  if (IsZero()) q.format_ = o.format_;
  return q;
}

// The largest suffix that leaves no fraction, as the API's canonical form has it.
std::string Quantity::ToString() const {
  if (nanos_ == 0) return "0";
  int128 magnitude = nanos_ < 0 ? -nanos_ : nanos_;
  std::string sign = nanos_ < 0 ? "-" : "";
  if (format_ == Format::kBinarySI && magnitude % kNano == 0 && magnitude >= 1024 * kNano) {
    auto n = static_cast<uint64_t>(magnitude / kNano);
    constexpr std::array<std::string_view, 7> kUnits = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    size_t unit = 0;
    for (; n % 1024 == 0 && unit + 1 < kUnits.size(); ++unit) n /= 1024;
    return fmt::format("{}{}{}", sign, n, kUnits[unit]);
  }
  int exponent = -9;
  for (; magnitude % 1000 == 0 && exponent < 18; exponent += 3) magnitude /= 1000;
  auto n = static_cast<uint64_t>(magnitude);
  if (format_ == Format::kDecimalExponent) {
    return exponent == 0 ? fmt::format("{}{}", sign, n) : fmt::format("{}{}e{}", sign, n, exponent);
  }
  constexpr std::array<std::string_view, 10> kUnits = {"n", "u", "m", "",  "k",
                                                       "M", "G", "T", "P", "E"};
  return fmt::format("{}{}{}", sign, n, kUnits[static_cast<size_t>(exponent + 9) / 3]);
}

}  // namespace xebec::object
