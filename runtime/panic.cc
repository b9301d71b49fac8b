#include "runtime/panic.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstring>
#include <mutex>
#include <vector>

#include "runtime/check.h"
#include "runtime/error.h"
#include "runtime/result.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/stackwalk.h"

namespace xebec::runtime {

struct Panic::Record {
  std::string message;
  std::string fiber;
  std::vector<uintptr_t> pcs;
};

Panic::Panic(std::string message)
    : record_(std::make_shared<const Record>(
          Record{std::move(message), std::string(CurrentFiberName()),
                 internal::WalkStack(__builtin_frame_address(0), 1)})) {}

const char* Panic::what() const noexcept { return record_->message.c_str(); }
const std::string& Panic::message() const noexcept { return record_->message; }
const std::string& Panic::fiber() const noexcept { return record_->fiber; }
std::string Panic::stack() const { return Symbolize(record_->pcs); }

void ThrowPanic(std::string message) { throw Panic(std::move(message)); }

std::string StackTrace(int skip) {
  return Symbolize(internal::WalkStack(__builtin_frame_address(0), static_cast<size_t>(skip)));
}

PanicInfo DescribeException(std::exception_ptr exception) {
  PanicInfo info;
  info.exception = exception;
  try {
    std::rethrow_exception(exception);
  } catch (const Panic& panic) {
    info.message = panic.message();
    info.fiber = panic.fiber();
    info.stack = panic.stack();
    info.is_panic = true;
  } catch (const std::exception& other) {
    info.message = other.what();
  } catch (...) {
    info.message = "an exception that is no std::exception";
    if (const std::type_info* type = abi::__cxa_current_exception_type()) {
      int status = 0;
      char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
      info.message = fmt::format("an exception of type {}", name != nullptr ? name : type->name());
      std::free(name);
    }
  }
  if (info.fiber.empty()) info.fiber = CurrentFiberName();
  return info;
}

}  // namespace xebec::runtime

namespace xebec::internal {

void CheckFailed(const char* condition, const char* file, int line, std::string message) {
  const char* base = std::strrchr(file, '/');
  runtime::ThrowPanic(fmt::format("CHECK failed: {} at {}:{}{}{}", condition,
                                  base != nullptr ? base + 1 : file, line,
                                  message.empty() ? "" : ": ", message));
}

void ResultHasNoValue(const Error& error) {
  runtime::ThrowPanic("value of a failed Result: " + error.ToString());
}
void ResultHasNoError() { runtime::ThrowPanic("error of a Result that has a value"); }

}  // namespace xebec::internal
