// HTTP messages and the HTTP server. The client's side is in transport.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/context.h"
#include "runtime/net/conn.h"
#include "runtime/net/tls.h"
#include "runtime/result.h"

namespace xebec::runtime::http {

// Header fields in order; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // The first value of `name`, "" if there is none.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  // Replaces all values of `name` by one.
  void Set(std::string_view name, std::string value);
  void Add(std::string name, std::string value);
  void Remove(std::string_view name);

  bool empty() const { return fields_.empty(); }
  size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// A request: a server's handler receives one, a client fills one in.
struct Request {
  std::string method = "GET";
  // Decoded: the transport percent-encodes what has to be.
  std::string path = "/";
  // Raw: what stands after '?', percent-encoded.
  std::string query;
  Headers headers;
  std::string body;
  // Server: cancelled when the client goes away or the server stops. Unused by clients.
  Context ctx = Context::Background();
  std::string remote_addr;
  // Server: TlsPeerSubject of the connection.
  std::string tls_subject;

  // The decoded value of the first `key` in the query, "" if there is none.
  std::string Query(std::string_view key) const;
  bool HasQuery(std::string_view key) const;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
};

// Percent-encodes all but RFC 3986's unreserved characters: for query keys and values.
std::string EscapeQuery(std::string_view text);
// Adds "key=value" to a raw query.
void AddQuery(std::string& query, std::string_view key, std::string_view value);

// "Not Found" for 404; "" for a status nobody knows.
std::string_view StatusText(int status);

// How a handler answers. What it writes is kept until the handler returns, then sent with a
// Content-Length; the first Flush, or more than 64 KiB written, sends the header at once and
// the rest in chunks. Used by the handler's fiber only.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Fields to send; changes after the header was sent have no effect.
  virtual Headers& headers() = 0;
  // Sets the status; 200 if it is never called. Only the first call counts.
  virtual void WriteHeader(int status) = 0;
  // Appends to the body. Blocks when the client is slow. Fails once the client is gone.
  virtual Result<void> Write(std::string_view data) = 0;
  // Sends everything written so far. Blocks when the client is slow.
  virtual Result<void> Flush() = 0;
  // WriteHeader or Write was called.
  virtual bool wrote_header() const = 0;
  // Cuts the connection without an answer, or in the middle of it: for tests of clients. What was
  // flushed before arrives; nothing else does.
  virtual void Abort() = 0;
};

// Runs in the connection's fiber. A panic or exception in it becomes a plain 500 and a log line;
// if part of the answer was sent already, the connection is cut so that the client sees it.
using Handler = std::function<void(Request&, ResponseWriter&)>;

struct ServerOptions {
  size_t max_header_bytes = 64 << 10;  // request line and header fields; more is a 431
  size_t max_body_bytes = 64 << 20;    // more is a 413
  size_t max_connections = 10'000;     // further ones are answered 503 and closed
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(120);  // between requests
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(60);
  // Each single write to a client must get on within this time.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(60);
  std::optional<net::TlsConfig> tls;  // serve HTTPS (Start, ListenAndServe and Serve)
};

// An HTTP/1.1 server on cpp-httplib: one fiber for each connection, keep-alive without polling.
//
//   http::Server server;
//   server.HandleFunc("/healthz", [](http::Request&, http::ResponseWriter& w) { w.Write("ok"); });
//   XEBEC_TRY(server.ListenAndServe("127.0.0.1:8080"));
//
// All functions are safe to call from any fiber; handlers must be set before serving starts.
class Server {
 public:
  using Options = ServerOptions;

  explicit Server(Options options = {});
  // Close(), then waits until no handler runs.
  ~Server();

  // Serves `pattern`: "/healthz" matches that path alone, "/debug/" all that starts with it. The
  // longest match wins. Setting a pattern twice is a Panic.
  void HandleFunc(std::string pattern, Handler handler);
  // Takes every request that no pattern matches.
  void SetHandler(Handler handler);

  // Serves until Shutdown or Close. Blocks. Errors: the address cannot be bound.
  Result<void> ListenAndServe(std::string_view address);
  // Binds, serves in fibers of its own, and returns the bound address.
  Result<std::string> Start(std::string_view address);
  // Serves an own listener until Shutdown or Close. Blocks.
  Result<void> Serve(std::unique_ptr<net::Listener> listener);
  // Serves one connection until it ends. Blocks.
  void ServeConn(std::unique_ptr<net::Conn> conn);

  // Stops accepting, closes idle connections and cancels the contexts of running requests;
  // waits until these have answered, or `ctx` is done (then closes them and returns its error).
  Result<void> Shutdown(const Context& ctx);
  // Closes all connections at once. Never blocks.
  void Close();

  // Open connections now.
  size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xebec::runtime::http
