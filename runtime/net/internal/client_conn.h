// One connection of an HTTP client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/net/http.h"
#include "runtime/net/internal/body_decoder.h"
#include "runtime/net/internal/buffered_conn.h"
#include "runtime/result.h"

namespace xebec::runtime::http::internal {

// What stands in every request of a transport.
struct ClientDefaults {
  std::string host;
  std::string user_agent;
  size_t max_header_bytes = 0;
};

// InvalidInput if `request` cannot be sent as it is: a method, field name or value that would
// break the message apart.
Result<void> CheckSendable(const Request& request);

// A connection with one request at a time on it. cpp-httplib writes the request and reads the
// answer's header; the body is read here (see BodyDecoder), piece by piece as the caller asks.
class ClientConn {
 public:
  explicit ClientConn(std::unique_ptr<net::Conn> conn) : conn_(std::move(conn)), io_(*conn_) {}

  struct Head {
    int status = 0;
    Headers headers;
  };
  // Sends `request` and reads the answer's header. Blocks. Unreachable if the connection fails or
  // what comes is no HTTP answer; else what the connection says (DeadlineExceeded, Canceled).
  Result<Head> Send(const Request& request, const ClientDefaults& defaults);
  // A piece of the body; 0 once it is complete.
  Result<size_t> ReadBody(std::span<char> buffer);

  // The answer was read to its end and the connection may take another request.
  bool reusable() const;
  // Bytes of the present request were given to the connection, of its answer received.
  bool sent_any() const { return io_.sent_any(); }
  bool received_any() const { return io_.bytes_received() > 0; }

  net::Conn& conn() { return *conn_; }

  int64_t idle_since = 0;  // the pool's
  bool reused = false;     // the pool's

 private:
  const std::unique_ptr<net::Conn> conn_;
  BufferedConn io_;
  std::optional<BodyDecoder> body_;
  bool keep_alive_ = false;
};

}  // namespace xebec::runtime::http::internal
