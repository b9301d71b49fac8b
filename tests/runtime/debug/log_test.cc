#include "runtime/debug/log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <thread>

#include "log_capture.h"
#include "runtime/error.h"

namespace xebec::runtime {
namespace {

struct Key {
  std::string ns, name;
  std::string ToString() const { return ns + "/" + name; }
};

TEST(Log, AStatementBelowItsLevelEvaluatesNoneOfItsArguments) {
  LogCapture capture("info");
  int evaluated = 0;
  XLOG(Debug, "hidden", {"n", ++evaluated});
  XLOGV(1, "hidden", {"n", ++evaluated});
  EXPECT_EQ(evaluated, 0);
  XLOG(Info, "shown", {"n", ++evaluated});
  EXPECT_EQ(evaluated, 1);
  ASSERT_EQ(capture.lines->text.size(), 1u);
}

TEST(Log, TheLevelDecidesWhatIsWritten) {
  const auto count = [](std::string_view spec) {
    LogCapture capture(spec);
    XLOG(Error, "e");
    XLOG(Warn, "w");
    XLOG(Info, "i");
    XLOGV(2, "v2");
    XLOG(Debug, "d");
    XLOGV(9, "v9");
    return capture.lines->text.size();
  };
  EXPECT_EQ(count("error"), 1u);
  EXPECT_EQ(count("warn"), 2u);
  EXPECT_EQ(count("info"), 3u);
  EXPECT_EQ(count("v=2"), 4u);
  EXPECT_EQ(count("debug"), 5u);
  EXPECT_EQ(count("v=9"), 6u);
}

TEST(Log, ATextLineHasTimeLevelFileAndLineThenTheMessageAndItsValues) {
  LogCapture capture("info");
  const int line = __LINE__ + 1;
  XLOG(Warn, "created pod", {"pod", Key{"default", "web-0"}},
       {"took", std::chrono::microseconds(1250)}, {"try", 3}, {"ok", true}, {"ratio", 0.5},
       {"why", "no such node"});
  const std::regex form(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z WARN  tests/runtime/debug/log_test\.cc:(\d+) )"
      R"(created pod pod=default/web-0 took=1\.25ms try=3 ok=true ratio=0\.5 why="no such node")");
  std::smatch found;
  ASSERT_TRUE(std::regex_match(capture.lines->text.at(0), found, form)) << capture.lines->text[0];
  EXPECT_EQ(found[1], std::to_string(line));
}

TEST(Log, AJsonLineIsOneObjectWithTypedValues) {
  LogCapture capture("info");
  XLOG(Error, "say \"hi\"\n", {"n", 7}, {"took", std::chrono::milliseconds(1500)},
       {"nan", std::nan("")}, {"text", std::string("tab\tend")});
  const nlohmann::json line = nlohmann::json::parse(capture.lines->json.at(0));
  EXPECT_EQ(line["level"], "ERROR");
  EXPECT_EQ(line["msg"], "say \"hi\"\n");
  EXPECT_EQ(line["n"], 7);
  EXPECT_EQ(line["took"], 1.5);
  EXPECT_EQ(line["nan"], "nan");
  EXPECT_EQ(line["text"], "tab\tend");
  EXPECT_EQ(line["caller"].get<std::string>().rfind("tests/runtime/debug/log_test.cc:", 0), 0u);
}

TEST(Log, AMessageWithLineEndsStaysOneLine) {
  LogCapture capture("info");
  XLOG(Info, "two\nlines", {"value", "a\nb"}, {"empty", ""});
  EXPECT_EQ(capture.lines->text.at(0).find('\n'), std::string::npos);
  EXPECT_NE(capture.lines->text.at(0).find(R"(two\nlines value="a\nb" empty="")"),
            std::string::npos);
}

TEST(Log, DurationsAreWrittenInTheUnitThatReadsBest) {
  using namespace std::chrono_literals;
  LogCapture capture("info");
  XLOG(Info, "d", {"a", 250ns}, {"b", 1500ns}, {"c", 12ms}, {"d", 3s}, {"e", 90500ms}, {"f", -2ms});
  EXPECT_NE(capture.lines->text.at(0).find("d a=250ns b=1.5µs c=12ms d=3s e=90.5s f=-2ms"),
            std::string::npos)
      << capture.lines->text[0];
}

TEST(Log, OptionalValuesShowTheirContentOrNone) {
  LogCapture capture("info");
  XLOG(Info, "o", {"set", std::optional<int>(4)}, {"unset", std::optional<int>()});
  EXPECT_NE(capture.lines->text.at(0).find("o set=4 unset=none"), std::string::npos);
}

TEST(Log, TheVerbosityOfOneFileOrFolderDiffersFromTheRest) {
  const auto shown = [](std::string_view spec) {
    LogCapture capture(spec);
    XLOGV(3, "here");
    return !capture.lines->text.empty();
  };
  EXPECT_FALSE(shown("info"));
  EXPECT_TRUE(shown("error,log_test=3"));
  EXPECT_TRUE(shown("error,debug=3"));  // the folder runtime/debug
  EXPECT_TRUE(shown("error,runtime=debug"));
  EXPECT_FALSE(shown("v=5,debug=info"));
  EXPECT_TRUE(shown("runtime=info,log_test=3"));  // the innermost wins
  EXPECT_FALSE(shown("error,time=9"));            // whole names only
}

TEST(Log, TheVerbosityChangesAtRunTime) {
  LogCapture capture("info");
  const auto statement = [] { XLOGV(2, "v2"); };
  statement();
  SetLogVerbosity(2);
  EXPECT_EQ(LogVerbosity(), 2);
  statement();
  SetLogVerbosity(1);
  statement();
  EXPECT_EQ(capture.lines->text.size(), 1u);
}

TEST(Log, AWrongSettingIsNamedAndChangesNothing) {
  LogCapture capture("v=3");
  for (const char* wrong :
       {"loud", "v=", "v=x", "queue=", "=4", "format=xml", "file=", "v=2,loud"}) {
    const Result<void> done = ConfigureLog(wrong);
    ASSERT_FALSE(done.ok()) << wrong;
    EXPECT_TRUE(IsInvalidInput(done.error())) << wrong;
    EXPECT_NE(done.error().message.find("log setting '"), std::string::npos)
        << done.error().message;
    EXPECT_EQ(LogVerbosity(), 3) << wrong;
  }
}

TEST(Log, SeveralThreadsWriteWholeLines) {
  LogCapture capture("info");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 100; ++i) XLOG(Info, "line", {"thread", t}, {"i", i});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(capture.lines->text.size(), 400u);
}

TEST(Log, NoBracesAreNeededAroundAStatementInAnIf) {
  LogCapture capture("info");
  if (capture.lines->text.empty())
    XLOG(Info, "first");
  else
    XLOG(Info, "second");
  EXPECT_NE(capture.lines->text.at(0).find("first"), std::string::npos);
}

}  // namespace
}  // namespace xebec::runtime
