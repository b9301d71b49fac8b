#include "object/time.h"

#include <fmt/format.h>

#include <limits>

namespace xebec::object {

namespace {

// Days since 1970-01-01 in the proleptic Gregorian calendar, and back (years count from March in
// eras of 400 years, so that the leap day comes last).
int64_t DaysFromCivil(int64_t y, int m, int d) {
  y -= m <= 2;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct Civil {
  int64_t year;
  int month, day;
};

Civil CivilFromDays(int64_t z) {
  z += 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {yoe + era * 400 + (month <= 2), month, static_cast<int>(doy - (153 * mp + 2) / 5 + 1)};
}

int DaysInMonth(int64_t y, int m) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
  return kDays[m - 1] + (m == 2 && leap);
}

// Takes `n` digits off the front; false if they are not there.
bool Digits(std::string_view* s, size_t n, int* out) {
  if (s->size() < n) return false;
  *out = 0;
  for (size_t i = 0; i < n; ++i) {
    char c = (*s)[i];
    if (c < '0' || c > '9') return false;
    *out = *out * 10 + (c - '0');
  }
  s->remove_prefix(n);
  return true;
}

bool Take(std::string_view* s, char c) {
  if (s->empty() || s->front() != c) return false;
  s->remove_prefix(1);
  return true;
}

bool ParseZone(std::string_view* s, int64_t* offset) {
  *offset = 0;
  if (Take(s, 'Z') || Take(s, 'z')) return true;
  int64_t sign = Take(s, '+') ? 1 : Take(s, '-') ? -1 : 0;
  int hours, minutes;
  if (sign == 0 || !Digits(s, 2, &hours) || !Take(s, ':') || !Digits(s, 2, &minutes)) return false;
  *offset = sign * (hours * 3600 + minutes * 60);
  return hours < 24 && minutes < 60;
}

bool ParseFraction(std::string_view* s, int32_t* nanos) {
  *nanos = 0;
  if (!Take(s, '.')) return true;
  size_t n = 0;
  int32_t scale = 100'000'000;
  while (n < s->size() && (*s)[n] >= '0' && (*s)[n] <= '9') {
    *nanos += ((*s)[n] - '0') * scale;
    scale /= 10;
    ++n;
  }
  s->remove_prefix(n);
  return n > 0;
}

std::string Format(int64_t seconds) {
  int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  Civil c = CivilFromDays(days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, rest / 3600,
                     rest / 60 % 60, rest % 60);
}

}  // namespace

Result<Time> Time::Parse(std::string_view text) {
  std::string_view s = text;
  int year, month, day, hour, minute, second;
  int32_t nanos;
  int64_t offset;
  bool ok = Digits(&s, 4, &year) && Take(&s, '-') && Digits(&s, 2, &month) && Take(&s, '-') &&
            Digits(&s, 2, &day) && (Take(&s, 'T') || Take(&s, 't')) && Digits(&s, 2, &hour) &&
            Take(&s, ':') && Digits(&s, 2, &minute) && Take(&s, ':') && Digits(&s, 2, &second) &&
            ParseFraction(&s, &nanos) && ParseZone(&s, &offset) && s.empty();
  ok = ok && month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, month) &&
       hour < 24 && minute < 60 && second < 60;
  if (!ok) {
    return Error::InvalidInput(
        fmt::format("\"{}\" is no RFC 3339 time such as 2026-01-01T12:00:00Z", text.substr(0, 60)));
  }
  int64_t seconds =
      DaysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
  return Time{seconds, nanos};
}

Time Time::FromNanos(int64_t n) {
  int64_t seconds = n / 1'000'000'000;
  auto nanos = static_cast<int32_t>(n % 1'000'000'000);
  if (nanos < 0) {
    nanos += 1'000'000'000;
    --seconds;
  }
  return {seconds, nanos};
}

int64_t Time::ToNanos() const {
  int64_t n;
  if (__builtin_mul_overflow(seconds, int64_t{1'000'000'000}, &n) ||
      __builtin_add_overflow(n, int64_t{nanos}, &n)) {
    return seconds < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }
  return n;
}

std::string Time::ToString() const { return Format(seconds) + "Z"; }
std::string Time::ToMicroString() const {
  return fmt::format("{}.{:06}Z", Format(seconds), nanos / 1000);
}

}  // namespace xebec::object
