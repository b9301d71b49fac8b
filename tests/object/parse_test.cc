#include <gtest/gtest.h>

#include <string>

#include "object/internal/json_check.h"
#include "object/internal/json_scan.h"
#include "object/object.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

std::string Nested(int depth) {
  std::string text = "{\"a\":";
  for (int i = 1; i < depth; ++i) text += '[';
  text += "1";
  for (int i = 1; i < depth; ++i) text += ']';
  return text + "}";
}

struct BadInput {
  std::string text;
  std::string message;  // a part of it
};

XEBEC_TEST(Parse, TellsWhatIsWrongAndWhere) {
  const BadInput kBad[] = {
      {"", "offset 0: the text ends where a value should follow"},
      {"   ", "offset 3: the text ends"},
      {"[]", "offset 0: expected an object"},
      {"\"text\"", "offset 0: expected an object"},
      {"42", "offset 0: expected an object"},
      {"null", "offset 0: expected an object"},
      {"{", "offset 1: the text ends where a key in quotes should follow"},
      {"{\"a\"", "offset 4: the text ends where ':' should follow"},
      {"{\"a\":", "offset 5: the text ends where a value should follow"},
      {"{\"a\":1", "offset 6: the text ends where ',' or '}' should follow"},
      {"{\"a\":[1,2", "offset 9: the text ends where ',' or ']' should follow"},
      {"{\"a\":1,}", "offset 7: expected a key in quotes, found '}'"},
      {"{\"a\":1}}", "offset 7: unexpected '}' after the value"},
      {"{\"a\":1} {\"b\":2}", "offset 8: unexpected '{' after the value"},
      {"{'a':1}", "offset 1: expected a key in quotes, found '''"},
      {"{\"a\":tru}", "offset 5: expected a value, found 't'"},
      {"{\"a\":01}", "offset 5: a number with a leading zero"},
      {"{\"a\":1.}", "offset 7: expected a digit"},
      {"{\"a\":+1}", "offset 5: expected a value"},
      {"{\"a\":NaN}", "offset 5: expected a value"},
      {"{\"a\":18446744073709551616}", "offset 5: an integer beyond 64 bits"},
      {"{\"a\":-9223372036854775809}", "offset 5: an integer beyond 64 bits"},
      {"{\"a\":1e999}", "offset 5: a number beyond the range of a double"},
      {"{\"a\":\"\xff\"}", "offset 6: invalid UTF-8 (0xff)"},
      {"{\"a\":\"\xc0\xaf\"}", "offset 6: invalid UTF-8 (0xc0)"},
      {"{\"a\":\"\xed\xa0\x80\"}", "offset 6: invalid UTF-8 (0xed)"},
      {"{\"a\":\"\\ud800\"}", "offset 6: half of a surrogate pair"},
      {"{\"a\":\"\\x\"}", "offset 6: an unknown escape sequence"},
      {"{\"a\":\"x", "offset 5: the string that starts here does not end"},
      {std::string("{\"a\":\"\n\"}"), "offset 6: a control character (0x0a) in a string"},
      {std::string("{\"a\":\0}", 7), "offset 5: expected a value, found byte 0x00"},
      {"{\"a\":1,\"b\":2,\"a\":3}", "offset 13: the key \"a\" stands twice"},
      {"{\"x\":{\"long-key\":1,\"\\u006cong-key\":2}}",
       "offset 19: the key \"long-key\" stands twice"},
      {"\xef\xbb\xbf{}", "offset 0: expected a value, found byte 0xef"},
  };
  for (const BadInput& bad : kBad) {
    Result<Object> object = Object::Parse(bad.text);
    ASSERT_FALSE(object.ok()) << bad.text;
    EXPECT_TRUE(IsInvalidInput(object.error())) << bad.text;
    EXPECT_NE(object.error().message.find(bad.message), std::string::npos)
        << bad.text << "\n gave: " << object.error().message;
  }
}

XEBEC_TEST(Parse, FindsDuplicatesAmongManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += "\"key-" + std::to_string(i) + "\":1,";
  EXPECT_TRUE(Object::Parse(text + "\"other\":1}").ok());
  Result<Object> twice = Object::Parse(text + "\"key-42\":1}");
  ASSERT_FALSE(twice.ok());
  EXPECT_NE(twice.error().message.find("\"key-42\" stands twice"), std::string::npos)
      << twice.error().message;
}

XEBEC_TEST(Parse, LimitsTheDepth) {
  EXPECT_TRUE(Object::Parse(Nested(kMaxDepth)).ok());
  for (int depth : {kMaxDepth + 1, 1000, 1024, 1025, 100'000}) {
    Result<Object> deep = Object::Parse(Nested(depth));
    ASSERT_FALSE(deep.ok()) << depth;
    EXPECT_NE(deep.error().message.find("nested deeper than 200 levels"), std::string::npos)
        << deep.error().message;
  }
  ParseOptions options;
  options.max_depth = 3;
  EXPECT_TRUE(Object::Parse(Nested(3), options).ok());
  EXPECT_FALSE(Object::Parse(Nested(4), options).ok());
  // Brackets without an end.
  EXPECT_FALSE(Object::Parse("{\"a\":" + std::string(1'000'000, '[')).ok());
}

XEBEC_TEST(Parse, RefusesTwentyMegabytes) {
  std::string text = "{\"data\":\"" + std::string(20 << 20, 'x') + "\"}";
  Result<Object> large = Object::Parse(text);
  ASSERT_FALSE(large.ok());
  EXPECT_TRUE(IsInvalidInput(large.error()));
  EXPECT_EQ(large.error().message, "a JSON object of 20971531 bytes: the limit is 16777216 bytes");
  ParseOptions options;
  options.max_bytes = 32 << 20;
  Result<Object> allowed = Object::Parse(text, options);
  ASSERT_TRUE(allowed.ok());
  EXPECT_EQ((*allowed)["data"].AsString().size(), size_t{20} << 20);
}

XEBEC_TEST(Parse, EveryPrefixOfATextIsAnErrorAndNoCrash) {
  const std::string text =
      R"({"kind":"Pod","n":[1,-2.5e3,true,null,{"a":"\u00e4\n"}],"x":{"y":"zäöü"}})";
  ASSERT_TRUE(Object::Parse(text).ok());
  for (size_t i = 0; i < text.size(); ++i) {
    Result<Object> cut = Object::Parse(text.substr(0, i));
    ASSERT_FALSE(cut.ok()) << i;
    EXPECT_TRUE(IsInvalidInput(cut.error()));
  }
}

XEBEC_TEST(Parse, ChosenStringsThatCollideStayLinear) {
  // Many strings that share their ends and their length; stored and found again all the same.
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i) {
    char key[64];
    snprintf(key, sizeof key, "\"prefix--%08d--suffix\":%d,", i, i);
    text += key;
  }
  text.back() = '}';
  Result<Object> object = Object::Parse(text);
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)["prefix--00012345--suffix"].AsInt(), 12345);
  EXPECT_EQ(object->root().size(), 20'000u);
}

XEBEC_TEST(Parse, TheErrorsOfTheSlowReaderAgreeWithTheFastOne) {
  // Whatever simdjson refuses the slow reader refuses too, so that no error lacks its offset.
  const std::string base = R"({"a":[1,2.5,"x\n",{"b":null}],"c":true})";
  for (size_t i = 0; i < base.size(); ++i) {
    for (char c : {'\0', '"', '{', '}', '[', ']', ',', ':', '\\', 'x', '0', '-', '\x80', ' '}) {
      std::string text = base;
      text[i] = c;
      bool fast = Object::Parse(text).ok();
      auto fault = internal::FindJsonFault(text, kMaxDepth);
      if (text[0] != '{') continue;
      EXPECT_EQ(fast, !fault.has_value()) << text << (fault ? fault->what : "");
    }
  }
}

TEST(JsonScan, FindsTheEndOfAContainerAtEveryAlignment) {
  // Long strings with brackets, escapes at block borders and nesting, cut at any place.
  for (size_t pad = 0; pad < 140; ++pad) {
    std::string value = "{\"k\":\"" + std::string(pad, 'p') + "\\\"}]\",\"v\":[{},[\"[\\\\\"],{\"" +
                        std::string(pad, '}') + "\":1}]}";
    std::string text = "[" + value + ",1]";
    EXPECT_EQ(internal::SkipValue(text, 1), 1 + value.size()) << text;
    for (size_t cut : {value.size() - 1, value.size() / 2}) {
      EXPECT_EQ(internal::SkipValue(text.substr(0, 1 + cut), 1), std::string::npos);
    }
  }
}

TEST(JsonScan, FindsTheEndOfScalars) {
  EXPECT_EQ(internal::SkipValue("12,", 0), 2u);
  EXPECT_EQ(internal::SkipValue("\"a\\\"b\",", 0), 6u);
  EXPECT_EQ(internal::SkipValue("\"a", 0), std::string::npos);
  EXPECT_EQ(internal::SkipValue("]", 0), std::string::npos);
  EXPECT_EQ(internal::SkipValue("", 0), std::string::npos);
}

}  // namespace
}  // namespace xebec::object
