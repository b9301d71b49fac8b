#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/result.h"

namespace xebec::object {

// A point in time as the API writes it: RFC 3339, UTC, with a nanosecond's resolution, years 0 to
// 9999.
struct Time {
  int64_t seconds = 0;  // since 1970-01-01T00:00:00Z
  int32_t nanos = 0;    // 0 … 999,999,999

  // "2026-01-01T12:00:00Z", with any fraction and any offset ("+02:00"). Fails: InvalidInput.
  static Result<Time> Parse(std::string_view text);
  // From nanoseconds since 1970, as runtime::WallNanos() gives them.
  static Time FromNanos(int64_t nanos_since_1970);
  int64_t ToNanos() const;  // saturates beyond the years 1677 … 2262

  // "2026-01-01T12:00:00Z": metav1.Time, whole seconds.
  std::string ToString() const;
  // "2026-01-01T12:00:00.000000Z": metav1.MicroTime, always six digits.
  std::string ToMicroString() const;

  friend auto operator<=>(const Time&, const Time&) = default;
  friend bool operator==(const Time&, const Time&) = default;
};

}  // namespace xebec::object
