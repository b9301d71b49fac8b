// Byte-stream connections of fibers: TCP, Unix sockets and an in-memory pipe, behind one interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/context.h"
#include "runtime/result.h"

namespace xebec::runtime::net {

// A two-way stream of bytes. A fiber that has to wait here parks; its thread goes on with others.
//
// One fiber may read while another writes. Close() and the Set…Deadline() functions may be called
// by any fiber at any time. Two readers (or two writers) at once are serialised.
//
// Errors: DeadlineExceeded (a deadline passed), Canceled (this end was closed), Unreachable (the
// peer went away or the network failed).
class Conn {
 public:
  // Closes the connection. No call may be under way in another fiber.
  virtual ~Conn() = default;
  Conn(const Conn&) = delete;
  Conn& operator=(const Conn&) = delete;

  // Reads at least one byte and at most buffer.size(); 0 means that the peer will send no more.
  // Blocks.
  virtual Result<size_t> Read(std::span<char> buffer) = 0;

  // Writes all of `data` and returns its size, or fails after an unknown part of it. Blocks.
  virtual Result<size_t> Write(std::string_view data) = 0;

  // Ends the connection. Fibers that wait in Read or Write wake with a Canceled error; so do
  // later calls. Never blocks; further calls do nothing.
  virtual void Close() = 0;

  // Half-close: the peer reads the end of the stream, this end may go on reading.
  virtual void CloseWrite() = 0;

  // Makes reads (waiting ones and later ones) fail with DeadlineExceeded from `nanotime` on, in
  // the clock of runtime::NanoTime(). 0 means no deadline. A time in the past acts at once.
  virtual void SetReadDeadline(int64_t nanotime) = 0;
  virtual void SetWriteDeadline(int64_t nanotime) = 0;
  void SetDeadline(int64_t nanotime) {
    SetReadDeadline(nanotime);
    SetWriteDeadline(nanotime);
  }

  // True if nothing has arrived that was not read: no data, no end, no error. Never blocks. An idle
  // HTTP connection that is not quiet cannot be used again.
  virtual bool Quiet() = 0;

  // "127.0.0.1:8080", "[::1]:8080", "unix:/path" or "pipe".
  virtual std::string RemoteAddr() const = 0;
  virtual std::string LocalAddr() const = 0;

 protected:
  Conn() = default;
};

// A bound and listening socket.
class Listener {
 public:
  // Closes the listener. No Accept may be under way in another fiber.
  virtual ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Listens on "127.0.0.1:0" (port 0: any free one), "[::1]:8080", ":8080" (all addresses),
  // "localhost:8080" or "unix:/path". Needs a fiber; a host name is looked up off the P.
  static Result<std::unique_ptr<Listener>> Listen(std::string_view address);

  // Waits for the next connection. Keeps trying, with growing pauses of at most 1 s, while the
  // process or system has no file descriptor left. Canceled after Close().
  virtual Result<std::unique_ptr<Conn>> Accept() = 0;

  // Stops listening and wakes a waiting Accept. Never blocks; further calls do nothing.
  virtual void Close() = 0;

  // The bound address, with the real port.
  virtual std::string Addr() const = 0;

 protected:
  Listener() = default;
};

// Connects to a host name or address. Looks the name up off the P, then tries its addresses in
// order, with TCP_NODELAY, keep-alive probes and TCP_USER_TIMEOUT set on the connection.
// Blocks until connected, failed, or `ctx` is done.
Result<std::unique_ptr<Conn>> DialTcp(const Context& ctx, const std::string& host, int port);

// Connects to a Unix socket. Blocks until connected, failed, or `ctx` is done.
Result<std::unique_ptr<Conn>> DialUnix(const Context& ctx, const std::string& path);

// Two ends of an in-memory connection, 64 KiB buffered each way, with the semantics of TCP:
// half-close, deadlines, errors at the peer's Close. Uses no file descriptor, and only the
// runtime's clock: whole controllers run over it in a simulation.
std::pair<std::unique_ptr<Conn>, std::unique_ptr<Conn>> Pipe();

}  // namespace xebec::runtime::net
