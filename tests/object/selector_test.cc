#include "object/selector.h"

#include <gtest/gtest.h>

#include "object/object.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

using Labels = std::map<std::string, std::string>;

struct Case {
  const char* selector;
  Labels labels;
  bool matches;
};

TEST(LabelSelector, MatchesAsKubernetesDoes) {
  const Case kCases[] = {
      {"", {}, true},
      {"", {{"a", "b"}}, true},
      {"a=b", {{"a", "b"}}, true},
      {"a==b", {{"a", "b"}}, true},
      {"a=b", {{"a", "c"}}, false},
      {"a=b", {}, false},
      {"a=", {{"a", ""}}, true},
      {"a=", {}, false},
      {"a!=b", {{"a", "c"}}, true},
      {"a!=b", {{"a", "b"}}, false},
      {"a!=b", {}, true},  // the label is missing
      {"a in (b,c)", {{"a", "c"}}, true},
      {"a in (b,c)", {{"a", "d"}}, false},
      {"a in (b,c)", {}, false},
      {"a in ()", {{"a", ""}}, true},
      {"a notin (b,c)", {{"a", "d"}}, true},
      {"a notin (b,c)", {{"a", "b"}}, false},
      {"a notin (b,c)", {}, true},  // the label is missing
      {"a", {{"a", ""}}, true},
      {"a", {}, false},
      {"!a", {}, true},
      {"!a", {{"a", "x"}}, false},
      {"! a", {}, true},
      {"n>5", {{"n", "6"}}, true},
      {"n>5", {{"n", "5"}}, false},
      {"n<5", {{"n", "-1"}}, true},
      {"n<5", {{"n", "x"}}, false},
      {"n<5", {}, false},
      {"a=b,c!=d , !e,f in (g, h)", {{"a", "b"}, {"f", "h"}}, true},
      {"a=b,c!=d,!e,f in (g,h)", {{"a", "b"}, {"f", "h"}, {"e", ""}}, false},
      {"app.kubernetes.io/name=web", {{"app.kubernetes.io/name", "web"}}, true},
      {"in in (in,notin)", {{"in", "notin"}}, true},
  };
  for (const Case& c : kCases) {
    Result<LabelSelector> selector = LabelSelector::Parse(c.selector);
    ASSERT_TRUE(selector.ok()) << c.selector << ": " << selector.error().message;
    EXPECT_EQ(selector->Matches(c.labels), c.matches) << c.selector;
    // The printed form means the same.
    Result<LabelSelector> again = LabelSelector::Parse(selector->ToString());
    ASSERT_TRUE(again.ok()) << selector->ToString();
    EXPECT_EQ(*again, *selector) << c.selector;
  }
}

TEST(LabelSelector, PrintsSortedByKey) {
  EXPECT_EQ(LabelSelector::Parse("z=1,b notin (y,x,y),a,!c,d==2")->ToString(),
            "a,b notin (x,y),!c,d=2,z=1");
}

TEST(LabelSelector, SaysWhatIsWrongWithAText) {
  const std::pair<const char*, const char*> kBad[] = {
      {"a=b,", "expected a label key at position 4, found the end"},
      {",a", "expected a label key at position 0, found ','"},
      {"a b", "expected an operator (= == != in notin < >) at position 2, found 'b'"},
      {"a in b", "expected '(' at position 5, found 'b'"},
      {"a in (b", "expected ',' or ')' at position 7, found the end"},
      {"a!b", "expected '=' at position 2, found 'b'"},
      {"a=b c", "expected ',' or the end at position 4, found 'c'"},
      {"a>x", "a: < and > need one integer"},
      {"-a=b", "\"-a\" is no label key"},
      {"A/b=c", "its prefix must be a lower-case DNS name"},
      {"a=b*", "\"b*\" is no label value"},
      {"!", "expected a label key at position 1"},
  };
  for (auto [text, message] : kBad) {
    Result<LabelSelector> selector = LabelSelector::Parse(text);
    ASSERT_FALSE(selector.ok()) << text;
    EXPECT_TRUE(IsInvalidInput(selector.error()));
    EXPECT_NE(selector.error().message.find(message), std::string::npos)
        << text << "\n gave: " << selector.error().message;
  }
  EXPECT_FALSE(LabelSelector::Parse("a=" + std::string(64, 'x')).ok());
  EXPECT_TRUE(LabelSelector::Parse("a=" + std::string(63, 'x')).ok());
}

XEBEC_TEST(LabelSelector, ReadsTheFormOfTheApi) {
  Object o = *Object::Parse(R"({
    "full": {"matchLabels": {"app": "web"}, "matchExpressions": [
      {"key": "tier", "operator": "In", "values": ["b", "a"]},
      {"key": "old", "operator": "DoesNotExist"}]},
    "empty": {}, "null": null,
    "badop": {"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["b"]}]},
    "novalues": {"matchExpressions": [{"key": "a", "operator": "In"}]},
    "badvalue": {"matchLabels": {"app": 5}},
    "badtype": "app=web",
    "labels": {"app": "web", "tier": "a"}, "others": {"app": "web", "tier": "a", "old": ""}})");
  Result<LabelSelector> full = LabelSelector::FromJson(o["full"]);
  ASSERT_TRUE(full.ok()) << full.error().message;
  EXPECT_EQ(full->ToString(), "app=web,!old,tier in (a,b)");
  EXPECT_TRUE(full->Matches(o["labels"]));
  EXPECT_FALSE(full->Matches(o["others"]));
  EXPECT_FALSE(full->Matches(Value()));
  // An empty selector selects all, a missing one nothing.
  EXPECT_TRUE(LabelSelector::FromJson(o["empty"])->Matches(Value()));
  EXPECT_FALSE(LabelSelector::FromJson(o["null"])->Matches(o["labels"]));
  EXPECT_FALSE(LabelSelector::FromJson(o["absent"])->Matches(o["labels"]));
  EXPECT_TRUE(LabelSelector::FromJson(o["absent"])->IsNothing());
  EXPECT_EQ(LabelSelector::FromJson(o["badop"]).error().message,
            "label selector: matchExpressions[0]: \"Equals\" is no operator: use In, NotIn, Exists "
            "or DoesNotExist");
  EXPECT_FALSE(LabelSelector::FromJson(o["novalues"]).ok());
  EXPECT_FALSE(LabelSelector::FromJson(o["badvalue"]).ok());
  EXPECT_FALSE(LabelSelector::FromJson(o["badtype"]).ok());
}

XEBEC_TEST(FieldSelector, MatchesTextOfFields) {
  Object pod = *Object::Parse(
      R"({"metadata":{"name":"web","namespace":"a"},"spec":{"nodeName":"n1","n":3},"odd":"x,y=z\\"})");
  auto matches = [&](const char* text) {
    Result<FieldSelector> selector = FieldSelector::Parse(text);
    EXPECT_TRUE(selector.ok()) << text;
    Result<FieldSelector> again = FieldSelector::Parse(selector->ToString());
    EXPECT_TRUE(again.ok() && *again == *selector) << selector->ToString();
    return selector->Matches(pod);
  };
  EXPECT_TRUE(matches(""));
  EXPECT_TRUE(matches("metadata.name=web"));
  EXPECT_TRUE(matches("metadata.name==web,metadata.namespace!=b"));
  EXPECT_FALSE(matches("metadata.name=web,spec.nodeName=n2"));
  EXPECT_TRUE(matches("spec.n=3"));
  EXPECT_TRUE(matches("status.phase="));
  EXPECT_TRUE(matches("status.phase!=Running"));
  EXPECT_TRUE(matches(R"(odd=x\,y\=z\\)"));
  EXPECT_TRUE(FieldSelector::Parse("metadata.name=web")->RequiredValue("metadata.name") != nullptr);
  EXPECT_EQ(*FieldSelector::Equals("metadata.name", "a,b").RequiredValue("metadata.name"), "a,b");
}

TEST(FieldSelector, RefusesMalformedText) {
  for (const char* text : {"metadata.name", "=x", "a!b", "a=b=c", "a=b\\", "a=b\\x"}) {
    Result<FieldSelector> selector = FieldSelector::Parse(text);
    EXPECT_FALSE(selector.ok()) << text;
  }
}

}  // namespace
}  // namespace xebec::object
