// System calls that return -errno.
//
// A fiber may move to another thread at any park, and GCC keeps the address of errno in a register
// across calls; so errno is read only inside these functions, which are never inlined and never
// park.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <string>

namespace xebec::runtime::net::internal {

long SysRecv(int fd, char* buffer, size_t size, int flags);
long SysSend(int fd, const char* data, size_t size);
int SysSocket(int family);  // non-blocking stream socket
int SysAccept(int fd, sockaddr_storage* peer, socklen_t* size);
int SysConnect(int fd, const sockaddr* address, socklen_t size);
int SysBind(int fd, const sockaddr* address, socklen_t size);
int SysListen(int fd, int backlog);
int SysShutdownWrite(int fd);
int SysSetOption(int fd, int level, int option, int value);
int SysGetError(int fd);  // SO_ERROR, or the error of asking for it; 0 or positive
int SysGetName(int fd, bool peer, sockaddr_storage* address, socklen_t* size);
void SysClose(int fd);
int SysUnlinkSocket(const char* path);  // only if it is a socket

// "connection refused" for ECONNREFUSED (the number may be negative).
std::string ErrnoText(long error);

}  // namespace xebec::runtime::net::internal
