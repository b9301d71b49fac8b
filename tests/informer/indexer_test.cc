#include "informer/indexer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/testing.h"
#include "scripted_source.h"

namespace xebec::informer {
namespace {

std::vector<std::string> Names(std::vector<object::Object> objects) {
  std::vector<std::string> names;
  for (const auto& o : objects) names.emplace_back(o.name());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Team(const object::Object& o) {
  return {std::string(o.metadata().Label("team"))};
}

using Strings = std::vector<std::string>;

XEBEC_TEST(Indexer, FindsObjectsByKeyNamespaceAndIndex) {
  Indexer indexer;
  ASSERT_TRUE(indexer.AddIndex("team", Team).ok());
  EXPECT_TRUE(indexer.Put(MakeObject("a", 1, "u1", "red")).IsNull());
  indexer.Put(MakeObject("b", 2, "u2", "red"));
  indexer.Put(MakeObject("c", 3, "u3", "blue"));
  EXPECT_EQ(indexer.Get({"default", "a"}).uid(), "u1");
  EXPECT_TRUE(indexer.Get({"default", "z"}).IsNull());
  EXPECT_EQ(Names(*indexer.ByIndex("team", "red")), (Strings{"a", "b"}));
  EXPECT_EQ(Names(indexer.ListNamespace("default")), (Strings{"a", "b", "c"}));
  EXPECT_TRUE(indexer.ListNamespace("other").empty());
}

XEBEC_TEST(Indexer, MovesAnObjectThatChangesItsIndexedValue) {
  Indexer indexer;
  ASSERT_TRUE(indexer.AddIndex("team", Team).ok());
  indexer.Put(MakeObject("a", 1, "u1", "red"));
  EXPECT_EQ(indexer.Put(MakeObject("a", 2, "u1", "blue")).resource_version(), "1");
  EXPECT_TRUE(indexer.ByIndex("team", "red")->empty());
  EXPECT_EQ(Names(*indexer.ByIndex("team", "blue")), (Strings{"a"}));
  indexer.Remove({"default", "a"});
  EXPECT_TRUE(indexer.ByIndex("team", "blue")->empty());
  EXPECT_EQ(indexer.size(), 0u);
}

XEBEC_TEST(Indexer, IndexesWhatIsThereWhenAnIndexIsAddedLate) {
  Indexer indexer;
  indexer.Replace({MakeObject("a", 1, "u", "red"), MakeObject("b", 1, "u", "blue")}, "7");
  ASSERT_TRUE(indexer.AddIndex("team", Team).ok());
  EXPECT_EQ(Names(*indexer.ByIndex("team", "red")), (Strings{"a"}));
  EXPECT_TRUE(IsAlreadyExists(indexer.AddIndex("team", Team).error()));
  indexer.Replace({MakeObject("b", 2, "u", "red")}, "8");
  EXPECT_EQ(Names(*indexer.ByIndex("team", "red")), (Strings{"b"}));
  EXPECT_EQ(indexer.ResourceVersion(), "8");
}

XEBEC_TEST(Indexer, TellsOfAnUnknownIndexByName) {
  Indexer indexer;
  auto found = indexer.ByIndex("nope", "x");
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message.find("nope"), std::string::npos);
}

XEBEC_TEST(Indexer, TakesTheLaterOfTwoListedUnderOneName) {
  Indexer indexer;
  ASSERT_TRUE(indexer.AddIndex("team", Team).ok());
  indexer.Replace({MakeObject("a", 1, "u", "red"), MakeObject("a", 2, "u", "blue")}, "7");
  EXPECT_EQ(indexer.size(), 1u);
  EXPECT_TRUE(indexer.ByIndex("team", "red")->empty());
}

}  // namespace
}  // namespace xebec::informer
