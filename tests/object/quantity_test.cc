#include "object/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace xebec::object {
namespace {

struct Case {
  const char* text;
  int64_t value;
  int64_t milli;
  const char* canonical;
};

TEST(Quantity, ParsesAndPrintsCanonically) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const Case kCases[] = {
      {"0", 0, 0, "0"},
      {"1", 1, 1000, "1"},
      {"100m", 1, 100, "100m"},
      {"1500m", 2, 1500, "1500m"},
      {"0.5", 1, 500, "500m"},
      {".5", 1, 500, "500m"},
      {"1.", 1, 1000, "1"},
      {"-1.5", -2, -1500, "-1500m"},
      {"+2", 2, 2000, "2"},
      {"1000", 1000, 1000000, "1k"},
      {"1k", 1000, 1000000, "1k"},
      {"12e3", 12000, 12000000, "12e3"},
      {"1E6", 1000000, 1000000000, "1e6"},
      {"1e-3", 1, 1, "1e-3"},
      {"512Mi", 536870912, 536870912000, "512Mi"},
      {"1024Mi", 1073741824, 1073741824000, "1Gi"},
      {"1.5Gi", 1610612736, 1610612736000, "1536Mi"},
      {"0.5Ki", 512, 512000, "512"},
      {"2Ei", 2305843009213693952, kMax, "2Ei"},
      {"1E", 1000000000000000000, kMax, "1E"},
      {"100n", 1, 1, "100n"},
      {"1u", 1, 1, "1u"},
      {"0.0000000001", 1, 1, "1n"},  // rounded up
      {"007", 7, 7000, "7"},
      {"99999999999999999999", kMax, kMax, "9223372036854775807"},
      {"100Ei", kMax, kMax, "9223372036854775807"},
      {"1e99", kMax, kMax, "9223372036854775807"},
      {"1e-999", 1, 1, "1e-9"},
      {"0e999", 0, 0, "0"},
  };
  for (const Case& c : kCases) {
    Result<Quantity> q = Quantity::Parse(c.text);
    ASSERT_TRUE(q.ok()) << c.text;
    EXPECT_EQ(q->Value(), c.value) << c.text;
    EXPECT_EQ(q->MilliValue(), c.milli) << c.text;
    EXPECT_EQ(q->ToString(), c.canonical) << c.text;
    Result<Quantity> again = Quantity::Parse(q->ToString());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, *q) << c.text;
  }
}

TEST(Quantity, RefusesMalformedText) {
  for (const char* text : {"", "m", "1x", "1 Gi", "1.2.3", "Gi", "1KiB", "1e", "1e+", "--1", "1mi",
                           "0x10", "1e10000", "∞"}) {
    EXPECT_FALSE(Quantity::Parse(text).ok()) << text;
  }
}

TEST(Quantity, ComparesByValue) {
  auto q = [](const char* text) { return *Quantity::Parse(text); };
  EXPECT_EQ(q("1"), q("1000m"));
  EXPECT_EQ(q("1Ki"), q("1024"));
  EXPECT_LT(q("1G"), q("1Gi"));
  EXPECT_LT(q("-1"), q("0"));
  EXPECT_GT(q("1n"), q("0"));
}

TEST(Quantity, AddsAndSubtracts) {
  auto q = [](const char* text) { return *Quantity::Parse(text); };
  EXPECT_EQ((q("100m") + q("900m")).ToString(), "1");
  EXPECT_EQ((q("1Gi") + q("512Mi")).ToString(), "1536Mi");
  EXPECT_EQ((q("1") - q("1500m")).ToString(), "-500m");
  EXPECT_EQ((Quantity() + q("1Mi")).ToString(), "1Mi");
  EXPECT_EQ(Quantity::FromInt(5).ToString(), "5");
  EXPECT_EQ(Quantity::FromMilli(250).ToString(), "250m");
}

}  // namespace
}  // namespace xebec::object
