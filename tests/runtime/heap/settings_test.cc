#include "runtime/heap/internal/settings.h"

#include <gtest/gtest.h>

#include <string>

namespace xebec::runtime::heap {
namespace {

std::string complaints;
void Complain(std::string_view line) { complaints += std::string(line) + "\n"; }

Settings Parse(std::string_view debug, std::string_view gc = "", std::string_view limit = "") {
  complaints.clear();
  return ParseSettings(debug, gc, limit, &Complain);
}

TEST(Settings, DefaultsAreGos) {
  const Settings s = Parse("");
  EXPECT_EQ(s.initial_percent, 100);
  EXPECT_EQ(s.initial_limit, SIZE_MAX);
  EXPECT_FALSE(s.gc_trace);
  EXPECT_EQ(complaints, "");
}

TEST(Settings, DebugWordsAreReadAndForeignOnesLeftAlone) {
  const Settings s = Parse("schedtrace=1000,gctrace=1,gcstress=50,clobberfree=1,heapverify=1,x=y");
  EXPECT_TRUE(s.gc_trace);
  EXPECT_EQ(s.gc_stress, 50u);
  EXPECT_TRUE(s.clobber_free);
  EXPECT_TRUE(s.heap_verify);
  EXPECT_EQ(complaints, "");
}

TEST(Settings, PercentAndLimitTakeGosForms) {
  EXPECT_EQ(Parse("", "off").initial_percent, -1);
  EXPECT_EQ(Parse("", "50").initial_percent, 50);
  EXPECT_EQ(Parse("", "", "512MiB").initial_limit, size_t{512} << 20);
  EXPECT_EQ(Parse("", "", "2GiB").initial_limit, size_t{2} << 30);
  EXPECT_EQ(Parse("", "", "1000").initial_limit, 1000u);
  EXPECT_EQ(Parse("", "", "off").initial_limit, SIZE_MAX);
}

TEST(Settings, WhatIsNotUnderstoodGetsOneLineThatSaysWhatToDo) {
  EXPECT_EQ(Parse("", "much").initial_percent, 100);
  EXPECT_EQ(complaints,
            "xebec: XEBEC_GC is 'much': use a percentage such as 100, or off; 100 is used\n");
  EXPECT_EQ(Parse("", "", "99999999999GiB").initial_limit, SIZE_MAX);
  EXPECT_EQ(complaints,
            "xebec: XEBEC_MEMORY_LIMIT is '99999999999GiB': use bytes or a size such as 512MiB; no "
            "limit is used\n");
  EXPECT_EQ(Parse("gctrace=yes").gc_trace, false);
  EXPECT_EQ(complaints,
            "xebec: XEBEC_DEBUG: 'gctrace=yes' wants a number, as in gctrace=1; ignored\n");
}

}  // namespace
}  // namespace xebec::runtime::heap
