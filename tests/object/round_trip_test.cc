// Properties over random documents. RapidCheck prints the seed of a failure; RC_PARAMS="seed=…"
// replays it.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "object/json.h"
#include "object/list.h"
#include "object/object.h"
#include "object/patch.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

using Json = nlohmann::ordered_json;

// A string of code points from all over, with those that JSON escapes more often.
rc::Gen<std::string> AnyText() {
  return rc::gen::exec([] {
    int length = *rc::gen::inRange(0, 24);
    std::string s;
    for (int i = 0; i < length; ++i) {
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
          s += static_cast<char>(*rc::gen::inRange(0, 0x20));
          break;
        case 1:
          s += *rc::gen::element('"', '\\', '/', '{', '}', '[', ']', ',', ':');
          break;
        case 2:
          s += *rc::gen::element("ä", "€", "😀", "\u2028", "\ufffd");
          break;
        default:
          s += static_cast<char>(*rc::gen::inRange(0x20, 0x7f));
      }
    }
    return s;
  });
}

Json AnyJson(int depth) {
  int kind = *rc::gen::inRange(0, depth > 0 ? 9 : 6);
  switch (kind) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<int64_t>();
    case 3:
      return *rc::gen::arbitrary<uint64_t>();
    case 4: {
      double d = *rc::gen::arbitrary<double>();
      return std::isfinite(d) ? d : 0.5;
    }
    case 5:
      return *AnyText();
    case 6: {
      Json array = Json::array();
      for (int n = *rc::gen::inRange(0, 6); n > 0; --n) array.push_back(AnyJson(depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (int n = *rc::gen::inRange(0, 24); n > 0; --n) object[*AnyText()] = AnyJson(depth - 1);
      return object;
    }
  }
}

Json AnyDocument() {
  Json object = Json::object();
  for (int n = *rc::gen::inRange(0, 8); n > 0; --n) object[*AnyText()] = AnyJson(3);
  return object;
}

XEBEC_TEST(RoundTrip, ParsePrintParseIsTheIdentity) {
  EXPECT_TRUE(rc::check([] {
    std::string text = AnyDocument().dump();
    Result<Object> first = Object::Parse(text);
    RC_ASSERT(first.ok());
    std::string printed = first->Json();
    Result<Object> second = Object::Parse(printed);
    RC_ASSERT(second.ok());
    RC_ASSERT(*second == *first);
    RC_ASSERT(second->Json() == printed);
    RC_ASSERT(second->SizeBytes() == first->SizeBytes());
  }));
}

XEBEC_TEST(RoundTrip, AgreesWithNlohmann) {
  EXPECT_TRUE(rc::check([] {
    Json document = AnyDocument();
    Result<Object> parsed = Object::Parse(document.dump());
    RC_ASSERT(parsed.ok());
    RC_ASSERT(ToOrderedJson(parsed->root()) == document);
    Result<Object> converted = FromJson(document);
    RC_ASSERT(converted.ok());
    RC_ASSERT(*converted == *parsed);
    RC_ASSERT(converted->Json() == parsed->Json());
  }));
}

XEBEC_TEST(RoundTrip, ABuilderWithoutChangesIsTheIdentity) {
  EXPECT_TRUE(rc::check([] {
    Result<Object> o = Object::Parse(AnyDocument().dump());
    RC_ASSERT(o.ok());
    RC_ASSERT(o->Edit().Build().Json() == o->Json());
    // And one that opens every container.
    Builder b = o->Edit();
    for (auto [key, value] : o->root().Fields()) b.Set(key, value);
    RC_ASSERT(b.Build() == *o);
  }));
}

XEBEC_TEST(RoundTrip, AListGivesItsItemsBack) {
  EXPECT_TRUE(rc::check([] {
    std::vector<Object> items;
    std::string text = R"({"items":[)";
    for (int n = *rc::gen::inRange(0, 5); n > 0; --n) {
      std::string item = AnyDocument().dump(*rc::gen::element(-1, 2));
      items.push_back(*Object::Parse(item));
      text += (items.size() > 1 ? "," : "") + item;
    }
    text += R"(],"kind":"XList"})";
    Result<List<Object>> list = ParseList(text, {});
    RC_ASSERT(list.ok());
    RC_ASSERT(list->items() == items);
  }));
}

XEBEC_TEST(RoundTrip, AMergePatchAgreesWithNlohmann) {
  EXPECT_TRUE(rc::check([] {
    Json document = AnyDocument(), patch = AnyDocument();
    // Change some of what is there too.
    for (auto it = document.begin(); it != document.end(); ++it) {
      if (*rc::gen::inRange(0, 3) == 0) patch[it.key()] = AnyJson(2);
    }
    Json want = document;
    want.merge_patch(patch);
    RC_ASSERT(ApplyMergePatch(document, patch) == want);
  }));
}

}  // namespace
}  // namespace xebec::object
