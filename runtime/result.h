#pragma once

#include <expected>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/error.h"

namespace xebec {

namespace internal {
// Panics: the value of a failed Result was asked for.
[[noreturn]] void ResultHasNoValue(const Error& error);
[[noreturn]] void ResultHasNoError();
}  // namespace internal

// A value, or the Error that stood in its way. It must be looked at.
//
//   Result<Pod> pod = client.Get<Pod>(ctx, key);
//   if (!pod) return pod.error();
//   Use(*pod);
//
// `value()`, `*` and `->` panic where there is no value.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::unexpect, std::move(error)) {}  // NOLINT: implicit on purpose
  template <class U>
    requires(!std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, T> && std::is_convertible_v<U, T> &&
             !std::is_convertible_v<U, Error>)
  Result(U&& value) : state_(std::in_place, std::forward<U>(value)) {}  // NOLINT: implicit

  bool ok() const { return state_.has_value(); }
  explicit operator bool() const { return ok(); }

  T& value() & {
    Require();
    return *state_;
  }
  const T& value() const& {
    Require();
    return *state_;
  }
  T&& value() && {
    Require();
    return std::move(*state_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    if (ok()) [[unlikely]]
      internal::ResultHasNoError();
    return state_.error();
  }
  Error&& error() && {
    if (ok()) [[unlikely]]
      internal::ResultHasNoError();
    return std::move(state_.error());
  }

  template <class U>
  T value_or(U&& other) const& {
    return ok() ? *state_ : static_cast<T>(std::forward<U>(other));
  }
  template <class U>
  T value_or(U&& other) && {
    return ok() ? std::move(*state_) : static_cast<T>(std::forward<U>(other));
  }

 private:
  void Require() const {
    if (!ok()) [[unlikely]]
      internal::ResultHasNoValue(state_.error());
  }
  std::expected<T, Error> state_;
};

// Success without a value, or an Error. `return {};` is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (error_) [[unlikely]]
      internal::ResultHasNoValue(*error_);
  }
  const Error& error() const& {
    if (!error_) [[unlikely]]
      internal::ResultHasNoError();
    return *error_;
  }
  Error&& error() && {
    if (!error_) [[unlikely]]
      internal::ResultHasNoError();
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace xebec

#define XEBEC_RESULT_CONCAT2(a, b) a##b
#define XEBEC_RESULT_CONCAT(a, b) XEBEC_RESULT_CONCAT2(a, b)

// Evaluates `expr` (a Result); returns its error from the enclosing function, if it has one.
#define XEBEC_TRY(expr)                                           \
  do {                                                            \
    if (auto xebec_try_result = (expr); !xebec_try_result.ok()) { \
      return std::move(xebec_try_result).error();                 \
    }                                                             \
  } while (false)

// `XEBEC_ASSIGN_OR_RETURN(auto pod, client.Get<Pod>(ctx, key));` declares or assigns `lhs` with
// the value, or returns the error from the enclosing function.
#define XEBEC_ASSIGN_OR_RETURN(lhs, ...) \
  XEBEC_ASSIGN_OR_RETURN_IMPL(XEBEC_RESULT_CONCAT(xebec_result_, __LINE__), lhs, (__VA_ARGS__))
#define XEBEC_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = expr;                                  \
  if (!tmp.ok()) return std::move(tmp).error();     \
  lhs = std::move(tmp).value()
