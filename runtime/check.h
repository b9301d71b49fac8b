#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace xebec::internal {

// Throws a Panic that names the failed condition and its place.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line,
                              std::string message);

inline std::string CheckMessage() { return {}; }
template <class... Args>
std::string CheckMessage(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format(format, std::forward<Args>(args)...);
}

}  // namespace xebec::internal

// An invariant that stays on in release: `CHECK(n > 0, "n is {}", n)`. A failure is a Panic.
#define CHECK(condition, ...)                                                       \
  do {                                                                              \
    if (!(condition)) [[unlikely]] {                                                \
      ::xebec::internal::CheckFailed(#condition, __FILE__, __LINE__,                \
                                     ::xebec::internal::CheckMessage(__VA_ARGS__)); \
    }                                                                               \
  } while (false)

// The same, in debug and sanitizer builds only: for checks that cost.
#ifdef XEBEC_DEBUG_CHECKS
#define DCHECK(...) CHECK(__VA_ARGS__)
#else
#define DCHECK(condition, ...)         \
  do {                                 \
    if (false) {                       \
      static_cast<void>(!(condition)); \
    }                                  \
  } while (false)
#endif
