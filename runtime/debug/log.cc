// The configuration of logs: verbosity by file, and the list of appenders. Lines are written in
// log_format.cc, destinations in log_appenders.cc.
#include "runtime/debug/log.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "runtime/error.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"

namespace xebec::runtime {

namespace {

using Appenders = std::vector<std::shared_ptr<LogAppender>>;

struct Settings {
  int verbosity = 0;
  std::vector<std::pair<std::string, int>> by_name;
  std::optional<LogFormat> format;
  std::string file;
};

std::optional<int> ParseVerbosity(std::string_view text) {
  if (text == "error") return static_cast<int>(LogLevel::kError);
  if (text == "warn") return static_cast<int>(LogLevel::kWarn);
  if (text == "info") return static_cast<int>(LogLevel::kInfo);
  if (text == "debug") return static_cast<int>(LogLevel::kDebug);
  int value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < -2 || value > 100) {
    return std::nullopt;
  }
  return value;
}

Error BadPart(std::string_view part, std::string_view expected) {
  return Error::InvalidInput(fmt::format("log setting '{}': expected {}", part, expected));
}

constexpr std::string_view kLevels = "error, warn, info, debug or a number from -2 to 100";

Result<Settings> ParseSettings(std::string_view spec) {
  Settings settings;
  while (!spec.empty()) {
    const size_t comma = spec.find(',');
    const std::string_view part = spec.substr(0, comma);
    spec = comma == std::string_view::npos ? std::string_view() : spec.substr(comma + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      const std::optional<int> level = ParseVerbosity(part);
      if (!level) return BadPart(part, kLevels);
      settings.verbosity = *level;
      continue;
    }
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (name == "format") {
      if (value != "text" && value != "json") return BadPart(part, "format=text or format=json");
      settings.format = value == "json" ? LogFormat::kJson : LogFormat::kText;
    } else if (name == "file") {
      if (value.empty()) return BadPart(part, "file=PATH");
      settings.file = value;
    } else {
      const std::optional<int> level = ParseVerbosity(value);
      if (name.empty() || !level) return BadPart(part, fmt::format("NAME={}", kLevels));
      if (name == "v") {
        settings.verbosity = *level;
      } else {
        settings.by_name.emplace_back(name, *level);
      }
    }
  }
  return settings;
}

std::optional<int> Find(const Settings& settings, std::string_view name) {
  for (auto it = settings.by_name.rbegin(); it != settings.by_name.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return std::nullopt;
}

// The innermost name that matches wins: the file without its extension, then its folders from right
// to left.
int VerbosityFor(const Settings& settings, std::string_view file) {
  if (settings.by_name.empty()) return settings.verbosity;
  const size_t slash = file.rfind('/');
  std::string_view name = slash == std::string_view::npos ? file : file.substr(slash + 1);
  name = name.substr(0, name.find('.'));
  std::string_view folders =
      slash == std::string_view::npos ? std::string_view() : file.substr(0, slash);
  while (true) {
    if (const std::optional<int> level = Find(settings, name)) return *level;
    if (folders.empty()) return settings.verbosity;
    const size_t cut = folders.rfind('/');
    name = cut == std::string_view::npos ? folders : folders.substr(cut + 1);
    folders = cut == std::string_view::npos ? std::string_view() : folders.substr(0, cut);
  }
}

}  // namespace

// The process-wide state. `mutex_` guards settings_ and appenders_; a thread lock, as a log line
// must be possible from any thread and never parks. It is not held while a line is written.
class LogConfig {
 public:
  static LogConfig& Get() {
    static LogConfig* config = new LogConfig;  // never destroyed: static destructors may log
    return *config;
  }

  Result<void> Configure(std::string_view spec) {
    Result<Settings> parsed = ParseSettings(spec);
    if (!parsed.ok()) return parsed.error();
    std::shared_ptr<LogAppender> appender;
    if (!parsed->file.empty()) {
      LogFileOptions options;
      options.path = parsed->file;
      options.format = parsed->format.value_or(LogFormat::kText);
      auto opened = MakeFileAppender(options);
      if (!opened.ok()) return opened.error();
      appender = *opened;
    } else if (parsed->format) {
      appender = MakeStderrAppender(*parsed->format);
    }
    std::lock_guard lock(mutex_);
    settings_ = std::move(*parsed);
    if (appender) appenders_ = std::make_shared<const Appenders>(Appenders{appender});
    NextGeneration();
    return {};
  }

  void SetVerbosity(int verbosity) {
    std::lock_guard lock(mutex_);
    settings_.verbosity = verbosity;
    NextGeneration();
  }

  int Verbosity() {
    std::lock_guard lock(mutex_);
    return settings_.verbosity;
  }

  void SetAppenders(Appenders appenders) {
    auto list = std::make_shared<const Appenders>(std::move(appenders));
    std::lock_guard lock(mutex_);
    appenders_ = std::move(list);
  }

  std::shared_ptr<const Appenders> CurrentAppenders() {
    std::lock_guard lock(mutex_);
    return appenders_;
  }

  // The value of LogSite::cached_ for `file`.
  uint64_t Pack(std::string_view file) {
    std::lock_guard lock(mutex_);
    const auto verbosity = static_cast<uint8_t>(static_cast<int8_t>(VerbosityFor(settings_, file)));
    return LogSite::generation_.load(std::memory_order_relaxed) << 8 | verbosity;
  }

 private:
  LogConfig() : appenders_(std::make_shared<const Appenders>(Appenders{MakeStderrAppender()})) {
    const char* spec = std::getenv("XEBEC_LOG");
    if (spec == nullptr) return;
    if (Result<void> done = Configure(spec); !done.ok()) {
      fmt::print(stderr, "XEBEC_LOG is ignored: {}\n", done.error().message);
    }
  }

  void NextGeneration() { LogSite::generation_.fetch_add(1, std::memory_order_relaxed); }

  std::mutex mutex_;
  Settings settings_;
  std::shared_ptr<const Appenders> appenders_;
};

std::atomic<uint64_t> LogSite::generation_{1};

uint64_t LogSite::Refresh() {
  const uint64_t packed = LogConfig::Get().Pack(file_);
  cached_.store(packed, std::memory_order_relaxed);
  return packed;
}

void LogSite::Write(int rank, std::string_view message, std::initializer_list<LogField> fields) {
  LogRecord record{.rank = rank,
                   .wall_nanos = WallNanos(),
                   .file = file_,
                   .line = line_,
                   .fiber = OnFiber() ? CurrentFiberId() : 0,
                   .message = message,
                   .fields = fields.begin(),
                   .field_count = fields.size()};
  const std::shared_ptr<const Appenders> appenders = LogConfig::Get().CurrentAppenders();
  for (const std::shared_ptr<LogAppender>& appender : *appenders) appender->Append(record);
}

Result<void> ConfigureLog(std::string_view spec) { return LogConfig::Get().Configure(spec); }
void SetLogAppenders(Appenders appenders) { LogConfig::Get().SetAppenders(std::move(appenders)); }
int LogVerbosity() { return LogConfig::Get().Verbosity(); }
void SetLogVerbosity(int verbosity) { LogConfig::Get().SetVerbosity(verbosity); }

}  // namespace xebec::runtime
