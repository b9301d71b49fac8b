#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/context.h"
#include "runtime/net/conn.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"
#include "tests/runtime/net/conn_bodies.h"

namespace xebec::runtime::net {
namespace {

using namespace std::chrono_literals;
using testing::Echo;
using testing::Ends;
using testing::ReadExactly;

int PortOf(const Listener& listener) {
  const std::string address = listener.Addr();
  return std::stoi(address.substr(address.rfind(':') + 1));
}

std::unique_ptr<Listener> ListenAnywhere() {
  auto listener = Listener::Listen("127.0.0.1:0");
  EXPECT_TRUE(listener.ok()) << listener.error().ToString();
  return std::move(*listener);
}

Ends TcpEnds() {
  auto listener = ListenAnywhere();
  Ends ends;
  WaitGroup accept;
  accept.Go([&] { ends.b = std::move(*listener->Accept()); });
  auto dialed = DialTcp(Context::Background(), "127.0.0.1", PortOf(*listener));
  EXPECT_TRUE(dialed.ok()) << dialed.error().ToString();
  ends.a = std::move(*dialed);
  accept.Wait();
  return ends;
}

XEBEC_TEST(Tcp, WhatIsWrittenArrives) { testing::WhatIsWrittenArrives(TcpEnds); }
XEBEC_TEST(Tcp, ReadFailsAtItsDeadline) { testing::ReadFailsAtItsDeadline(TcpEnds); }
XEBEC_TEST(Tcp, WriteFailsAtItsDeadline) { testing::WriteFailsAtItsDeadline(TcpEnds); }
XEBEC_TEST(Tcp, APastDeadlineWakesAWaitingReader) {
  testing::APastDeadlineWakesAWaitingReader(TcpEnds);
}
XEBEC_TEST(Tcp, ADeadlineMovedWhileWaitingCounts) {
  testing::ADeadlineMovedWhileWaitingCounts(TcpEnds);
}
XEBEC_TEST(Tcp, AClearedDeadlineLetsReadsGoOn) { testing::AClearedDeadlineLetsReadsGoOn(TcpEnds); }
XEBEC_TEST(Tcp, CloseWakesReaderAndWriter) { testing::CloseWakesReaderAndWriter(TcpEnds); }
XEBEC_TEST(Tcp, HalfCloseStillReads) { testing::HalfCloseStillReads(TcpEnds); }
XEBEC_TEST(Tcp, ASlowReaderHoldsTheWriterBack) { testing::ASlowReaderHoldsTheWriterBack(TcpEnds); }
XEBEC_TEST(Tcp, WritesToAClosedPeerFail) { testing::WritesToAClosedPeerFail(TcpEnds); }
XEBEC_TEST(Tcp, QuietTellsDataAndEnd) { testing::QuietTellsDataAndEnd(TcpEnds); }

XEBEC_TEST(Tcp, AThousandConnectionsEchoAtOnce) {
  constexpr int kConnections = 1000;
  auto listener = ListenAnywhere();
  WaitGroup server;
  server.Go([&] {
    for (int i = 0; i < kConnections; ++i) {
      auto conn = listener->Accept();
      ASSERT_TRUE(conn.ok()) << conn.error().ToString();
      server.Go([conn = std::shared_ptr<Conn>(std::move(*conn))] { Echo(*conn); });
    }
  });
  WaitGroup clients;
  Atomic<int> good{0};
  for (int i = 0; i < kConnections; ++i) {
    clients.Go([&, i] {
      auto conn = DialTcp(Context::Background(), "127.0.0.1", PortOf(*listener));
      ASSERT_TRUE(conn.ok()) << conn.error().ToString();
      (*conn)->SetDeadline(NanoTime() + 30'000'000'000);
      for (int round = 0; round < 5; ++round) {
        const std::string sent = std::to_string(i) + " in round " + std::to_string(round);
        ASSERT_TRUE((*conn)->Write(sent).ok());
        ASSERT_EQ(ReadExactly(**conn, sent.size()), sent);
      }
      good.fetch_add(1, std::memory_order_relaxed);
    });
  }
  clients.Wait();
  server.Wait();
  EXPECT_EQ(good.load(std::memory_order_relaxed), kConnections);
}

// A new socket often gets the number of one just closed, while fibers wait on both and events of
// the old one are under way: none may wake, fail or feed the wrong fiber.
XEBEC_TEST(Tcp, NumbersOfClosedSocketsAreReusedSafely) {
  auto listener = ListenAnywhere();
  constexpr int kFibers = 16;
  constexpr int kRounds = 100;
  WaitGroup server;
  server.Go([&] {
    for (int i = 0; i < kFibers * kRounds; ++i) {
      auto conn = listener->Accept();
      ASSERT_TRUE(conn.ok());
      server.Go([conn = std::shared_ptr<Conn>(std::move(*conn))] { Echo(*conn); });
    }
  });
  WaitGroup clients;
  for (int fiber = 0; fiber < kFibers; ++fiber) {
    clients.Go([&, fiber] {
      for (int round = 0; round < kRounds; ++round) {
        auto dialed = DialTcp(Context::Background(), "127.0.0.1", PortOf(*listener));
        ASSERT_TRUE(dialed.ok()) << dialed.error().ToString();
        std::shared_ptr<Conn> conn = std::move(*dialed);
        const std::string sent = std::to_string(fiber) + ":" + std::to_string(round);
        ASSERT_TRUE(conn->Write(sent).ok());
        ASSERT_EQ(ReadExactly(*conn, sent.size()), sent);
        if (round % 2 == 0) {  // close under a waiting reader
          WaitGroup reader;
          reader.Go([conn] {
            char byte;
            EXPECT_TRUE(IsCanceled(conn->Read({&byte, 1}).error()));
          });
          Yield();
          conn->Close();
          reader.Wait();
        }
      }
    });
  }
  clients.Wait();
  server.Wait();
}

XEBEC_TEST(Tcp, ClosingAListenerWakesAccept) {
  auto listener = ListenAnywhere();
  WaitGroup accept;
  accept.Go([&] { EXPECT_TRUE(IsCanceled(listener->Accept().error())); });
  runtime::testing::WaitUntilAllBlocked();
  listener->Close();
  accept.Wait();
  EXPECT_TRUE(IsCanceled(listener->Accept().error()));
}

XEBEC_TEST(Tcp, AcceptGoesOnAfterTheProcessRanOutOfDescriptors) {
  auto listener = ListenAnywhere();
  // Clients whose connections the kernel completes by itself.
  std::vector<std::unique_ptr<Conn>> clients;
  for (int i = 0; i < 4; ++i) {
    auto conn = DialTcp(Context::Background(), "127.0.0.1", PortOf(*listener));
    ASSERT_TRUE(conn.ok());
    clients.push_back(std::move(*conn));
  }
  // The first is served as usual. (UBSan looks up a type with a pipe the first time it meets it.)
  ASSERT_TRUE(listener->Accept().ok());
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const int lowest_free = dup(0);
  close(lowest_free);
  const rlimit none{static_cast<rlim_t>(lowest_free), old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  int accepted = 0;
  WaitGroup accept;
  accept.Go([&] {
    for (; accepted < 3; ++accepted) {
      auto conn = listener->Accept();
      ASSERT_TRUE(conn.ok()) << conn.error().ToString();
    }
  });
  runtime::testing::WaitUntilAllBlocked();
  EXPECT_EQ(accepted, 0);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  accept.Wait();
  EXPECT_EQ(accepted, 3);
}

XEBEC_TEST(Tcp, DialingAClosedPortIsRefusedWithTheAddress) {
  int port = 0;
  {
    auto listener = ListenAnywhere();
    port = PortOf(*listener);
  }
  auto conn = DialTcp(Context::Background(), "127.0.0.1", port);
  ASSERT_FALSE(conn.ok());
  EXPECT_TRUE(IsUnreachable(conn.error()));
  EXPECT_EQ(conn.error().message,
            "connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
}

// A listener whose queue is full: the kernel leaves further connections unanswered.
struct FullListener {
  FullListener() {
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd, 0), 0);
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
    filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(filler, reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  ~FullListener() {
    close(filler);
    close(fd);
  }
  int fd;
  int filler;
  int port;
};

XEBEC_TEST(Tcp, DialGivesUpAtItsContextsDeadline) {
  FullListener full;
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 30ms);
  auto conn = DialTcp(ctx, "127.0.0.1", full.port);
  ASSERT_FALSE(conn.ok());
  EXPECT_TRUE(IsDeadlineExceeded(conn.error())) << conn.error().ToString();
}

XEBEC_TEST(Tcp, DialGivesUpWhenItsContextIsCancelled) {
  FullListener full;
  auto [ctx, cancel] = Context::WithCancel(Context::Background());
  WaitGroup dial;
  dial.Go([&, ctx = ctx] {
    auto conn = DialTcp(ctx, "127.0.0.1", full.port);
    ASSERT_FALSE(conn.ok());
    EXPECT_TRUE(IsCanceled(conn.error())) << conn.error().ToString();
  });
  runtime::testing::WaitUntilAllBlocked();
  cancel();
  dial.Wait();
}

XEBEC_TEST(Tcp, NamesAreLookedUp) {
  auto listener = ListenAnywhere();
  auto conn = DialTcp(Context::Background(), "localhost", PortOf(*listener));
  EXPECT_TRUE(conn.ok()) << conn.error().ToString();
}

XEBEC_TEST(Tcp, AnUnknownNameIsToldInOneLine) {
  auto conn = DialTcp(Context::Background(), "no-such-host.invalid", 80);
  ASSERT_FALSE(conn.ok());
  EXPECT_TRUE(IsUnreachable(conn.error()));
  EXPECT_TRUE(conn.error().message.starts_with("look up no-such-host.invalid: "));
}

XEBEC_TEST(Tcp, APortInUseSaysWhatToDo) {
  auto listener = ListenAnywhere();
  auto second = Listener::Listen(listener->Addr());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message, "listen on " + listener->Addr() +
                                        ": bind: address already in use (choose another port, or "
                                        "0 for any)");
}

XEBEC_TEST(Tcp, UnixSocketsWorkTheSameWay) {
  std::string path = ::testing::TempDir() + "xebec-" + std::to_string(getpid()) + ".sock";
  auto listener = Listener::Listen("unix:" + path);
  ASSERT_TRUE(listener.ok()) << listener.error().ToString();
  testing::HalfCloseStillReads([&] {
    Ends ends;
    ends.a = std::move(*DialUnix(Context::Background(), path));
    ends.b = std::move(*(*listener)->Accept());
    return ends;
  });
  (*listener)->Close();
  EXPECT_NE(access(path.c_str(), F_OK), 0);  // removed with its listener
}

}  // namespace
}  // namespace xebec::runtime::net
