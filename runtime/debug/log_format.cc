// The two forms of a log line.
#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <iterator>

#include "runtime/debug/log.h"

namespace xebec::runtime {

namespace {

void AppendTime(fmt::memory_buffer& out, int64_t wall_nanos) {
  int64_t seconds = wall_nanos / 1'000'000'000;
  int64_t nanos = wall_nanos % 1'000'000'000;
  if (nanos < 0) {
    nanos += 1'000'000'000;
    --seconds;
  }
  const auto when = static_cast<time_t>(seconds);
  tm utc{};
  gmtime_r(&when, &utc);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                 utc.tm_sec, nanos / 1000);
}

// As Go prints durations below a minute, which are what logs hold: 250ns, 1.5µs, 12.25ms,
// 3s, 90.5s.
void AppendDuration(fmt::memory_buffer& out, std::chrono::nanoseconds duration) {
  const double nanos = static_cast<double>(duration.count());
  const double size = std::fabs(nanos);
  if (size < 1e3) {
    fmt::format_to(std::back_inserter(out), "{}ns", duration.count());
  } else if (size < 1e6) {
    fmt::format_to(std::back_inserter(out), "{:.6g}µs", nanos / 1e3);
  } else if (size < 1e9) {
    fmt::format_to(std::back_inserter(out), "{:.6g}ms", nanos / 1e6);
  } else {
    fmt::format_to(std::back_inserter(out), "{:.6g}s", nanos / 1e9);
  }
}

// `text` as a JSON string. Bytes that are no valid UTF-8 are kept: what reads logs copes, and a log
// line must never be lost over its content.
void AppendQuoted(fmt::memory_buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out.push_back('\\');
        out.push_back(c);
        break;
      case '\n':
        out.append(std::string_view("\\n"));
        break;
      case '\t':
        out.append(std::string_view("\\t"));
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

bool IsPlain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == 0x7f) return false;
  }
  return true;
}

// The message of a text line: control characters escaped, so that a line stays one line.
void AppendMessage(fmt::memory_buffer& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out.append(std::string_view("\\n"));
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
}

struct TextValue {
  fmt::memory_buffer& out;
  void operator()(std::string_view v) const {
    if (IsPlain(v)) {
      out.append(v);
    } else {
      AppendQuoted(out, v);
    }
  }
  void operator()(const std::string& v) const { (*this)(std::string_view(v)); }
  void operator()(std::chrono::nanoseconds v) const { AppendDuration(out, v); }
  template <class T>
  void operator()(T v) const {
    fmt::format_to(std::back_inserter(out), "{}", v);
  }
};

struct JsonValue {
  fmt::memory_buffer& out;
  void operator()(std::string_view v) const { AppendQuoted(out, v); }
  void operator()(const std::string& v) const { AppendQuoted(out, v); }
  void operator()(double v) const {
    if (std::isfinite(v)) {
      fmt::format_to(std::back_inserter(out), "{}", v);
    } else {
      fmt::format_to(std::back_inserter(out), "\"{}\"", v);  // JSON has no NaN
    }
  }
  void operator()(std::chrono::nanoseconds v) const {  // seconds, as Prometheus counts
    fmt::format_to(std::back_inserter(out), "{}", static_cast<double>(v.count()) / 1e9);
  }
  template <class T>
  void operator()(T v) const {
    fmt::format_to(std::back_inserter(out), "{}", v);
  }
};

std::string_view LevelName(int rank) {
  if (rank <= static_cast<int>(LogLevel::kError)) return "ERROR";
  if (rank == static_cast<int>(LogLevel::kWarn)) return "WARN";
  return rank >= static_cast<int>(LogLevel::kDebug) ? "DEBUG" : "INFO";
}

}  // namespace

std::string FormatLogText(const LogRecord& record) {
  fmt::memory_buffer out;
  AppendTime(out, record.wall_nanos);
  fmt::format_to(std::back_inserter(out), " {:<5} {}:{} ", LevelName(record.rank), record.file,
                 record.line);
  if (record.fiber != 0) fmt::format_to(std::back_inserter(out), "[{}] ", record.fiber);
  AppendMessage(out, record.message);
  for (size_t i = 0; i < record.field_count; ++i) {
    out.push_back(' ');
    AppendMessage(out, record.fields[i].key);
    out.push_back('=');
    std::visit(TextValue{out}, record.fields[i].value);
  }
  return fmt::to_string(out);
}

std::string FormatLogJson(const LogRecord& record) {
  fmt::memory_buffer out;
  out.append(std::string_view("{\"time\":\""));
  AppendTime(out, record.wall_nanos);
  fmt::format_to(std::back_inserter(out), "\",\"level\":\"{}\",\"v\":{},\"caller\":\"{}:{}\"",
                 LevelName(record.rank), record.rank < 0 ? 0 : record.rank, record.file,
                 record.line);
  if (record.fiber != 0) fmt::format_to(std::back_inserter(out), ",\"fiber\":{}", record.fiber);
  out.append(std::string_view(",\"msg\":"));
  AppendQuoted(out, record.message);
  for (size_t i = 0; i < record.field_count; ++i) {
    out.push_back(',');
    AppendQuoted(out, record.fields[i].key);
    out.push_back(':');
    std::visit(JsonValue{out}, record.fields[i].value);
  }
  out.push_back('}');
  return fmt::to_string(out);
}

}  // namespace xebec::runtime
