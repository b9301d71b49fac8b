#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

#include "runtime/sched/fiber.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/poll_desc.h"
#include "runtime/sched/time.h"
#include "runtime/sync/wait_group.h"
#include "runtime/testing.h"

namespace xebec::runtime {
namespace {

using Status = PollDesc::Status;

struct Desc {
  PollDesc* desc = PollDesc::OpenWithoutFd();
  bool evicted = false;
  PollDesc* operator->() const { return desc; }
  ~Desc() {
    if (!evicted) desc->Evict();
    desc->Close();
  }
};

XEBEC_SIM_TEST(Poll, AnEdgeBeforeTheWaitIsNotLost) {
  Desc desc;
  ASSERT_EQ(desc->Reset(PollDesc::kRead), Status::kOk);
  desc->Notify(PollDesc::kRead);
  EXPECT_EQ(desc->Wait(PollDesc::kRead), Status::kOk);
}

XEBEC_SIM_TEST(Poll, AnEdgeBeforeTheResetIsDropped) {
  Desc desc;
  desc->Notify(PollDesc::kRead);
  ASSERT_EQ(desc->Reset(PollDesc::kRead), Status::kOk);
  desc->SetDeadline(PollDesc::kRead, NanoTime() + 1000);
  EXPECT_EQ(desc->Wait(PollDesc::kRead), Status::kTimeout);
}

// The fiber that waits, the edge and the deadline meet in every order that the seeds find; whatever
// comes first, the fiber wakes exactly once and nothing is left behind.
XEBEC_SIM_TEST(Poll, EdgesDeadlinesAndEvictionMeetInAnyOrder) {
  Desc desc;
  desc.evicted = true;
  WaitGroup all;
  int edges_seen = 0;
  all.Go([&] {
    for (;;) {
      if (desc->Reset(PollDesc::kRead) == Status::kClosing) return;
      const Status status = desc->Wait(PollDesc::kRead);
      if (status == Status::kClosing) return;
      if (status == Status::kOk) ++edges_seen;
      if (status == Status::kTimeout) desc->SetDeadline(PollDesc::kRead, 0);
      Yield();
    }
  });
  all.Go([&] {
    for (int i = 0; i < 20; ++i) {
      desc->Notify(PollDesc::kRead);
      Yield();
    }
  });
  all.Go([&] {
    for (int i = 0; i < 20; ++i) {
      desc->SetDeadline(PollDesc::kRead, i % 3 == 0 ? 1 : NanoTime() + i * 10);
      Yield();
    }
  });
  Go([&] {
    for (int i = 0; i < 40; ++i) Yield();
    desc->Evict();
  });
  all.Wait();
  EXPECT_LE(edges_seen, 20);
}

XEBEC_SIM_TEST(Poll, DirectionsDoNotDisturbEachOther) {
  Desc desc;
  WaitGroup waiting;
  waiting.Go([&] { EXPECT_EQ(desc->Wait(PollDesc::kRead), Status::kTimeout); });
  waiting.Go([&] { EXPECT_EQ(desc->Wait(PollDesc::kWrite), Status::kOk); });
  testing::WaitUntilAllBlocked();
  desc->Notify(PollDesc::kWrite);
  desc->SetDeadline(PollDesc::kRead, 1);
  waiting.Wait();
}

XEBEC_TEST(Poll, AnEventOfAnEarlierRegistrationIsDropped) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  int error = 0;
  PollDesc* desc = PollDesc::Open(fd, &error);
  ASSERT_NE(desc, nullptr);
  const uint64_t stale = desc->EpollData();
  desc->Evict();
  desc->Close();
  PollDesc* again = PollDesc::Open(fd, &error);
  ASSERT_EQ(again, desc);  // the same memory serves again
  uint64_t tag = 0;
  EXPECT_EQ(PollDesc::FromEpollData(stale, &tag), desc);
  EXPECT_EQ(PollDesc::FromEpollData(again->EpollData(), &tag), desc);
  EXPECT_NE(stale, again->EpollData());
  ASSERT_EQ(again->Reset(PollDesc::kRead), Status::kOk);
  PollDesc::FromEpollData(stale, &tag);
  GList ready;
  again->OnEvent(PollDesc::kRead, tag, &ready);
  again->SetDeadline(PollDesc::kRead, NanoTime() + 1'000'000);
  EXPECT_EQ(again->Wait(PollDesc::kRead), Status::kTimeout);
  again->Evict();
  again->Close();
  close(fd);
}

XEBEC_TEST(Poll, AFileThatEpollRefusesIsAnError) {
  int error = 0;
  EXPECT_EQ(PollDesc::Open(1 << 20, &error), nullptr);
  EXPECT_EQ(error, EBADF);
}

XEBEC_TEST(Poll, WaitersAreCounted) {
  const int before = NetpollWaiters();
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  int error = 0;
  PollDesc* desc = PollDesc::Open(fd, &error);
  ASSERT_NE(desc, nullptr);
  WaitGroup waiting;
  waiting.Go([&] {
    ASSERT_EQ(desc->Reset(PollDesc::kRead), Status::kOk);
    EXPECT_EQ(desc->Wait(PollDesc::kRead), Status::kOk);
  });
  testing::WaitUntilAllBlocked();
  EXPECT_EQ(NetpollWaiters(), before + 1);
  const uint64_t one = 1;
  ASSERT_EQ(write(fd, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  waiting.Wait();
  EXPECT_EQ(NetpollWaiters(), before);
  desc->Evict();
  desc->Close();
  close(fd);
}

// Outside of the scheduler: nobody polls but this test.
TEST(Poll, BreakEndsABlockingPollAndIsNotRepeated) {
  NetpollInit();
  NetpollBreak();
  NetpollBreak();
  EXPECT_TRUE(Netpoll(-1).empty());         // returns at once
  EXPECT_TRUE(Netpoll(1'000'000).empty());  // waits its time out: one Break wakes once
  NetpollBreak();
  EXPECT_TRUE(Netpoll(0).empty());  // leaves the wake-up for the one that blocks
  EXPECT_TRUE(Netpoll(-1).empty());
}

}  // namespace
}  // namespace xebec::runtime
