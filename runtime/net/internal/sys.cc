#include "runtime/net/internal/sys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xebec::runtime::net::internal {

#define XEBEC_SYS [[gnu::noinline]]

XEBEC_SYS long SysRecv(int fd, char* buffer, size_t size, int flags) {
  for (;;) {
    const ssize_t n = recv(fd, buffer, size, flags);
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

XEBEC_SYS long SysSend(int fd, const char* data, size_t size) {
  for (;;) {
    const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n >= 0) return n;
    if (errno != EINTR) return -errno;
  }
}

XEBEC_SYS int SysSocket(int family) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd >= 0 ? fd : -errno;
}

XEBEC_SYS int SysAccept(int fd, sockaddr_storage* peer, socklen_t* size) {
  const int conn =
      accept4(fd, reinterpret_cast<sockaddr*>(peer), size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return conn >= 0 ? conn : -errno;
}

XEBEC_SYS int SysConnect(int fd, const sockaddr* address, socklen_t size) {
  // Not repeated after EINTR: the attempt goes on by itself (EINPROGRESS).
  return connect(fd, address, size) == 0 ? 0 : -errno;
}

XEBEC_SYS int SysBind(int fd, const sockaddr* address, socklen_t size) {
  return bind(fd, address, size) == 0 ? 0 : -errno;
}

XEBEC_SYS int SysListen(int fd, int backlog) { return listen(fd, backlog) == 0 ? 0 : -errno; }

XEBEC_SYS int SysShutdownWrite(int fd) { return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno; }

XEBEC_SYS int SysSetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

XEBEC_SYS int SysGetError(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

XEBEC_SYS int SysGetName(int fd, bool peer, sockaddr_storage* address, socklen_t* size) {
  *size = sizeof(*address);
  auto* out = reinterpret_cast<sockaddr*>(address);
  const int result = peer ? getpeername(fd, out, size) : getsockname(fd, out, size);
  return result == 0 ? 0 : -errno;
}

XEBEC_SYS void SysClose(int fd) { close(fd); }

XEBEC_SYS int SysUnlinkSocket(const char* path) {
  struct stat info;
  if (lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) return -ENOENT;
  return unlink(path) == 0 ? 0 : -errno;
}

XEBEC_SYS std::string ErrnoText(long error) {
  char buffer[128];
  std::string text =
      strerror_r(static_cast<int>(error < 0 ? -error : error), buffer, sizeof(buffer));
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] += 32;
  return text;
}

}  // namespace xebec::runtime::net::internal
