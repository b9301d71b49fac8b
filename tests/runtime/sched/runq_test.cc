// The local run queue by itself, on one thread: no fiber of these ever runs.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "runtime/sched/internal/proc.h"

namespace xebec::runtime::internal {
namespace {

class RunQueue : public ::testing::Test {
 protected:
  RunQueue() : gs_(1000) {
    p_.id = 0;
    thief_.id = 1;
    saved_procs_ = sched.procs.load();
    sched.procs.store(2);
  }
  ~RunQueue() override {
    while (sched.global_queue.PopFront() != nullptr) {
    }
    sched.global_size.store(0);
    sched.procs.store(saved_procs_);
  }
  G* Get(P* p) {
    bool inherit = false;
    return RunqGet(p, &inherit);
  }
  G* g(int i) { return &gs_[static_cast<size_t>(i)]; }

  std::vector<G> gs_;
  P p_;
  P thief_;
  int saved_procs_ = 0;
};

TEST_F(RunQueue, RunsInOrder) {
  for (int i = 0; i < 256; ++i) RunqPut(&p_, g(i), false);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(Get(&p_), g(i));
  EXPECT_EQ(Get(&p_), nullptr);
  EXPECT_TRUE(RunqEmpty(&p_));
}

TEST_F(RunQueue, RunNextComesFirstAndInheritsTheTimeSlice) {
  RunqPut(&p_, g(0), false);
  RunqPut(&p_, g(1), true);
  RunqPut(&p_, g(2), true);  // kicks g(1) to the tail
  bool inherit = false;
  EXPECT_EQ(RunqGet(&p_, &inherit), g(2));
  EXPECT_TRUE(inherit);
  EXPECT_EQ(RunqGet(&p_, &inherit), g(0));
  EXPECT_FALSE(inherit);
  EXPECT_EQ(RunqGet(&p_, &inherit), g(1));
}

TEST_F(RunQueue, ASliceThatIsOverSendsRunNextBehindTheOthers) {
  RunqPut(&p_, g(1), true);
  RunqDemoteNext(&p_);  // nobody else waits: it stays
  EXPECT_EQ(p_.run_next.load(), g(1));
  RunqPut(&p_, g(0), false);
  RunqDemoteNext(&p_);
  EXPECT_EQ(Get(&p_), g(0));
  EXPECT_EQ(Get(&p_), g(1));
}

TEST_F(RunQueue, OverflowMovesHalfAndTheNewOneToTheGlobalQueue) {
  for (int i = 0; i < 257; ++i) RunqPut(&p_, g(i), false);
  EXPECT_EQ(sched.global_queue.size(), 129);
  for (int i = 0; i < 128; ++i) EXPECT_EQ(sched.global_queue.PopFront(), g(i));
  EXPECT_EQ(sched.global_queue.PopFront(), g(256));
  for (int i = 128; i < 256; ++i) EXPECT_EQ(Get(&p_), g(i));
}

TEST_F(RunQueue, AThiefTakesHalfFromTheFront) {
  for (int i = 0; i < 9; ++i) RunqPut(&p_, g(i), false);
  EXPECT_EQ(RunqSteal(&thief_, &p_, false), g(4));  // the last of the five stolen runs at once
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Get(&thief_), g(i));
  for (int i = 5; i < 9; ++i) EXPECT_EQ(Get(&p_), g(i));
}

TEST_F(RunQueue, RunNextIsStolenInTheLastPassOnly) {
  RunqPut(&p_, g(0), true);
  EXPECT_EQ(RunqSteal(&thief_, &p_, false), nullptr);
  EXPECT_EQ(RunqSteal(&thief_, &p_, true), g(0));
  EXPECT_TRUE(RunqEmpty(&p_));
}

TEST_F(RunQueue, GlobalGetTakesAFairShare) {
  for (int i = 0; i < 100; ++i) GlobalPut(g(i));
  EXPECT_EQ(GlobalGet(&p_, 128), g(0));  // 100 / 2 Ps + 1: fifty more into the local queue
  EXPECT_EQ(sched.global_queue.size(), 49);
  for (int i = 1; i <= 50; ++i) EXPECT_EQ(Get(&p_), g(i));
}

TEST_F(RunQueue, IndicesWrapAround) {
  p_.queue_head.store(0xffffff80u);
  p_.queue_tail.store(0xffffff80u);
  for (int i = 0; i < 256; ++i) RunqPut(&p_, g(i), false);
  EXPECT_EQ(RunqSteal(&thief_, &p_, false), g(127));
  for (int i = 128; i < 256; ++i) EXPECT_EQ(Get(&p_), g(i));
}

}  // namespace
}  // namespace xebec::runtime::internal
