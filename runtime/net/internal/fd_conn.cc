#include "runtime/net/internal/fd_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cstddef>
#include <mutex>

#include "runtime/sched/fiber.h"

namespace xebec::runtime::net::internal {
namespace {

// Enter and Leave around one operation.
class Use {
 public:
  explicit Use(PollFd& fd) : fd_(fd), entered_(fd.Enter()) {}
  ~Use() {
    if (entered_) fd_.Leave();
  }
  explicit operator bool() const { return entered_; }

 private:
  PollFd& fd_;
  const bool entered_;
};

}  // namespace

Result<std::shared_ptr<PollFd>> PollFd::Open(int fd) {
  int error = 0;
  PollDesc* desc = PollDesc::Open(fd, &error);
  if (desc == nullptr) {
    SysClose(fd);
    return Error::Unreachable(fmt::format("watching a socket: {}", ErrnoText(error)));
  }
  return std::shared_ptr<PollFd>(new PollFd(fd, desc));
}

bool PollFd::Enter() {
  uint64_t old = state_.load(std::memory_order_relaxed);
  do {
    if ((old & kClosed) != 0) return false;
  } while (!state_.compare_exchange_weak(old, old + kUser, std::memory_order_acquire,  // I1
                                         std::memory_order_relaxed));
  return true;
}

void PollFd::Leave() {
  if (state_.fetch_sub(kUser, std::memory_order_acq_rel) != kUser + kClosed) return;  // I3
  desc_->Close();
  SysClose(fd_);
}

void PollFd::Close() {
  if ((state_.fetch_or(kClosed, std::memory_order_acq_rel) & kClosed) != 0) return;  // I2
  desc_->Evict();
  Leave();
}

FdConn::FdConn(std::shared_ptr<PollFd> fd, std::string local, std::string remote)
    : fd_(std::move(fd)), local_(std::move(local)), remote_(std::move(remote)) {}

Error FdConn::StatusError(std::string_view what, PollDesc::Status status) const {
  if (status == PollDesc::Status::kTimeout) {
    return Error::DeadlineExceeded(fmt::format("{} {}: the deadline has passed", what, remote_));
  }
  return Error::Canceled(fmt::format("{} {}: the connection is closed", what, remote_));
}

Error FdConn::ErrnoError(std::string_view what, long error) const {
  return Error::Unreachable(fmt::format("{} {}: {}", what, remote_, ErrnoText(error)));
}

Result<size_t> FdConn::Read(std::span<char> buffer) {
  Poll();
  std::lock_guard lock(read_mu_);
  Use use(*fd_);
  if (!use) return StatusError("read", PollDesc::Status::kClosing);
  PollDesc::Status status = fd_->desc().Reset(PollDesc::kRead);
  while (status == PollDesc::Status::kOk) {
    const long n = SysRecv(fd_->fd(), buffer.data(), buffer.size(), 0);
    if (n >= 0) return static_cast<size_t>(n);
    if (n != -EAGAIN) return ErrnoError("read", n);
    status = fd_->desc().Wait(PollDesc::kRead);
  }
  return StatusError("read", status);
}

Result<size_t> FdConn::Write(std::string_view data) {
  Poll();
  std::lock_guard lock(write_mu_);
  Use use(*fd_);
  if (!use) return StatusError("write", PollDesc::Status::kClosing);
  size_t done = 0;
  PollDesc::Status status = fd_->desc().Reset(PollDesc::kWrite);
  while (status == PollDesc::Status::kOk) {
    const long n = SysSend(fd_->fd(), data.data() + done, data.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
      if (done == data.size()) return done;
      continue;
    }
    if (n != -EAGAIN) return ErrnoError("write", n);
    status = fd_->desc().Wait(PollDesc::kWrite);
  }
  return StatusError("write", status);
}

void FdConn::CloseWrite() {
  Use use(*fd_);
  if (use) SysShutdownWrite(fd_->fd());
}

void FdConn::SetReadDeadline(int64_t nanotime) {
  Use use(*fd_);
  if (use) fd_->desc().SetDeadline(PollDesc::kRead, nanotime);
}

void FdConn::SetWriteDeadline(int64_t nanotime) {
  Use use(*fd_);
  if (use) fd_->desc().SetDeadline(PollDesc::kWrite, nanotime);
}

bool FdConn::Quiet() {
  Use use(*fd_);
  if (!use) return false;
  char byte;
  return SysRecv(fd_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -EAGAIN;
}

std::string FormatAddress(const sockaddr_storage& address, socklen_t size) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  if (address.ss_family == AF_UNIX) {
    const auto& un = reinterpret_cast<const sockaddr_un&>(address);
    if (size <= offsetof(sockaddr_un, sun_path)) return "unix:";
    return fmt::format("unix:{}", un.sun_path);
  }
  return "unknown";
}

void TuneTcp(int fd) {
  SysSetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // A peer that vanished is noticed within 15 + 3 × 15 s while idle, and within 45 s while data is
  // under way. A failure to set these changes nothing but that.
  SysSetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SysSetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  SysSetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  SysSetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SysSetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 45'000);
}

}  // namespace xebec::runtime::net::internal
