#include "object/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/testing.h"

namespace xebec::object {
namespace {

XEBEC_TEST(Json, ConvertsBothWays) {
  const char* text =
      R"({"z":null,"a":[true,-1,18446744073709551615,2.5,"ä"],"m":{"x":{}},"big":9007199254740993})";
  auto json = nlohmann::ordered_json::parse(text);
  Result<Object> object = FromJson(json);
  ASSERT_TRUE(object.ok()) << object.error().message;
  EXPECT_EQ(object->Json(), text);
  EXPECT_EQ(ToOrderedJson(object->root()), json);
  EXPECT_EQ(ToOrderedJson(object->root()).dump(), text);
  EXPECT_EQ(ToJson(object->root()), nlohmann::json::parse(text));
  EXPECT_EQ(*FromJson(nlohmann::json::parse(text)), *object);
  EXPECT_TRUE(ToJson(Value()).is_null());
}

XEBEC_TEST(Json, RefusesWhatIsNoJson) {
  EXPECT_FALSE(FromJson(nlohmann::json::array()).ok());
  EXPECT_FALSE(FromJson(nlohmann::json{{"a", std::numeric_limits<double>::infinity()}}).ok());
  EXPECT_FALSE(FromJson(nlohmann::json{{"a", nlohmann::json::binary({1, 2})}}).ok());
  nlohmann::json deep = 1;
  for (int i = 0; i < kMaxDepth; ++i) deep = nlohmann::json{{"d", deep}};
  EXPECT_TRUE(FromJson(deep).ok());
  EXPECT_FALSE(FromJson(nlohmann::json{{"d", deep}}).ok());
}

XEBEC_TEST(Json, SetsAPartOfABuilder) {
  Builder b;
  ASSERT_TRUE(SetJson(b, {"spec", "list"}, nlohmann::json::parse("[1,{\"a\":2}]")).ok());
  EXPECT_EQ(b.Json(), R"({"spec":{"list":[1,{"a":2}]}})");
}

}  // namespace
}  // namespace xebec::object
