#pragma once

#include <gtest/gtest.h>

#include <string>

#include "runtime/internal/test_run.h"

// Tests that run on fibers.
//
//   XEBEC_TEST(Chan, SendWakesTheReceiver) { … }       // on the scheduler, with several Ps
//   XEBEC_SIM_TEST(Chan, KeepsItsOrder) { … }          // simulated, over several seeds
//
// Each ends with a check that no fiber was left behind: a leaked one fails the test with its name
// and the place that started it. XEBEC_SEED replays one seed, XEBEC_SEEDS sets how many are run.
namespace xebec::runtime::testing {

// Death tests fork; threads of the scheduler do not survive a fork, so they start anew.
inline const bool kDeathTestsStartAnew = [] {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  return true;
}();

}  // namespace xebec::runtime::testing

#define XEBEC_TEST(suite, name)                                                  \
  static void XebecTestBody_##suite##_##name();                                  \
  TEST(suite, name) {                                                            \
    const std::string xebec_failure =                                            \
        ::xebec::runtime::testing::RunTestBody(&XebecTestBody_##suite##_##name); \
    if (!xebec_failure.empty()) ADD_FAILURE() << xebec_failure;                  \
  }                                                                              \
  static void XebecTestBody_##suite##_##name()

#define XEBEC_SIM_TEST(suite, name)                                                     \
  static void XebecTestBody_##suite##_##name();                                         \
  TEST(suite, name) {                                                                   \
    const std::string xebec_failure = ::xebec::runtime::testing::RunSimTestBody(        \
        &XebecTestBody_##suite##_##name, [] { return ::testing::Test::HasFailure(); }); \
    if (!xebec_failure.empty()) ADD_FAILURE() << xebec_failure;                         \
  }                                                                                     \
  static void XebecTestBody_##suite##_##name()
