#include <errno.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "runtime/net/conn.h"
#include "runtime/net/internal/address.h"
#include "runtime/net/internal/fd_conn.h"
#include "runtime/net/internal/sys.h"
#include "runtime/sched/time.h"
#include "runtime/sim.h"

namespace xebec::runtime::net {
namespace {

using internal::ErrnoText;
using internal::FdConn;
using internal::FormatAddress;
using internal::PollFd;
using internal::SockAddr;

constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

Result<void> RefuseInSimulation() {
  if (!sim::Active()) return {};
  return Error::InvalidInput(
      "sockets do not run in virtual time: use net::Pipe or PipeDialer in a simulation");
}

std::string NameOf(int fd, bool peer) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (internal::SysGetName(fd, peer, &address, &size) != 0) return "unknown";
  return FormatAddress(address, size);
}

class FdListener final : public Listener {
 public:
  FdListener(std::shared_ptr<PollFd> fd, std::string address, std::string unix_path)
      : fd_(std::move(fd)), address_(std::move(address)), unix_path_(std::move(unix_path)) {}
  ~FdListener() override { Close(); }

  Result<std::unique_ptr<Conn>> Accept() override;
  void Close() override {
    fd_->Close();
    if (!unix_path_.empty()) internal::SysUnlinkSocket(unix_path_.c_str());
  }
  std::string Addr() const override { return address_; }

 private:
  // Accept's loop; the fd is entered. A positive fd, or 0 once closed, or -errno.
  int AcceptFd(sockaddr_storage* peer, socklen_t* size);

  const std::shared_ptr<PollFd> fd_;
  const std::string address_;
  const std::string unix_path_;
  Mutex accept_mu_;  // held by the one fiber in Accept
};

int FdListener::AcceptFd(sockaddr_storage* peer, socklen_t* size) {
  constexpr int64_t kFirstPause = 5'000'000;
  constexpr int64_t kLongestPause = 1'000'000'000;
  int64_t pause = kFirstPause;
  PollDesc& desc = fd_->desc();
  PollDesc::Status status = desc.Reset(PollDesc::kRead);
  while (status == PollDesc::Status::kOk) {
    *size = sizeof(*peer);
    const int fd = internal::SysAccept(fd_->fd(), peer, size);
    if (fd >= 0) return fd;
    switch (-fd) {
      case EAGAIN:
        status = desc.Wait(PollDesc::kRead);
        break;
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
      case ENETDOWN:
      case EHOSTUNREACH:
      case ENETUNREACH:
        break;  // of that one connection, which is gone
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        // Serving goes on when some connection ends. The queue holds connections already, so there
        // may be no edge to wait for: pause, but wake for Close.
        desc.SetDeadline(PollDesc::kRead, NanoTime() + pause);
        pause = std::min(pause * 2, kLongestPause);
        status = desc.Wait(PollDesc::kRead);
        if (status == PollDesc::Status::kTimeout) status = PollDesc::Status::kOk;
        desc.SetDeadline(PollDesc::kRead, 0);
        break;
      default:
        return fd;
    }
  }
  return -EBADF;
}

Result<std::unique_ptr<Conn>> FdListener::Accept() {
  std::lock_guard lock(accept_mu_);
  const auto closed = [&] {
    return Error::Canceled(fmt::format("accept on {}: the listener is closed", address_));
  };
  if (!fd_->Enter()) return closed();
  sockaddr_storage peer{};
  socklen_t size = 0;
  const int fd = AcceptFd(&peer, &size);
  fd_->Leave();
  if (fd == -EBADF) return closed();
  if (fd < 0) {
    return Error::Unreachable(fmt::format("accept on {}: {}", address_, ErrnoText(fd)));
  }
  if (peer.ss_family != AF_UNIX) internal::TuneTcp(fd);
  std::string local = NameOf(fd, /*peer=*/false);
  XEBEC_ASSIGN_OR_RETURN(auto poll_fd, PollFd::Open(fd));
  return std::unique_ptr<Conn>(
      std::make_unique<FdConn>(std::move(poll_fd), std::move(local), FormatAddress(peer, size)));
}

Result<std::unique_ptr<Listener>> ListenOn(const SockAddr& address, std::string_view text,
                                           std::string unix_path) {
  const auto failed = [&](std::string_view what, long error) {
    std::string_view advice = error == -EADDRINUSE      ? " (choose another port, or 0 for any)"
                              : error == -EACCES        ? " (ports below 1024 need privileges)"
                              : error == -EADDRNOTAVAIL ? " (this machine has no such address)"
                                                        : "";
    return Error::InvalidInput(
        fmt::format("listen on {}: {}: {}{}", text, what, ErrnoText(error), advice));
  };
  const int fd = internal::SysSocket(address.storage.ss_family);
  if (fd < 0) return failed("socket", fd);
  if (unix_path.empty()) internal::SysSetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  int error = internal::SysBind(fd, address.get(), address.size);
  if (error == 0) error = internal::SysListen(fd, kBacklog);
  if (error != 0) {
    internal::SysClose(fd);
    return failed("bind", error);
  }
  std::string bound = unix_path.empty() ? NameOf(fd, /*peer=*/false) : "unix:" + unix_path;
  XEBEC_ASSIGN_OR_RETURN(auto poll_fd, PollFd::Open(fd));
  return std::unique_ptr<Listener>(
      std::make_unique<FdListener>(std::move(poll_fd), std::move(bound), std::move(unix_path)));
}

// Ends the wait for a connection when its context ends.
struct Interrupt : xebec::internal::CancelNode {
  PollDesc* desc = nullptr;
  static void Run(CancelNode* self) {
    static_cast<Interrupt*>(self)->desc->SetDeadline(PollDesc::kWrite, 1);
  }
};

// Waits until the connect under way on `fd` is done; 0 or an errno, -1 for the deadline.
int AwaitConnect(PollFd& poll_fd, int64_t deadline) {
  PollDesc& desc = poll_fd.desc();
  desc.SetDeadline(PollDesc::kWrite, deadline);
  for (;;) {
    // No Reset: the edge may have come between connect and the registration, which reports it.
    switch (desc.Wait(PollDesc::kWrite)) {
      case PollDesc::Status::kTimeout:
        return -1;
      case PollDesc::Status::kClosing:
        return ECANCELED;
      case PollDesc::Status::kOk:
        break;
    }
    const int error = internal::SysGetError(poll_fd.fd());
    if (error == EINPROGRESS || error == EALREADY || error == EINTR) continue;
    if (error != 0) return error;
    sockaddr_storage peer;
    socklen_t size;
    // An edge may be spurious: connected is what has a peer.
    if (internal::SysGetName(poll_fd.fd(), /*peer=*/true, &peer, &size) == 0) return 0;
  }
}

Result<std::unique_ptr<Conn>> DialAddress(const Context& ctx, const SockAddr& address) {
  const std::string remote = FormatAddress(address.storage, address.size);
  const auto failed = [&](long error) {
    return Error::Unreachable(fmt::format("connect to {}: {}", remote, ErrnoText(error)));
  };
  const int fd = internal::SysSocket(address.storage.ss_family);
  if (fd < 0) return failed(fd);
  const int started = internal::SysConnect(fd, address.get(), address.size);
  if (started != 0 && started != -EINPROGRESS && started != -EINTR) {
    internal::SysClose(fd);
    return failed(started);
  }
  XEBEC_ASSIGN_OR_RETURN(std::shared_ptr<PollFd> poll_fd, PollFd::Open(fd));
  if (started != 0) {
    Interrupt interrupt;
    interrupt.fn = &Interrupt::Run;
    interrupt.desc = &poll_fd->desc();
    if (!ctx.Register(&interrupt)) return std::move(*ctx.Err()).Wrap("connect to " + remote);
    const int error = AwaitConnect(*poll_fd, ctx.Deadline().value_or(0));
    ctx.Unregister(&interrupt);
    if (auto done = ctx.Err()) return std::move(*done).Wrap("connect to " + remote);
    if (error == -1) {
      return Error::DeadlineExceeded(fmt::format("connect to {}: no answer in time", remote));
    }
    if (error != 0) return failed(error);
    poll_fd->desc().SetDeadline(PollDesc::kWrite, 0);
  }
  if (address.storage.ss_family != AF_UNIX) internal::TuneTcp(fd);
  return std::unique_ptr<Conn>(
      std::make_unique<FdConn>(std::move(poll_fd), NameOf(fd, /*peer=*/false), remote));
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Listen(std::string_view address) {
  XEBEC_TRY(RefuseInSimulation());
  if (address.starts_with("unix:")) {
    std::string path(address.substr(5));
    XEBEC_ASSIGN_OR_RETURN(SockAddr un, internal::UnixAddress(path));
    return ListenOn(un, address, std::move(path));
  }
  XEBEC_ASSIGN_OR_RETURN(internal::HostPort host_port, internal::SplitHostPort(address));
  XEBEC_ASSIGN_OR_RETURN(auto addresses, internal::Resolve(Context::Background(), host_port.host,
                                                           host_port.port, /*passive=*/true));
  return ListenOn(addresses.front(), address, "");
}

Result<std::unique_ptr<Conn>> DialTcp(const Context& ctx, const std::string& host, int port) {
  XEBEC_TRY(RefuseInSimulation());
  if (port < 1 || port > 65535) {
    return Error::InvalidInput(fmt::format("port {} is not between 1 and 65535", port));
  }
  XEBEC_ASSIGN_OR_RETURN(auto addresses, internal::Resolve(ctx, host, port, /*passive=*/false));
  std::optional<Error> first;
  for (const SockAddr& address : addresses) {
    auto conn = DialAddress(ctx, address);
    if (conn.ok()) return conn;
    if (!first) first = std::move(conn).error();
    if (ctx.Err()) break;
  }
  return std::move(*first);
}

Result<std::unique_ptr<Conn>> DialUnix(const Context& ctx, const std::string& path) {
  XEBEC_TRY(RefuseInSimulation());
  XEBEC_ASSIGN_OR_RETURN(SockAddr address, internal::UnixAddress(path));
  return DialAddress(ctx, address);
}

}  // namespace xebec::runtime::net
