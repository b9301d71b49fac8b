#include "object/time.h"

#include <gtest/gtest.h>

namespace xebec::object {
namespace {

TEST(Time, ParsesRfc3339) {
  EXPECT_EQ(Time::Parse("1970-01-01T00:00:00Z")->seconds, 0);
  EXPECT_EQ(Time::Parse("2026-01-02T03:04:05Z")->seconds, 1767323045);
  EXPECT_EQ(Time::Parse("2026-01-02T05:04:05+02:00")->seconds, 1767323045);
  EXPECT_EQ(Time::Parse("2026-01-01T22:04:05-05:00")->seconds, 1767323045);
  EXPECT_EQ(Time::Parse("2026-01-02t03:04:05.25z")->nanos, 250'000'000);
  EXPECT_EQ(Time::Parse("2026-01-02T03:04:05.123456789123Z")->nanos, 123'456'789);
  EXPECT_EQ(Time::Parse("0000-01-01T00:00:00Z")->seconds, -62167219200);
  EXPECT_EQ(Time::Parse("9999-12-31T23:59:59Z")->seconds, 253402300799);
}

TEST(Time, PrintsWhatItParses) {
  for (const char* text : {"1969-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "2026-01-02T03:04:05Z",
                           "2100-03-01T00:00:00Z", "0001-01-01T00:00:00Z"}) {
    EXPECT_EQ(Time::Parse(text)->ToString(), text);
  }
  EXPECT_EQ(Time::Parse("2026-01-02T03:04:05.678901Z")->ToMicroString(),
            "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(Time::Parse("2026-01-02T03:04:05Z")->ToMicroString(), "2026-01-02T03:04:05.000000Z");
}

TEST(Time, EveryDayOfFourCenturiesRoundTrips) {
  for (int64_t day = 0; day < 146'097; ++day) {
    Time t{(day - 40000) * 86400, 0};
    Result<Time> again = Time::Parse(t.ToString());
    ASSERT_TRUE(again.ok()) << t.ToString();
    ASSERT_EQ(again->seconds, t.seconds);
  }
}

TEST(Time, RefusesMalformedText) {
  for (const char* text : {"", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z",
                           "2026-13-02T03:04:05Z", "2026-02-29T03:04:05Z", "2026-01-32T03:04:05Z",
                           "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z",
                           "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+25:00",
                           "2026-01-02T03:04:05Zx", "26-01-02T03:04:05Z"}) {
    EXPECT_FALSE(Time::Parse(text).ok()) << text;
  }
}

TEST(Time, ConvertsToNanoseconds) {
  EXPECT_EQ(Time::FromNanos(1'500'000'000), (Time{1, 500'000'000}));
  EXPECT_EQ(Time::FromNanos(-1), (Time{-1, 999'999'999}));
  EXPECT_EQ((Time{-1, 999'999'999}).ToNanos(), -1);
  EXPECT_EQ((Time{253402300799, 0}).ToNanos(), INT64_MAX);
}

}  // namespace
}  // namespace xebec::object
