// Destinations of logs, over spdlog's sinks. Lines come to spdlog ready: time (virtual in a
// simulation), level and place are ours, spdlog writes, locks and rotates.
#include <fmt/format.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <utility>

#include "runtime/debug/log.h"
#include "runtime/error.h"

namespace xebec::runtime {

namespace {

class SinkAppender : public LogAppender {
 public:
  SinkAppender(std::shared_ptr<spdlog::sinks::sink> sink, LogFormat format)
      : sink_(std::move(sink)), format_(format) {
    sink_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  }

  void Append(const LogRecord& record) override {
    const std::string line =
        format_ == LogFormat::kJson ? FormatLogJson(record) : FormatLogText(record);
    try {
      sink_->log(spdlog::details::log_msg("", spdlog::level::info, line));
      sink_->flush();
    } catch (const std::exception&) {
      // A full disk or a closed pipe must not end the program; the next line tries again.
    }
  }

 private:
  std::shared_ptr<spdlog::sinks::sink> sink_;
  LogFormat format_;
};

}  // namespace

std::shared_ptr<LogAppender> MakeStderrAppender(LogFormat format) {
  return std::make_shared<SinkAppender>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), format);
}

Result<std::shared_ptr<LogAppender>> MakeFileAppender(const LogFileOptions& options) {
  try {
    return std::shared_ptr<LogAppender>(
        std::make_shared<SinkAppender>(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                                           options.path, options.max_bytes, options.max_files),
                                       options.format));
  } catch (const std::exception& e) {
    return Error::InvalidInput(fmt::format("log file '{}': {}", options.path, e.what()));
  }
}

}  // namespace xebec::runtime
