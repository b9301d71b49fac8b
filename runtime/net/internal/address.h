// Addresses of sockets: their text, and looking names up.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::runtime::net::internal {

struct SockAddr {
  sockaddr_storage storage;
  socklen_t size;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

struct HostPort {
  std::string host;  // without brackets
  int port = 0;
};
// Splits "host:port" and "[v6]:port"; InvalidInput with the offending text.
Result<HostPort> SplitHostPort(std::string_view address);

// The addresses of `host`, in the order to try them. A numeric address needs no look-up; a name is
// looked up by getaddrinfo off the P, 16 at once at most. `passive`: to listen on; an empty host
// is then every address. Blocks until done or `ctx` is done (the look-up itself then goes on).
Result<std::vector<SockAddr>> Resolve(const Context& ctx, const std::string& host, int port,
                                      bool passive);

// The address of a Unix socket; InvalidInput if the path is too long.
Result<SockAddr> UnixAddress(const std::string& path);

}  // namespace xebec::runtime::net::internal
