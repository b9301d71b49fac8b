#include "apiserver/internal/store.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/testing.h"

namespace xebec::apiserver {
namespace {

using Json = nlohmann::json;

Draft DraftOf(const std::string& ns, const std::string& name, const std::string& value,
              Json owners = nullptr) {
  Json metadata = {{"name", name}, {"uid", "uid-" + name}};
  if (!ns.empty()) metadata["namespace"] = ns;
  if (!owners.is_null()) metadata["ownerReferences"] = std::move(owners);
  return MakeDraft({{"kind", "Thing"}, {"apiVersion", "v1"}, {"metadata", metadata}, {"v", value}},
                   {});
}

std::vector<std::string> Names(const ListPage& page) {
  std::vector<std::string> out;
  for (const ItemPtr& item : page.items) {
    out.push_back(item->Key() + "=" + item->Parse()["v"].get<std::string>());
  }
  return out;
}

TEST(Item, CarriesItsRevisionInItsBytesAndMetadata) {
  const Json doc = {{"kind", "Thing"},
                    {"apiVersion", "v1"},
                    {"metadata", {{"name", "a"}, {"uid", "u"}, {"labels", {{"x", "y"}}}}},
                    {"spec", {{"n", 1}}}};
  const ItemPtr item = MakeItem(MakeDraft(doc, {"spec.n"}), 41);
  Json parsed = item->Parse();
  EXPECT_EQ(parsed["metadata"]["resourceVersion"], "41");
  EXPECT_EQ(Json::parse(item->Metadata()), parsed["metadata"]);
  std::string untyped;
  item->AppendTo(untyped, false);
  EXPECT_FALSE(Json::parse(untyped).contains("kind"));
  EXPECT_EQ(Json::parse(untyped)["spec"], doc["spec"]);
  EXPECT_EQ(item->fields, (StringPairs{{"spec.n", "1"}}));

  const ItemPtr later = WithRevision(*item, 1000);
  EXPECT_EQ(later->Parse()["metadata"]["resourceVersion"], "1000");
  EXPECT_EQ(Json::parse(later->Metadata())["resourceVersion"], "1000");
  parsed["metadata"].erase("resourceVersion");
  EXPECT_EQ(parsed, doc);
}

XEBEC_TEST(Store, WritesGetRisingRevisionsAndStaleOnesAreRefused) {
  Store store({}, 10);
  const TableId table = store.OpenTable("/things");
  const ItemPtr first = store.Create(table, DraftOf("", "a", "1")).item;
  EXPECT_EQ(first->revision, 11u);
  EXPECT_EQ(store.Create(table, DraftOf("", "a", "2")).outcome, WriteOutcome::kExists);
  const ItemPtr second = store.Replace(table, first, DraftOf("", "a", "2")).item;
  EXPECT_EQ(second->revision, 12u);
  EXPECT_EQ(store.Replace(table, first, DraftOf("", "a", "3")).outcome, WriteOutcome::kStale);
  EXPECT_EQ(store.Remove(table, first).outcome, WriteOutcome::kStale);
  EXPECT_EQ(store.Remove(table, second).item->revision, 13u);
  EXPECT_EQ(store.Remove(table, second).outcome, WriteOutcome::kGone);
  EXPECT_EQ(store.Get(table, "a"), nullptr);
}

XEBEC_TEST(Store, AListAtAnOlderRevisionShowsTheStateOfThen) {
  Store store({}, 0);
  const TableId table = store.OpenTable("/things");
  const ItemPtr a = store.Create(table, DraftOf("n", "a", "1")).item;
  const ItemPtr b = store.Create(table, DraftOf("n", "b", "1")).item;
  store.Create(table, DraftOf("m", "z", "1"));
  const uint64_t then = store.Revision();
  const ItemPtr a2 = store.Replace(table, a, DraftOf("n", "a", "2")).item;
  store.Replace(table, a2, DraftOf("n", "a", "3"));
  store.Remove(table, b);
  store.Create(table, DraftOf("n", "c", "1"));

  ListQuery query;
  query.ns = "n";
  EXPECT_EQ(Names(store.List(table, query)), (std::vector<std::string>{"n/a=3", "n/c=1"}));
  query.ns = "";
  query.revision = then;
  EXPECT_EQ(Names(store.List(table, query)), (std::vector<std::string>{"m/z=1", "n/a=1", "n/b=1"}));
  query.limit = 2;
  const ListPage page = store.List(table, query);
  EXPECT_EQ(Names(page), (std::vector<std::string>{"m/z=1", "n/a=1"}));
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.remaining, 1u);
  query.start_after = "n/a";
  EXPECT_EQ(Names(store.List(table, query)), (std::vector<std::string>{"n/b=1"}));
  store.CompactLog();
  EXPECT_TRUE(store.List(table, query).expired);
}

XEBEC_TEST(Store, TheLogKeepsToItsBoundsAndTellsCursorsThatFellBehind) {
  Store store({.max_events = 4}, 0);
  const TableId busy = store.OpenTable("/busy");
  const TableId quiet = store.OpenTable("/quiet");
  store.Create(quiet, DraftOf("", "q", "1"));
  for (int i = 0; i < 3; ++i) store.Create(busy, DraftOf("", std::to_string(i), "1"));
  EXPECT_FALSE(store.Read(quiet, 0, 100).expired);
  store.Create(busy, DraftOf("", "3", "1"));  // drops the event of the quiet table
  EXPECT_TRUE(store.Read(quiet, 0, 100).expired);
  EXPECT_FALSE(store.Read(quiet, 1, 100).expired) << "its own last event was seen";
  for (int i = 4; i < 10; ++i) store.Create(busy, DraftOf("", std::to_string(i), "1"));
  EXPECT_FALSE(store.Read(quiet, 1, 100).expired) << "events of others do not count";
  EXPECT_TRUE(store.Read(busy, 2, 100).expired);
  const LogRead read = store.Read(busy, 7, 2);
  ASSERT_EQ(read.events.size(), 2u);
  EXPECT_EQ(read.events[0]->revision, 8u);
  EXPECT_EQ(read.up_to, 9u);
  EXPECT_TRUE(store.ReadAll(3, 100).expired);
  EXPECT_EQ(store.ReadAll(7, 100).events.size(), 4u);
}

XEBEC_TEST(Store, FindsOwnersAndDependentsByUid) {
  Store store({}, 0);
  const TableId table = store.OpenTable("/things");
  store.Create(table, DraftOf("n", "owner", "1"));
  const Json owners = {{{"kind", "Thing"}, {"name", "owner"}, {"uid", "uid-owner"}}};
  const ItemPtr dependent = store.Create(table, DraftOf("n", "d", "1", owners)).item;
  EXPECT_EQ(store.FindUid("uid-owner").second.key, "n/owner");
  ASSERT_EQ(store.Dependents("uid-owner").size(), 1u);
  EXPECT_EQ(store.Dependents("uid-owner")[0].key, "n/d");
  store.Replace(table, dependent, DraftOf("n", "d", "2"));
  EXPECT_TRUE(store.Dependents("uid-owner").empty());
}

XEBEC_TEST(Store, AWriteWakesASubscriptionOfItsTableOnce) {
  Store store({}, 0);
  const TableId table = store.OpenTable("/things");
  const TableId other = store.OpenTable("/others");
  Store::Subscription changes(&store, table);
  store.Create(other, DraftOf("", "a", "1"));
  EXPECT_FALSE(changes.changed().TryReceive().has_value());
  store.Create(table, DraftOf("", "a", "1"));
  store.Create(table, DraftOf("", "b", "1"));
  EXPECT_TRUE(changes.changed().TryReceive().has_value());
  EXPECT_FALSE(changes.changed().TryReceive().has_value());
}

}  // namespace
}  // namespace xebec::apiserver
