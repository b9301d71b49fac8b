// cpp-httplib's server, without its sockets and threads. Included by http_server.cc only: the one
// header of the room that knows httplib.h.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "runtime/net/http.h"
#include "runtime/net/internal/buffered_conn.h"
#include "runtime/result.h"

namespace xebec::runtime::http::internal {

// A connection as cpp-httplib reads and writes it. Used by the connection's fiber.
//
// cpp-httplib 0.11 reads the request's header byte by byte, into a line that may grow without a
// bound, and tells a failed read only by -1: the bound and the reason are kept here.
class EngineStream final : public httplib::Stream {
 public:
  explicit EngineStream(BufferedConn& conn) : conn_(conn) {}

  // A request begins: its header may have `max_header_bytes`.
  void BeginRequest(size_t max_header_bytes) {
    header_left_ = max_header_bytes;
    header_too_large_ = false;
    dropping_ = false;
    error_.reset();
  }
  // Everything cpp-httplib writes from here on is dropped: the answer was streamed already, or the
  // connection is to be cut.
  void DropWrites() { dropping_ = true; }

  bool header_too_large() const { return header_too_large_; }
  const std::optional<Error>& error() const { return error_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  BufferedConn& conn_;
  size_t header_left_ = 0;
  bool header_too_large_ = false;
  bool dropping_ = false;
  std::optional<Error> error_;
};

// What the engine calls with each request whose header was read.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual void Handle(const httplib::Request& request, httplib::Response& response) = 0;
};

// Parses requests and writes unstreamed answers; one for a whole server. The handler of a request
// is called in the pre-routing handler: cpp-httplib's own routing would match regular expressions,
// on a fiber's stack, for each request.
class Engine final : public httplib::Server {
 public:
  Engine();

  // Reads one request and answers it through `handler`. False if the connection is to be closed;
  // `*handled` tells whether the handler was called.
  bool Process(EngineStream& stream, RequestHandler& handler, bool close, bool* handled);
};

// The fields of a request that its client sent.
Headers FromEngine(const httplib::Headers& headers);

}  // namespace xebec::runtime::http::internal
