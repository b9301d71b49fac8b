#include "object/list.h"

#include <gtest/gtest.h>

#include "object/api/core/v1.h"
#include "runtime/testing.h"

namespace xebec::object {
namespace {

const GroupVersionKind kPodKind{"", "v1", "Pod"};

std::string PodList(int n) {
  std::string text = R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"77",)"
                     R"("continue":"tok","remainingItemCount":5},"items":[)";
  for (int i = 0; i < n; ++i) {
    if (i > 0) text += ",";
    text += R"({"metadata":{"name":"pod-)" + std::to_string(i) + R"(","namespace":"a"}})";
  }
  return text + "]}\n";
}

XEBEC_TEST(List, ReadsItemsAndMetadata) {
  Result<List<Object>> list = ParseList(PodList(3), kPodKind);
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_EQ(list->resource_version(), "77");
  EXPECT_EQ(list->continue_token(), "tok");
  EXPECT_EQ(list->remaining_item_count(), 5);
  ASSERT_EQ(list->size(), 3u);
  EXPECT_EQ((*list)[2].name(), "pod-2");
  // Items of built-in lists carry no kind.
  EXPECT_EQ((*list)[0].Json(),
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-0","namespace":"a"}})");
}

XEBEC_TEST(List, KeepsTheKindThatAnItemHas) {
  auto list = ParseList(
      R"({"items":[{"kind":"Odd","apiVersion":"x/v1"}],"kind":"OddList","apiVersion":"x/v1"})",
      kPodKind);
  ASSERT_TRUE(list.ok()) << list.error().message;
  EXPECT_EQ((*list)[0].kind(), "Odd");
}

XEBEC_TEST(List, OfATypedKind) {
  auto list = ParseListOf<api::core::v1::Pod>(PodList(2));
  ASSERT_TRUE(list.ok());
  std::string names;
  for (const api::core::v1::Pod& pod : *list) names += std::string(pod.name()) + " ";
  EXPECT_EQ(names, "pod-0 pod-1 ");
}

XEBEC_TEST(List, MayBeEmptyOrNull) {
  for (const char* items : {"[]", "[ ]", "null"}) {
    auto list = ParseList(std::string(R"({"kind":"PodList","items":)") + items + "}", kPodKind);
    ASSERT_TRUE(list.ok()) << items;
    EXPECT_TRUE(list->empty());
  }
}

XEBEC_TEST(List, RefusesWhatIsNoList) {
  auto error = [](std::string_view text) {
    auto list = ParseList(text, kPodKind);
    EXPECT_FALSE(list.ok()) << text;
    return list.ok() ? "" : list.error().message;
  };
  EXPECT_EQ(error(R"({"kind":"Table","rows":[]})"), "not a list: its kind is Table");
  EXPECT_EQ(error(R"({"kind":"Pod","items":[]})"), "not a list: its kind is Pod");
  EXPECT_EQ(error("{}"), "not a list: it has no kind and no items");
  EXPECT_EQ(error("[]"), "malformed JSON at offset 0: expected a list object");
  EXPECT_EQ(error(""), "malformed JSON at offset 0: the list ends early");
  EXPECT_EQ(error(R"({"items":{}})"), "malformed JSON at offset 9: expected the items' array");
  EXPECT_EQ(error(R"({"items":[],"items":[]})"),
            "malformed JSON at offset 20: the key \"items\" stands twice");
}

XEBEC_TEST(List, NamesTheItemThatIsMalformed) {
  auto list = ParseList(R"({"kind":"PodList","items":[{"a":1},{"b":tru}]})", kPodKind);
  ASSERT_FALSE(list.ok());
  EXPECT_TRUE(IsInvalidInput(list.error()));
  EXPECT_EQ(list.error().message,
            "items[1]: malformed JSON at offset 40: expected a value, found 't'");
  auto number = ParseList(R"({"items":[7]})", kPodKind);
  ASSERT_FALSE(number.ok());
  EXPECT_EQ(number.error().message, "items[0]: malformed JSON at offset 10: expected an object");
}

XEBEC_TEST(List, EveryPrefixIsAnErrorAfterTheItemsBeforeIt) {
  std::string text = PodList(4);
  text.pop_back();
  for (size_t cut = 0; cut < text.size(); ++cut) {
    size_t items = 0;
    auto meta = ParseListItems(text.substr(0, cut), kPodKind, [&](Object) -> Result<void> {
      ++items;
      return {};
    });
    ASSERT_FALSE(meta.ok()) << cut;
    EXPECT_TRUE(IsInvalidInput(meta.error()));
    EXPECT_LE(items, 4u);
  }
}

XEBEC_TEST(List, StopsAtTheCallbacksError) {
  int seen = 0;
  auto meta = ParseListItems(PodList(10), kPodKind, [&](Object) -> Result<void> {
    if (++seen == 3) return Error::Canceled("enough");
    return {};
  });
  ASSERT_FALSE(meta.ok());
  EXPECT_TRUE(IsCanceled(meta.error()));
  EXPECT_EQ(seen, 3);
}

XEBEC_TEST(WatchEvent, ReadsEachType) {
  for (auto type : {EventType::kAdded, EventType::kModified, EventType::kDeleted,
                    EventType::kBookmark, EventType::kError}) {
    std::string line = R"({"type":")" + std::string(EventTypeName(type)) +
                       R"(","object":{"kind":"Pod","metadata":{"name":"x"}}})" + "\n";
    Result<WatchEvent> event = ParseWatchEvent(line);
    ASSERT_TRUE(event.ok()) << event.error().message;
    EXPECT_EQ(event->type, type);
    EXPECT_EQ(event->object.name(), "x");
    EXPECT_EQ(event->object.Json(), R"({"kind":"Pod","metadata":{"name":"x"}})");
  }
}

XEBEC_TEST(WatchEvent, RefusesWhatIsNone) {
  auto error = [](std::string_view line) {
    auto event = ParseWatchEvent(line);
    EXPECT_FALSE(event.ok()) << line;
    return event.ok() ? "" : event.error().message;
  };
  EXPECT_EQ(error(R"({"type":"GONE","object":{}})"), "unknown watch event type \"GONE\"");
  EXPECT_EQ(error(R"({"object":{}})"), "not a watch event: it has no \"type\"");
  EXPECT_EQ(error(R"({"type":"ADDED"})"), "not a watch event: it has no \"object\"");
  EXPECT_EQ(error(R"({"type":"ADDED","object":[]})"),
            "the watch event's \"object\" is not an object");
  EXPECT_EQ(error(R"([])"), "not a watch event: it has no \"type\"");
  EXPECT_EQ(error(R"({"type":"ADDED","object":{"a":)"),
            "malformed JSON at offset 30: the text ends where a value should follow");
}

}  // namespace
}  // namespace xebec::object
