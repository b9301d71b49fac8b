#include <backtrace.h>
#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <string>

#include "runtime/sched/dump.h"

namespace xebec::runtime {
namespace {

// libbacktrace's state lives as long as the process; the mutex also keeps its first, slow reading
// of the debug information in one thread. Symbolizing never parks while it is held.
std::mutex symbolize_mutex;

backtrace_state* State() {
  static backtrace_state* const state =
      backtrace_create_state(nullptr, /*threaded=*/1, [](void*, const char*, int) {}, nullptr);
  return state;
}

struct Frame {
  std::string* text;
  bool any = false;
};

std::string Demangle(const char* name) {
  if (name == nullptr) return "??";
  int status = 0;
  char* plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  if (plain == nullptr) return name;
  std::string result(plain);
  std::free(plain);
  return result;
}

void Append(std::string* text, uintptr_t pc, const char* file, int line, const char* function) {
  if (file != nullptr) {
    fmt::format_to(std::back_inserter(*text), "  {}\n      {}:{}\n", Demangle(function), file,
                   line);
  } else {
    fmt::format_to(std::back_inserter(*text), "  {} (0x{:x})\n", Demangle(function), pc);
  }
}

int OnFrame(void* data, uintptr_t pc, const char* file, int line, const char* function) {
  auto* frame = static_cast<Frame*>(data);
  if (file == nullptr && function == nullptr) return 0;
  frame->any = true;
  Append(frame->text, pc, file, line, function);
  return 0;
}

void OnSymbol(void* data, uintptr_t pc, const char* name, uintptr_t, uintptr_t) {
  auto* frame = static_cast<Frame*>(data);
  frame->any = true;
  Append(frame->text, pc, nullptr, 0, name);
}

void OnError(void*, const char*, int) {}

}  // namespace

std::string Symbolize(const std::vector<uintptr_t>& pcs) {
  std::string text;
  std::lock_guard lock(symbolize_mutex);
  for (uintptr_t pc : pcs) {
    Frame frame{&text};
    // A return address is after its call: the byte before it belongs to the call's line.
    if (State() != nullptr) {
      backtrace_pcinfo(State(), pc - 1, OnFrame, OnError, &frame);
      if (!frame.any) backtrace_syminfo(State(), pc - 1, OnSymbol, OnError, &frame);
    }
    if (!frame.any) Append(&text, pc, nullptr, 0, nullptr);
  }
  return text;
}

}  // namespace xebec::runtime
