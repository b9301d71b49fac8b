// Leveled, keyed logs.
//
//   XLOG(Info, "created pod", {"pod", key}, {"took", elapsed});
//   XLOGV(4, "queue state", {"depth", queue.Len()});
//
// writes (text form)
//
//   2026-01-01T00:00:00.000123Z INFO  controller/manager.cc:88 [17] created pod pod=default/web-0
//   took=1.2ms
//
// A statement below its level evaluates none of its arguments: it costs two relaxed loads. Levels
// follow klog: every statement has a rank, and is written when its rank is at most the verbosity in
// force there.
//   Error -2   Warn -1   Info 0   XLOGV(n) n   Debug 4
// The verbosity comes from XEBEC_LOG, -v, or ConfigureLog at run time, and may differ by file.
//
// A write takes a thread lock for as long as the line goes out and never parks the fiber, so it may
// be used from fibers, foreign threads and Blocking code; not from signal handlers.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "runtime/result.h"

namespace xebec::runtime {

enum class LogLevel : int8_t { kError = -2, kWarn = -1, kInfo = 0, kDebug = 4 };

// One key with its value. Borrows string values: meant for the argument list of XLOG, not for
// keeping.
class LogField {
 public:
  using Value = std::variant<std::string_view, std::string, int64_t, uint64_t, double, bool,
                             std::chrono::nanoseconds>;

  // T is a string, a number, a bool, a duration, an optional of these, or a type with
  // `std::string ToString() const` (NamespacedName, Error …).
  template <class T>
  LogField(std::string_view key, const T& value) : key(key), value(Convert(value)) {}

  std::string_view key;
  Value value;

 private:
  template <class T>
  static Value Convert(const T& v);
  template <class Rep, class Period>
  static Value Convert(const std::chrono::duration<Rep, Period>& d) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(d);
  }
};

// One log statement as appenders see it. Everything in it is borrowed for the time of the call.
struct LogRecord {
  int rank;               // see above: Error -2 … Debug 4, XLOGV(n) n
  int64_t wall_nanos;     // since 1970; virtual in a simulation
  std::string_view file;  // from the repository root: "workqueue/queue.cc"
  int line;
  uint64_t fiber;  // 0 outside a fiber
  std::string_view message;
  const LogField* fields;
  size_t field_count;
};

std::string FormatLogText(const LogRecord& record);  // one line without its end
std::string FormatLogJson(const LogRecord& record);  // one JSON object without a line end

enum class LogFormat { kText, kJson };

// Where log lines go. Append may be called from several threads at once and must not log.
class LogAppender {
 public:
  virtual ~LogAppender() = default;
  virtual void Append(const LogRecord& record) = 0;
};

// Lines to standard error; flushed line by line.
std::shared_ptr<LogAppender> MakeStderrAppender(LogFormat format = LogFormat::kText);

struct LogFileOptions {
  std::string path;  // folders are made as needed
  LogFormat format = LogFormat::kText;
  size_t max_bytes = 64u << 20;  // at this size app.log becomes app.1.log, app.1.log app.2.log …
  size_t max_files = 4;          // how many of the older ones are kept
};

// Lines to a file that rotates by size; flushed line by line.
// Errors: InvalidInput when the file cannot be opened.
Result<std::shared_ptr<LogAppender>> MakeFileAppender(const LogFileOptions& options);

// Replaces where logs go, at once and for all threads. None given: logs are dropped.
void SetLogAppenders(std::vector<std::shared_ptr<LogAppender>> appenders);

// Changes verbosity and destination, at start (XEBEC_LOG) or at run time. `spec` is a
// comma-separated list:
//   error warn info debug    the verbosity everywhere
//   v=N                      the same by number
//   NAME=LEVEL|N             for files named NAME or inside a folder NAME ("controller=debug",
//   "queue=6");
//                            the innermost name that matches wins
//   format=text|json         how the destination writes
//   file=PATH                the destination is this file, rotating; otherwise standard error
// What is not named goes back to its default (info, text, standard error); appenders stay as they
// are unless `format` or `file` is named. Errors: InvalidInput naming the part that is wrong;
// nothing is changed then.
Result<void> ConfigureLog(std::string_view spec);

// The verbosity in force everywhere that no NAME=… says otherwise.
int LogVerbosity();
// Sets it and keeps the rest (the -v flag).
void SetLogVerbosity(int verbosity);

// ----------------------------------------------------------------------------------------

// One log statement: caches the verbosity that is in force for its file until the configuration
// changes. `cached_` packs (generation << 8 | verbosity as a byte); both loads are relaxed, as a
// statement that runs while the configuration changes may follow either.
class LogSite {
 public:
  constexpr LogSite(const char* file, int line) : file_(file), line_(line) {}
  bool Enabled(int rank) {
    uint64_t cached = cached_.load(std::memory_order_relaxed);
    if ((cached >> 8) != generation_.load(std::memory_order_relaxed)) cached = Refresh();
    return rank <= static_cast<int8_t>(cached & 0xff);
  }
  void Write(int rank, std::string_view message, std::initializer_list<LogField> fields);

 private:
  friend class LogConfig;
  uint64_t Refresh();
  static std::atomic<uint64_t> generation_;  // from 1 on
  const char* file_;
  int line_;
  std::atomic<uint64_t> cached_{0};
};

#define XLOG(level, message, ...) \
  XEBEC_LOG_RANK(static_cast<int>(::xebec::runtime::LogLevel::k##level), message, __VA_ARGS__)
#define XLOGV(verbosity, message, ...) XEBEC_LOG_RANK(verbosity, message, __VA_ARGS__)
#define XEBEC_LOG_RANK(rank, message, ...)                               \
  do {                                                                   \
    static constinit ::xebec::runtime::LogSite site{__FILE__, __LINE__}; \
    if (site.Enabled(rank)) site.Write(rank, message, {__VA_ARGS__});    \
  } while (false)

template <class T>
LogField::Value LogField::Convert(const T& v) {
  if constexpr (std::same_as<T, bool>) {
    return v;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<int64_t>(v);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<double>(v);
  } else if constexpr (std::signed_integral<T>) {
    return static_cast<int64_t>(v);
  } else if constexpr (std::unsigned_integral<T>) {
    return static_cast<uint64_t>(v);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string_view(v);
  } else if constexpr (requires {
                         v.has_value();
                         *v;
                       }) {
    return v.has_value() ? LogField("", *v).value : Value(std::string_view("none"));
  } else {
    return v.ToString();
  }
}

}  // namespace xebec::runtime
