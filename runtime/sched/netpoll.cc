#include "runtime/sched/netpoll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/sched/poll_desc.h"

namespace xebec::runtime {
namespace {

// The poller's own state is std::atomic: the scheduler must not switch under itself.
int g_epoll = -1;  // constant after NetpollInit
int g_event = -1;  // the same: an eventfd, level-triggered, that ends a blocking epoll_wait
std::atomic<int> g_waiters{0};

// 1 while a wake-up is under way: set by NetpollBreak before it writes to the eventfd, cleared by
// the blocking poller after it has read it. So there is at most one write for each blocking poll,
// and a Break that finds 1 may rely on that write: it has not been consumed, or its reader has not
// yet returned to the scheduler, which looks for work again after it.
std::atomic<uint32_t> g_break_pending{0};

// Publishes what PollDesc::Open wrote before the descriptor is registered: release there, acquire
// once its events are read. The kernel orders the two already; this says so in terms of the
// language, and to TSan, which does not know epoll_pwait2.
std::atomic<uint64_t> g_registered{0};

constexpr uint64_t kEventData = 0;  // no PollDesc has address 0

[[noreturn]] void Die(const char* what, int error) {
  std::fprintf(stderr, "xebec: netpoll: %s failed: %s\n", what, std::strerror(error));
  std::abort();
}

// Waits with nanoseconds where the kernel can; an errno as a negative number.
int EpollWait(epoll_event* events, int n, int64_t delay_ns) {
  static std::atomic<bool> no_pwait2{false};
  if (delay_ns > 0 && !no_pwait2.load(std::memory_order_relaxed)) {
    const timespec timeout{static_cast<time_t>(delay_ns / 1'000'000'000),
                           static_cast<long>(delay_ns % 1'000'000'000)};
    const int result = epoll_pwait2(g_epoll, events, n, &timeout, nullptr);
    if (result >= 0) return result;
    if (errno != ENOSYS && errno != EPERM) return -errno;
    no_pwait2.store(true, std::memory_order_relaxed);  // before Linux 5.11, or a seccomp filter
  }
  int millis = -1;
  if (delay_ns >= 0) {
    // Rounded up: waking before the timer is due would only spin.
    millis = static_cast<int>(std::min<int64_t>((delay_ns + 999'999) / 1'000'000, 1'000'000'000));
  }
  const int result = epoll_wait(g_epoll, events, n, millis);
  return result >= 0 ? result : -errno;
}

void DrainEvent() {
  uint64_t count;
  while (read(g_event, &count, sizeof(count)) < 0 && errno == EINTR) {
  }
  g_break_pending.store(0, std::memory_order_seq_cst);
}

}  // namespace

void NetpollInit() {
  if (g_epoll >= 0) return;
  g_epoll = epoll_create1(EPOLL_CLOEXEC);
  if (g_epoll < 0) Die("epoll_create1", errno);
  g_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (g_event < 0) Die("eventfd", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kEventData;
  if (epoll_ctl(g_epoll, EPOLL_CTL_ADD, g_event, &event) != 0) Die("epoll_ctl", errno);
}

GList Netpoll(int64_t delay_ns) {
  GList ready;
  if (g_epoll < 0) return ready;
  epoll_event events[128];
  int n;
  do {
    n = EpollWait(events, 128, delay_ns);
    // An interrupted timed wait returns, so that the caller computes the rest anew.
  } while (n == -EINTR && delay_ns < 0);
  if (n == -EINTR) return ready;
  if (n < 0) Die("epoll_wait", -n);
  if (n > 0) static_cast<void>(g_registered.load(std::memory_order_acquire));
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events[i];
    if (event.data.u64 == kEventData) {
      // A poll that does not block leaves the wake-up for the thread that does.
      if (delay_ns != 0) DrainEvent();
      continue;
    }
    uint64_t tag;
    PollDesc* desc = PollDesc::FromEpollData(event.data.u64, &tag);
    if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
      desc->OnEvent(PollDesc::kRead, tag, &ready);
    }
    if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
      desc->OnEvent(PollDesc::kWrite, tag, &ready);
    }
  }
  return ready;
}

void NetpollBreak() {
  uint32_t expected = 0;
  if (!g_break_pending.compare_exchange_strong(expected, 1, std::memory_order_seq_cst,
                                               std::memory_order_seq_cst)) {
    return;
  }
  const uint64_t one = 1;
  while (write(g_event, &one, sizeof(one)) < 0) {
    if (errno == EAGAIN) return;  // its counter is not 0: the poller wakes anyway
    if (errno != EINTR) Die("write to the eventfd", errno);
  }
}

int NetpollWaiters() { return g_waiters.load(std::memory_order_seq_cst); }

namespace internal {

int NetpollAdd(int fd, uint64_t data) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = data;
  g_registered.fetch_add(1, std::memory_order_release);
  return epoll_ctl(g_epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void NetpollRemove(int fd) {
  epoll_event event{};
  epoll_ctl(g_epoll, EPOLL_CTL_DEL, fd, &event);
}

void NetpollAdjustWaiters(int delta) { g_waiters.fetch_add(delta, std::memory_order_seq_cst); }

}  // namespace internal

}  // namespace xebec::runtime
