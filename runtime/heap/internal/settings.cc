#include "runtime/heap/internal/settings.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>

namespace xebec::runtime::heap {

namespace {

template <class T>
bool ParseNumber(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseBytes(std::string_view text, size_t* value) {
  constexpr struct {
    std::string_view suffix;
    int shift;
  } kUnits[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};
  int shift = 0;
  for (const auto& unit : kUnits) {
    if (text.ends_with(unit.suffix)) {
      text.remove_suffix(unit.suffix.size());
      shift = unit.shift;
      break;
    }
  }
  size_t number = 0;
  if (!ParseNumber(text, &number) || number > (SIZE_MAX >> shift)) return false;
  *value = number << shift;
  return true;
}

std::string_view Env(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

void Complain(std::string_view line) {
  std::string text(line);
  text += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

Settings& Mutable() {
  static Settings settings =
      ParseSettings(Env("XEBEC_DEBUG"), Env("XEBEC_GC"), Env("XEBEC_MEMORY_LIMIT"), Complain);
  return settings;
}

}  // namespace

const Settings& GetSettings() { return Mutable(); }
void SetSettingsForTest(const Settings& settings) { Mutable() = settings; }

Settings ParseSettings(std::string_view debug, std::string_view gc, std::string_view limit,
                       void (*complaint)(std::string_view line)) {
  Settings settings;
  while (!debug.empty()) {
    const size_t comma = debug.find(',');
    const std::string_view word = debug.substr(0, comma);
    debug.remove_prefix(comma == std::string_view::npos ? debug.size() : comma + 1);
    const size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    uint32_t value = 1;
    if (equals != std::string_view::npos && !ParseNumber(word.substr(equals + 1), &value)) {
      if (key == "gctrace" || key == "gcstress" || key == "clobberfree" || key == "heapverify") {
        complaint("xebec: XEBEC_DEBUG: '" + std::string(word) + "' wants a number, as in " +
                  std::string(key) + "=1; ignored");
      }
      continue;
    }
    if (key == "gctrace") settings.gc_trace = value != 0;
    if (key == "gcstress") settings.gc_stress = value;
    if (key == "clobberfree") settings.clobber_free = value != 0;
    if (key == "heapverify") settings.heap_verify = value != 0;
  }
  if (gc == "off") {
    settings.initial_percent = -1;
  } else if (!gc.empty() &&
             (!ParseNumber(gc, &settings.initial_percent) || settings.initial_percent < 0)) {
    settings.initial_percent = 100;
    complaint("xebec: XEBEC_GC is '" + std::string(gc) +
              "': use a percentage such as 100, or off; 100 is used");
  }
  if (!limit.empty() && limit != "off" && !ParseBytes(limit, &settings.initial_limit)) {
    settings.initial_limit = SIZE_MAX;
    complaint("xebec: XEBEC_MEMORY_LIMIT is '" + std::string(limit) +
              "': use bytes or a size such as 512MiB; no limit is used");
  }
  return settings;
}

}  // namespace xebec::runtime::heap
