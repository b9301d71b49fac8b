#include "object/json_path.h"

#include <gtest/gtest.h>

#include "object/object.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

XEBEC_TEST(JsonPath, FindsWhatPrinterColumnsAskFor) {
  Object o = *Object::Parse(R"({"metadata":{"name":"x","labels":{"app.io/name":"web","a b":"c"}},
    "spec":{"replicas":3,"ports":[80,443]},
    "status":{"conditions":[{"type":"Ready","status":"True","n":1},{"type":"Other","status":"False"}]}})");
  const std::pair<const char*, const char*> kCases[] = {
      {".metadata.name", "x"},
      {"{.metadata.name}", "x"},
      {"$.metadata.name", "x"},
      {".spec.replicas", "3"},
      {".spec.ports[0]", "80"},
      {".spec.ports[-1]", "443"},
      {".spec.ports[*]", "80 443"},
      {".spec.ports[7]", ""},
      {".spec.ports", "[80,443]"},
      {".metadata.labels['app.io/name']", "web"},
      {".metadata.labels.app\\.io/name", "web"},
      {".metadata['labels'][\"a b\"]", "c"},
      {".status.conditions[?(@.type==\"Ready\")].status", "True"},
      {".status.conditions[?(@.type=='Ready')].status", "True"},
      {".status.conditions[?(@.type!=\"Ready\")].status", "False"},
      {".status.conditions[?(@.n == 1)].type", "Ready"},
      {".status.conditions[*].type", "Ready Other"},
      {".metadata.labels.*", "web c"},
      {".no.such.field", ""},
      {".", nullptr},
      {"", nullptr},
  };
  for (auto [text, want] : kCases) {
    Result<JsonPath> path = JsonPath::Parse(text);
    ASSERT_TRUE(path.ok()) << text << ": " << path.error().message;
    EXPECT_EQ(path->Text(o.root()), want ? std::string(want) : o.Json()) << text;
  }
  EXPECT_EQ(JsonPath::Parse(".spec.ports[*]")->First(o.root()).AsInt(), 80);
  EXPECT_TRUE(JsonPath::Parse(".nope")->First(o.root()).IsMissing());
}

TEST(JsonPath, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"metadata.name", "..name", ".a[", ".a[x]", ".a['b", ".a[?(@.b<1)]",
                           ".a[?(b==1)]", ".a[?(@.b==1]", ".a[1", ".a.."}) {
    Result<JsonPath> path = JsonPath::Parse(text);
    ASSERT_FALSE(path.ok()) << text;
    EXPECT_TRUE(IsInvalidInput(path.error()));
    EXPECT_NE(path.error().message.find("at position"), std::string::npos) << path.error().message;
  }
}

}  // namespace
}  // namespace xebec::object
