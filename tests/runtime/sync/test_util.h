#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "runtime/panic.h"

namespace xebec::runtime {

// The message of the Panic that `fn` throws; empty if it throws none.
template <class F>
std::string PanicOf(F&& fn) {
  try {
    std::forward<F>(fn)();
  } catch (const Panic& panic) {
    return panic.message();
  }
  return {};
}

// Whether the Panic that `fn` throws says `text`.
template <class F>
::testing::AssertionResult PanicsWith(const std::string& text, F&& fn) {
  const std::string message = PanicOf(std::forward<F>(fn));
  if (message.find(text) != std::string::npos) return ::testing::AssertionSuccess();
  if (message.empty()) return ::testing::AssertionFailure() << "no panic";
  return ::testing::AssertionFailure() << "the panic says: " << message;
}

}  // namespace xebec::runtime
