#include "object/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "object/object.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

Object MustParse(std::string_view text) {
  Result<Object> object = Object::Parse(text);
  EXPECT_TRUE(object.ok()) << object.error().message;
  return *object;
}

XEBEC_TEST(Value, ReadsEveryKind) {
  Object o = MustParse(
      R"({"null":null,"yes":true,"no":false,"int":-7,"double":2.5,"text":"héllo","list":[1,2,3],"map":{"a":1}})");
  EXPECT_TRUE(o["null"].IsNull());
  EXPECT_TRUE(o["yes"].AsBool());
  EXPECT_FALSE(o["no"].AsBool(true));
  EXPECT_EQ(o["int"].AsInt(), -7);
  EXPECT_EQ(o["double"].AsDouble(), 2.5);
  EXPECT_EQ(o["text"].AsString(), "héllo");
  EXPECT_EQ(o["list"].size(), 3u);
  EXPECT_EQ(o["list"][1].AsInt(), 2);
  EXPECT_EQ(o["map"]["a"].AsInt(), 1);
  EXPECT_EQ(o["map"].kind(), Kind::kObject);
}

XEBEC_TEST(Value, AMissingFieldChainsToMissingAndGivesDefaults) {
  Object o = MustParse(R"({"spec":{"replicas":3,"name":"x"}})");
  Value missing = o["spec"]["template"]["spec"]["containers"][0]["image"];
  EXPECT_TRUE(missing.IsMissing());
  EXPECT_EQ(missing.AsString("none"), "none");
  EXPECT_EQ(missing.AsInt(42), 42);
  EXPECT_EQ(missing.AsDouble(1.5), 1.5);
  EXPECT_TRUE(missing.AsBool(true));
  EXPECT_EQ(missing.size(), 0u);
  EXPECT_TRUE(missing.Elements().empty());
  EXPECT_TRUE(missing.Fields().empty());
  EXPECT_EQ(missing.Json(), "");
  // A wrong type is no error either.
  EXPECT_EQ(o["spec"]["name"].AsInt(5), 5);
  EXPECT_TRUE(o["spec"]["name"]["x"].IsMissing());
  EXPECT_TRUE(o["spec"][0].IsMissing());
  EXPECT_EQ(o["spec"]["replicas"].AsString("d"), "d");
}

XEBEC_TEST(Value, NumbersKeepTheirFullRange) {
  const int64_t kInts[] = {0,
                           1,
                           -1,
                           (1 << 27) - 1,
                           1 << 27,
                           -(1 << 27),
                           -(1 << 27) - 1,
                           std::numeric_limits<int64_t>::max(),
                           std::numeric_limits<int64_t>::min()};
  for (int64_t i : kInts) {
    Object o = MustParse("{\"n\":" + std::to_string(i) + "}");
    EXPECT_TRUE(o["n"].IsInt());
    EXPECT_EQ(o["n"].AsInt(), i);
    EXPECT_EQ(o["n"].Json(), std::to_string(i));
  }
  Object big = MustParse("{\"n\":18446744073709551615}");
  EXPECT_EQ(big["n"].AsUint(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(big["n"].AsInt(-1), -1);
  EXPECT_EQ(big["n"].Json(), "18446744073709551615");
}

XEBEC_TEST(Value, DoublesRoundTripAndStayDoubles) {
  for (std::string text : {"0.1", "2.0", "-0.0", "1e+21", "5e-324", "1.7976931348623157e+308",
                           "123456789.125", "100000.0", "0.30000000000000004"}) {
    Object o = MustParse("{\"n\":" + text + "}");
    EXPECT_EQ(o["n"].kind(), Kind::kDouble) << text;
    EXPECT_EQ(o["n"].Json(), text);
  }
  EXPECT_EQ(MustParse("{\"n\":3.0}")["n"].AsInt(), 3);
  EXPECT_EQ(MustParse("{\"n\":3.5}")["n"].AsInt(9), 9);
  EXPECT_EQ(MustParse("{\"n\":1e300}")["n"].AsInt(9), 9);
}

XEBEC_TEST(Value, WalksElementsAndFieldsInTheOrderOfTheInput) {
  Object o = MustParse(R"({"z":1,"a":{"k":[10,20]},"m":"x"})");
  std::string keys;
  for (auto [key, value] : o.root().Fields()) keys += std::string(key) + "=" + value.Json() + ";";
  EXPECT_EQ(keys, R"(z=1;a={"k":[10,20]};m="x";)");
  int64_t sum = 0;
  for (Value v : o["a"]["k"].Elements()) sum += v.AsInt();
  EXPECT_EQ(sum, 30);
}

XEBEC_TEST(Value, FindsFieldsInObjectsOfAnySize) {
  for (int n : {1, 2, 15, 16, 17, 100, 1000}) {
    std::string text = "{";
    for (int i = 0; i < n; ++i) {
      text += "\"" + std::string(i % 3 == 0 ? "k" : "a-longer-key-") + std::to_string(i) +
              "\":" + std::to_string(i) + ",";
    }
    text.back() = '}';
    Object o = MustParse(text);
    for (int i = 0; i < n; ++i) {
      std::string key = std::string(i % 3 == 0 ? "k" : "a-longer-key-") + std::to_string(i);
      EXPECT_EQ(o[key].AsInt(-1), i) << key << " of " << n;
    }
    EXPECT_TRUE(o["absent"].IsMissing());
    EXPECT_TRUE(o["no"].IsMissing());
    EXPECT_TRUE(o["metadata"].IsMissing());
    EXPECT_EQ(o.Json(), text);
  }
}

XEBEC_TEST(Value, EscapesWhatJsonWantsEscaped) {
  Object o = MustParse(R"({"a\"\\\/\b\f\n\r\t\u0001\u00e4\ud83d\ude00":"\u007f"})");
  EXPECT_EQ(o.Json(), "{\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001ä😀\":\"\x7f\"}");
  EXPECT_EQ(MustParse(o.Json()), o);
}

XEBEC_TEST(Value, ComparesDeeply) {
  auto equal = [](const char* a, const char* b) { return MustParse(a) == MustParse(b); };
  EXPECT_TRUE(equal(R"({"a":1,"b":[1,{"c":null}]})", R"({"b":[1,{"c":null}],"a":1})"));
  EXPECT_TRUE(equal(R"({"a":1})", R"({"a":1.0})"));
  EXPECT_TRUE(equal(R"({"a":18446744073709551615})", R"({"a":18446744073709551615})"));
  EXPECT_TRUE(equal(R"({"a":0.0})", R"({"a":-0.0})"));
  EXPECT_FALSE(equal(R"({"a":18446744073709551615})", R"({"a":-1})"));
  EXPECT_FALSE(equal(R"({"a":9007199254740993})", R"({"a":9007199254740992.0})"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"a":true})"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_FALSE(equal(R"({"a":[1,2]})", R"({"a":[2,1]})"));
  EXPECT_FALSE(equal(R"({"a":{}})", R"({"a":[]})"));
  EXPECT_FALSE(equal(R"({"a":null})", R"({})"));
  EXPECT_EQ(Value(), Value());
  EXPECT_FALSE(Value() == MustParse("{}").root());
}

}  // namespace
}  // namespace xebec::object
