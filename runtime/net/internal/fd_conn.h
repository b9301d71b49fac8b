// A socket as a Conn, over the network poller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/net/conn.h"
#include "runtime/net/internal/sys.h"
#include "runtime/sched/atomic.h"
#include "runtime/sched/poll_desc.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime::net::internal {

// An fd with its poll descriptor. Close may come while others use it: the number is given back to
// the kernel only when the last of them is done, so that none of them touches a later file that
// got the same number.
//
// `state_`: bit 0 = closed, the rest counts users (2 each), of which the open fd itself is one.
// I1  A user enters only while bit 0 is clear (one CAS), so none enters after Close.
// I2  Close sets bit 0 once, wakes the waiters, then gives up the fd's own count.
// I3  Whoever brings the count to 0 closes the fd; acq_rel on the way out orders all uses before.
class PollFd {
 public:
  // Takes `fd`, which must be non-blocking, in any case.
  static Result<std::shared_ptr<PollFd>> Open(int fd);
  ~PollFd() { Close(); }

  // False once closed. Each true needs a Leave.
  bool Enter();
  void Leave();
  void Close();

  int fd() const { return fd_; }
  PollDesc& desc() { return *desc_; }

 private:
  PollFd(int fd, PollDesc* desc) : fd_(fd), desc_(desc) {}

  static constexpr uint64_t kClosed = 1;
  static constexpr uint64_t kUser = 2;
  const int fd_;
  PollDesc* const desc_;
  Atomic<uint64_t> state_{kUser};
};

class FdConn final : public Conn {
 public:
  FdConn(std::shared_ptr<PollFd> fd, std::string local, std::string remote);

  Result<size_t> Read(std::span<char> buffer) override;
  Result<size_t> Write(std::string_view data) override;
  void Close() override { fd_->Close(); }
  void CloseWrite() override;
  void SetReadDeadline(int64_t nanotime) override;
  void SetWriteDeadline(int64_t nanotime) override;
  bool Quiet() override;
  std::string RemoteAddr() const override { return remote_; }
  std::string LocalAddr() const override { return local_; }

 private:
  Error StatusError(std::string_view what, PollDesc::Status status) const;
  Error ErrnoError(std::string_view what, long error) const;

  const std::shared_ptr<PollFd> fd_;
  const std::string local_;
  const std::string remote_;
  Mutex read_mu_;   // held by the one fiber in Read
  Mutex write_mu_;  // held by the one fiber in Write
};

// "1.2.3.4:80", "[::1]:80", "unix:/path".
std::string FormatAddress(const sockaddr_storage& address, socklen_t size);
// Sets what every TCP connection gets.
void TuneTcp(int fd);

}  // namespace xebec::runtime::net::internal
