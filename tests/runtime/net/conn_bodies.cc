#include "tests/runtime/net/conn_bodies.h"

#include <chrono>
#include <vector>

#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime::net::testing {

using namespace std::chrono_literals;
using runtime::testing::WaitUntilAllBlocked;

namespace {

int64_t In(std::chrono::nanoseconds d) { return NanoTime() + d.count(); }

std::string Pattern(size_t n) {
  std::string text(n, '\0');
  for (size_t i = 0; i < n; ++i) text[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 3);
  return text;
}

}  // namespace

std::string ReadExactly(Conn& conn, size_t n) {
  std::string all;
  std::vector<char> piece(16 << 10);
  while (all.size() < n) {
    auto got = conn.Read({piece.data(), std::min(piece.size(), n - all.size())});
    if (!got.ok()) {
      ADD_FAILURE() << got.error().ToString();
      return all;
    }
    if (*got == 0) break;
    all.append(piece.data(), *got);
  }
  return all;
}

void Echo(Conn& conn) {
  std::vector<char> piece(16 << 10);
  for (;;) {
    auto n = conn.Read(piece);
    if (!n.ok() || *n == 0) break;
    if (!conn.Write({piece.data(), *n}).ok()) break;
  }
  conn.CloseWrite();
  conn.Close();
}

void WhatIsWrittenArrives(const MakeEnds& make) {
  Ends ends = make();
  WaitGroup echo;
  echo.Go([&] { Echo(*ends.b); });
  for (const size_t n : {size_t{1}, size_t{1000}, size_t{300'000}}) {
    const std::string sent = Pattern(n);
    WaitGroup writer;
    writer.Go([&] { EXPECT_EQ(*ends.a->Write(sent), n); });
    EXPECT_TRUE(ReadExactly(*ends.a, n) == sent) << n << " bytes";
    writer.Wait();
  }
  ends.a->CloseWrite();
  EXPECT_EQ(ReadExactly(*ends.a, 1), "");
  echo.Wait();
}

void ReadFailsAtItsDeadline(const MakeEnds& make) {
  Ends ends = make();
  const int64_t deadline = In(5ms);
  ends.a->SetReadDeadline(deadline);
  char byte;
  auto n = ends.a->Read({&byte, 1});
  ASSERT_FALSE(n.ok());
  EXPECT_TRUE(IsDeadlineExceeded(n.error())) << n.error().ToString();
  EXPECT_GE(NanoTime(), deadline);
  // It stays so until the deadline is moved; the other direction goes on.
  EXPECT_TRUE(IsDeadlineExceeded(ends.a->Read({&byte, 1}).error()));
  EXPECT_TRUE(ends.a->Write("x").ok());
}

void WriteFailsAtItsDeadline(const MakeEnds& make) {
  Ends ends = make();
  ends.a->SetWriteDeadline(In(20ms));
  const std::string block(1 << 20, 'x');
  Result<size_t> written = size_t{0};
  for (int i = 0; i < 64 && written.ok(); ++i) written = ends.a->Write(block);
  ASSERT_FALSE(written.ok());
  EXPECT_TRUE(IsDeadlineExceeded(written.error())) << written.error().ToString();
}

void APastDeadlineWakesAWaitingReader(const MakeEnds& make) {
  Ends ends = make();
  WaitGroup reader;
  reader.Go([&] {
    char byte;
    EXPECT_TRUE(IsDeadlineExceeded(ends.a->Read({&byte, 1}).error()));
  });
  WaitUntilAllBlocked();
  ends.a->SetReadDeadline(1);
  reader.Wait();
}

void ADeadlineMovedWhileWaitingCounts(const MakeEnds& make) {
  Ends ends = make();
  ends.a->SetReadDeadline(In(1h));
  const int64_t moved = In(10ms);
  WaitGroup reader;
  reader.Go([&] {
    char byte;
    EXPECT_TRUE(IsDeadlineExceeded(ends.a->Read({&byte, 1}).error()));
    EXPECT_GE(NanoTime(), moved);
  });
  WaitUntilAllBlocked();
  ends.a->SetReadDeadline(moved);
  reader.Wait();
}

void AClearedDeadlineLetsReadsGoOn(const MakeEnds& make) {
  Ends ends = make();
  char byte = 0;
  ends.a->SetReadDeadline(1);
  EXPECT_TRUE(IsDeadlineExceeded(ends.a->Read({&byte, 1}).error()));
  ends.a->SetReadDeadline(0);
  EXPECT_TRUE(ends.b->Write("y").ok());
  EXPECT_EQ(*ends.a->Read({&byte, 1}), 1u);
  EXPECT_EQ(byte, 'y');
}

void CloseWakesReaderAndWriter(const MakeEnds& make) {
  Ends ends = make();
  WaitGroup waiting;
  waiting.Go([&] {
    char byte;
    EXPECT_TRUE(IsCanceled(ends.a->Read({&byte, 1}).error()));
  });
  waiting.Go([&] {
    const std::string block(1 << 20, 'x');
    Result<size_t> written = size_t{0};
    while (written.ok()) written = ends.a->Write(block);
    EXPECT_TRUE(IsCanceled(written.error())) << written.error().ToString();
  });
  WaitUntilAllBlocked();
  ends.a->Close();
  waiting.Wait();
  char byte;
  EXPECT_TRUE(IsCanceled(ends.a->Read({&byte, 1}).error()));
  EXPECT_TRUE(IsCanceled(ends.a->Write("x").error()));
  ends.a->Close();  // does nothing
}

void HalfCloseStillReads(const MakeEnds& make) {
  Ends ends = make();
  ASSERT_TRUE(ends.a->Write("question").ok());
  ends.a->CloseWrite();
  EXPECT_EQ(ReadExactly(*ends.b, 100), "question");
  ASSERT_TRUE(ends.b->Write("answer").ok());
  ends.b->Close();
  EXPECT_EQ(ReadExactly(*ends.a, 100), "answer");
  EXPECT_FALSE(ends.a->Write("more").ok());
}

void ASlowReaderHoldsTheWriterBack(const MakeEnds& make) {
  Ends ends = make();
  const std::string sent = Pattern(16 << 20);
  bool written = false;
  WaitGroup writer;
  writer.Go([&] {
    EXPECT_EQ(*ends.a->Write(sent), sent.size());
    written = true;
    ends.a->CloseWrite();
  });
  WaitUntilAllBlocked();
  EXPECT_FALSE(written);  // no buffer on the way holds that much
  std::string first = ReadExactly(*ends.b, 10'000);
  WaitUntilAllBlocked();
  EXPECT_TRUE(first + ReadExactly(*ends.b, sent.size()) == sent);
  writer.Wait();
}

void WritesToAClosedPeerFail(const MakeEnds& make) {
  Ends ends = make();
  ends.b->Close();
  Result<size_t> written = size_t{0};
  // The first may be taken by the system before it hears of the close.
  for (int i = 0; i < 1000 && written.ok(); ++i) {
    written = ends.a->Write("x");
    Yield();
  }
  ASSERT_FALSE(written.ok());
  EXPECT_TRUE(IsUnreachable(written.error())) << written.error().ToString();
}

void QuietTellsDataAndEnd(const MakeEnds& make) {
  Ends ends = make();
  EXPECT_TRUE(ends.a->Quiet());
  ASSERT_TRUE(ends.b->Write("x").ok());
  char byte;
  ends.a->SetReadDeadline(In(10s));
  while (ends.a->Quiet()) Yield();
  EXPECT_EQ(*ends.a->Read({&byte, 1}), 1u);
  EXPECT_TRUE(ends.a->Quiet());
  ends.b->Close();
  while (ends.a->Quiet()) Yield();
  ends.a->Close();
  EXPECT_FALSE(ends.a->Quiet());
}

}  // namespace xebec::runtime::net::testing
