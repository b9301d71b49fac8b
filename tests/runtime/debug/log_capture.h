// What tests of logs share: an appender that keeps lines, installed for the time of a test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/debug/log.h"

namespace xebec::runtime {

class CapturingAppender : public LogAppender {
 public:
  void Append(const LogRecord& record) override {
    std::lock_guard lock(mutex_);
    text.push_back(FormatLogText(record));
    json.push_back(FormatLogJson(record));
  }
  std::vector<std::string> text;
  std::vector<std::string> json;

 private:
  std::mutex mutex_;
};

// Sends logs to `lines` until the end of the scope, then restores the defaults.
struct LogCapture {
  explicit LogCapture(std::string_view spec) {
    EXPECT_TRUE(ConfigureLog(spec).ok()) << spec;
    SetLogAppenders({lines});
  }
  ~LogCapture() {
    EXPECT_TRUE(ConfigureLog("").ok());
    SetLogAppenders({MakeStderrAppender()});
  }
  std::shared_ptr<CapturingAppender> lines = std::make_shared<CapturingAppender>();
};

}  // namespace xebec::runtime
