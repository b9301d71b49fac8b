// Logs in files: rotation, formats, and a destination named by XEBEC_LOG's spec.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "log_capture.h"
#include "runtime/error.h"

namespace xebec::runtime {
namespace {

namespace fs = std::filesystem;

class LogFile : public testing::Test {
 protected:
  LogFile()
      : folder_(fs::path(testing::TempDir()) /
                ("xebec_log_" + std::to_string(getpid()) + "_" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())),
        capture_("info") {
    fs::create_directories(folder_);
  }
  ~LogFile() override { fs::remove_all(folder_); }

  std::string Path(const char* name) const { return folder_ / name; }
  static std::vector<std::string> Lines(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  fs::path folder_;
  LogCapture capture_;  // restores the defaults
};

TEST_F(LogFile, LinesAreInTheFileAsSoonAsTheyAreWritten) {
  auto appender = MakeFileAppender({.path = Path("a.log")});
  ASSERT_TRUE(appender.ok());
  SetLogAppenders({*appender});
  XLOG(Info, "one", {"k", 1});
  ASSERT_EQ(Lines(Path("a.log")).size(), 1u);
  EXPECT_NE(Lines(Path("a.log"))[0].find("one k=1"), std::string::npos);
}

TEST_F(LogFile, AFullFileRotatesAndTheOldestGoes) {
  auto appender = MakeFileAppender({.path = Path("r.log"), .max_bytes = 1000, .max_files = 2});
  ASSERT_TRUE(appender.ok());
  SetLogAppenders({*appender});
  for (int i = 0; i < 100; ++i) XLOG(Info, "a line of some length", {"i", i});
  EXPECT_TRUE(fs::exists(Path("r.1.log")));
  EXPECT_TRUE(fs::exists(Path("r.2.log")));
  EXPECT_FALSE(fs::exists(Path("r.3.log")));
  for (const char* name : {"r.log", "r.1.log", "r.2.log"}) {
    EXPECT_LE(fs::file_size(Path(name)), 1000u) << name;
  }
  EXPECT_NE(Lines(Path("r.log")).back().find("i=99"), std::string::npos);
}

TEST_F(LogFile, OneStatementGoesToEveryAppenderInItsOwnForm) {
  auto text = MakeFileAppender({.path = Path("t.log")});
  auto json = MakeFileAppender({.path = Path("j.log"), .format = LogFormat::kJson});
  SetLogAppenders({*text, *json});
  XLOG(Info, "both", {"n", 1});
  EXPECT_NE(Lines(Path("t.log")).at(0).find("both n=1"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(Lines(Path("j.log")).at(0))["n"], 1);
}

TEST_F(LogFile, TheSpecNamesAFileAndAFormat) {
  ASSERT_TRUE(ConfigureLog("v=1,format=json,file=" + Path("deep/er/spec.log")).ok());
  XLOGV(1, "from the spec");
  const nlohmann::json line = nlohmann::json::parse(Lines(Path("deep/er/spec.log")).at(0));
  EXPECT_EQ(line["msg"], "from the spec");
  EXPECT_EQ(line["v"], 1);
}

TEST_F(LogFile, AFileThatCannotBeOpenedIsOneClearError) {
  std::ofstream(Path("plain")) << "not a folder";
  const auto appender = MakeFileAppender({.path = Path("plain/x.log")});
  ASSERT_FALSE(appender.ok());
  EXPECT_TRUE(IsInvalidInput(appender.error()));
  EXPECT_NE(appender.error().message.find(Path("plain/x.log")), std::string::npos);
  EXPECT_EQ(appender.error().message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace xebec::runtime
