// The client's side of HTTP: one transport for each server.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "runtime/context.h"
#include "runtime/net/dialer.h"
#include "runtime/net/http.h"
#include "runtime/result.h"

namespace xebec::runtime::http {

// The body of a streamed answer, read piece by piece. Destroying it closes the stream.
// Used by one fiber at a time.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // Reads at least one byte and at most buffer.size(); 0 means that the body is complete. A
  // connection or chunk that was cut is an Unreachable error, never an end. Blocks until there
  // is data or the stream's context is done.
  virtual Result<size_t> Read(std::span<char> buffer) = 0;
};

struct StreamResponse {
  int status = 0;
  Headers headers;
  std::unique_ptr<BodyReader> body;
};

// Sends requests to one server. Thread-safe.
//
// Errors: Unreachable (no connection; the answer is cut or is no HTTP), DeadlineExceeded,
// Canceled, InvalidInput (a request that cannot be sent), and OutcomeUnknown: the connection
// failed after a request that is not idempotent (POST, PATCH) was sent, so it may have been
// carried out. A status of 400 or more is no error here.
class Transport {
 public:
  virtual ~Transport() = default;

  // Sends `request` and reads the whole answer. Every call has a deadline: that of `ctx`, or
  // TransportOptions::default_deadline if that is earlier. Blocks.
  virtual Result<Response> RoundTrip(const Context& ctx, const Request& request) = 0;

  // Sends `request` on a connection of its own and returns once the answer's header is there.
  // The default deadline holds until then; afterwards only `ctx` ends the stream. Blocks.
  virtual Result<StreamResponse> Stream(const Context& ctx, const Request& request) = 0;

  // The Host header, "127.0.0.1:6443".
  virtual std::string Host() const = 0;
};

struct TransportOptions {
  // Connections in use by RoundTrip at once; further calls wait (within their deadline).
  size_t max_conns_per_host = 100;
  // Connections kept open while no call uses them; the oldest beyond that are closed.
  size_t max_idle_conns = 32;
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(90);
  std::chrono::nanoseconds default_deadline = std::chrono::seconds(30);
  std::chrono::nanoseconds dial_timeout = std::chrono::seconds(10);
  size_t max_response_bytes = 256 << 20;  // of RoundTrip, after decompression
  size_t max_header_bytes = 256 << 10;
  std::string user_agent = "xebec";
};

// A transport over HTTP/1.1 with a pool of keep-alive connections. A pooled connection that
// turns out to be closed is replaced once, for idempotent methods only.
std::shared_ptr<Transport> MakeTransport(std::shared_ptr<net::Dialer> dialer,
                                         TransportOptions options = {});

}  // namespace xebec::runtime::http
