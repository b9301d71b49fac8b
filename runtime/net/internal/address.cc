#include "runtime/net/internal/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>

#include "runtime/sched/fiber.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/select.h"
#include "runtime/sync/semaphore.h"

namespace xebec::runtime::net::internal {
namespace {

constexpr int kMaxLookups = 16;  // each holds a thread in getaddrinfo

struct Lookup {
  int error = 0;
  std::vector<SockAddr> addresses;
};

// Blocks the thread: for Blocking only.
Lookup GetAddrInfo(const std::string& host, int port, bool passive) {
  Lookup result;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | (passive ? AI_PASSIVE : 0);
  addrinfo* list = nullptr;
  result.error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (result.error != 0) return result;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    if (info->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SockAddr address{};
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    address.size = info->ai_addrlen;
    result.addresses.push_back(address);
  }
  freeaddrinfo(list);
  return result;
}

bool ParseNumeric(const std::string& host, int port, SockAddr* out) {
  *out = SockAddr{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(out->storage);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<uint16_t>(port));
    out->size = sizeof(sockaddr_in);
    return true;
  }
  *out = SockAddr{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out->storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<uint16_t>(port));
    out->size = sizeof(sockaddr_in6);
    return true;
  }
  return false;
}

SockAddr AnyAddress(int port) {
  SockAddr any{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(any.storage);
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_ANY);
  v4.sin_port = htons(static_cast<uint16_t>(port));
  any.size = sizeof(sockaddr_in);
  return any;
}

}  // namespace

Result<HostPort> SplitHostPort(std::string_view address) {
  const auto bad = [&](std::string_view why) {
    return Error::InvalidInput(fmt::format(
        "address \"{}\" {}: write HOST:PORT, for example 127.0.0.1:8080", address, why));
  };
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  std::string_view host = address.substr(0, colon);
  const std::string_view port_text = address.substr(colon + 1);
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']') return bad("has an unclosed bracket");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("has an IPv6 address without brackets");
  }
  int port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size() || port < 0 ||
      port > 65535 || port_text.empty()) {
    return bad("has a port that is no number from 0 to 65535");
  }
  return HostPort{std::string(host), port};
}

Result<std::vector<SockAddr>> Resolve(const Context& ctx, const std::string& host, int port,
                                      bool passive) {
  if (host.empty() && passive) return std::vector<SockAddr>{AnyAddress(port)};
  if (host.empty()) return Error::InvalidInput("the host to connect to is empty");
  SockAddr numeric;
  if (ParseNumeric(host, port, &numeric)) return std::vector<SockAddr>{numeric};

  // getaddrinfo cannot be interrupted: it runs in a fiber of its own, which outlives us if `ctx` is
  // done first.
  static Semaphore* const slots = new Semaphore(kMaxLookups);
  Chan<Lookup> done(1);
  GoNamed("getaddrinfo", [done, host, port, passive]() mutable {
    slots->Acquire();
    Lookup result = Blocking([&] { return GetAddrInfo(host, port, passive); });
    slots->Release();
    done.Send(std::move(result));
  });
  std::optional<Lookup> lookup;
  Select(OnReceive(done, [&](std::optional<Lookup> value) { lookup = std::move(value); }),
         OnReceive(ctx.Done(), [](auto&&) {}));
  if (!lookup) {
    return ctx.Err().value_or(Error::Canceled("canceled")).Wrap(fmt::format("look up {}", host));
  }
  if (lookup->error != 0 || lookup->addresses.empty()) {
    return Error::Unreachable(
        fmt::format("look up {}: {}: check the host name", host,
                    lookup->error != 0 ? gai_strerror(lookup->error) : "no address"));
  }
  return std::move(lookup->addresses);
}

Result<SockAddr> UnixAddress(const std::string& path) {
  SockAddr address{};
  auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof(un.sun_path)) {
    return Error::InvalidInput(
        fmt::format("socket path \"{}\" must have 1 to {} bytes", path, sizeof(un.sun_path) - 1));
  }
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.c_str(), path.size() + 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

}  // namespace xebec::runtime::net::internal
