#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/result.h"

namespace xebec::object {

// A resource quantity as the API writes it: "100m", "512Mi", "1e3", "2". Kept in billionths; finer
// fractions are rounded up and values are capped at ±(2⁶³ − 1), as the API does.
class Quantity {
 public:
  enum class Format : uint8_t { kDecimalSI, kBinarySI, kDecimalExponent };

  Quantity() = default;  // 0
  static Result<Quantity> Parse(std::string_view text);
  static Quantity FromInt(int64_t value, Format format = Format::kDecimalSI);
  static Quantity FromMilli(int64_t milli);

  // Rounded up (away from zero).
  int64_t Value() const;
  int64_t MilliValue() const;  // saturates
  double AsDouble() const;
  bool IsZero() const { return nanos_ == 0; }
  Format format() const { return format_; }
  // The canonical form: "1500m", "1Gi".
  std::string ToString() const;

  Quantity operator+(const Quantity& o) const;
  Quantity operator-(const Quantity& o) const;
  // By value: 1 and 1000m are equal.
  friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    return a.nanos_ <=> b.nanos_;
  }
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nanos_ == b.nanos_; }

 private:
  __int128 nanos_ = 0;
  Format format_ = Format::kDecimalSI;
};

}  // namespace xebec::object
