#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace xebec::runtime {

// A bug that was found at run time: a null dereference of a Ref, a negative WaitGroup, a failed
// CHECK. It unwinds the fiber; uncaught, it ends the process with every fiber that matters printed.
//
// Catching one is right at the border of a unit of work (one request, one reconcile), not to
// steer a program. Copies share what was recorded.
class Panic : public std::exception {
 public:
  // Records the current fiber and its stack. Use ThrowPanic.
  explicit Panic(std::string message);

  const char* what() const noexcept override;
  const std::string& message() const noexcept;
  // The fiber that panicked: its name, or "fiber ID"; "main thread" outside of fibers.
  const std::string& fiber() const noexcept;
  // The stack at the panic, one line for each frame, with symbols. Costs milliseconds the first
  // time.
  std::string stack() const;

 private:
  struct Record;
  std::shared_ptr<const Record> record_;
};

// Throws a Panic with `message`.
[[noreturn]] void ThrowPanic(std::string message);

// The current stack as text, one line for each frame, without the innermost `skip` frames.
std::string StackTrace(int skip = 0);

// What RunRecovering caught.
struct PanicInfo {
  std::string message;
  std::string fiber;
  // Empty for an exception that is no Panic: its stack is gone once it is caught.
  std::string stack;
  bool is_panic = false;
  std::exception_ptr exception;
};

// What `exception` was, as text.
PanicInfo DescribeException(std::exception_ptr exception);

// Runs `fn`; returns what it threw (a Panic or anything else), or nothing.
template <class F>
std::optional<PanicInfo> RunRecovering(F&& fn) {
  try {
    std::forward<F>(fn)();
  } catch (...) {
    return DescribeException(std::current_exception());
  }
  return std::nullopt;
}

}  // namespace xebec::runtime
