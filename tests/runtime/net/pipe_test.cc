#include <gtest/gtest.h>

#include <chrono>

#include "runtime/net/conn.h"
#include "runtime/sched/time.h"
#include "runtime/testing.h"
#include "tests/runtime/net/conn_bodies.h"

namespace xebec::runtime::net {
namespace {

using namespace std::chrono_literals;

testing::Ends PipeEnds() {
  auto [a, b] = Pipe();
  return {std::move(a), std::move(b)};
}

// On several Ps, and in virtual time under many seeds.
#define XEBEC_PIPE_TEST(name)                         \
  XEBEC_TEST(Pipe, name) { testing::name(PipeEnds); } \
  XEBEC_SIM_TEST(PipeSimulated, name) { testing::name(PipeEnds); }

XEBEC_PIPE_TEST(WhatIsWrittenArrives)
XEBEC_PIPE_TEST(ReadFailsAtItsDeadline)
XEBEC_PIPE_TEST(WriteFailsAtItsDeadline)
XEBEC_PIPE_TEST(APastDeadlineWakesAWaitingReader)
XEBEC_PIPE_TEST(ADeadlineMovedWhileWaitingCounts)
XEBEC_PIPE_TEST(AClearedDeadlineLetsReadsGoOn)
XEBEC_PIPE_TEST(CloseWakesReaderAndWriter)
XEBEC_PIPE_TEST(HalfCloseStillReads)
XEBEC_PIPE_TEST(ASlowReaderHoldsTheWriterBack)
XEBEC_PIPE_TEST(WritesToAClosedPeerFail)
XEBEC_PIPE_TEST(QuietTellsDataAndEnd)

XEBEC_SIM_TEST(PipeSimulated, DeadlinesAreExactInVirtualTime) {
  auto [a, b] = Pipe();
  const int64_t deadline = NanoTime() + std::chrono::nanoseconds(24h).count();
  a->SetReadDeadline(deadline);
  char byte;
  EXPECT_TRUE(IsDeadlineExceeded(a->Read({&byte, 1}).error()));
  EXPECT_EQ(NanoTime(), deadline);
}

XEBEC_SIM_TEST(PipeSimulated, SocketsAreRefusedWithAdvice) {
  auto listener = Listener::Listen("127.0.0.1:0");
  ASSERT_FALSE(listener.ok());
  EXPECT_TRUE(IsInvalidInput(listener.error()));
  EXPECT_NE(listener.error().message.find("Pipe"), std::string::npos);
}

}  // namespace
}  // namespace xebec::runtime::net
