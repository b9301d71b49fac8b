#include <fmt/format.h>
#include <httplib.h>

#include <optional>
#include <string>
#include <string_view>

#include "runtime/net/internal/client_conn.h"
#include "runtime/net/internal/text.h"

namespace xebec::runtime::http::internal {
namespace {

constexpr size_t kMaxStatusLine = 4 << 10;
constexpr int kMaxInterimAnswers = 16;

// A connection as cpp-httplib's client reads and writes it.
//
// The status line is read here and handed on in a short form: cpp-httplib matches it against a
// regular expression, whose recursion on a long line would overflow a fiber's stack. Interim
// answers (100, 103) are skipped. The header's bytes are counted: cpp-httplib would take any
// number.
class ClientStream final : public httplib::Stream {
 public:
  ClientStream(BufferedConn& conn, size_t max_header_bytes)
      : conn_(conn), header_left_(max_header_bytes) {}

  const std::optional<Error>& error() const { return error_; }
  bool http10() const { return http10_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  socket_t socket() const override { return INVALID_SOCKET; }

  ssize_t read(char* data, size_t size) override {
    if (!status_read_) {
      auto line = ReadStatus();
      if (!line.ok()) return Fail(std::move(line).error());
      pending_ = std::move(*line);
      status_read_ = true;
    }
    if (pending_at_ < pending_.size()) {
      const size_t n = std::min(size, pending_.size() - pending_at_);
      pending_.copy(data, n, pending_at_);
      pending_at_ += n;
      return static_cast<ssize_t>(n);
    }
    if (header_left_ < size) return Fail(Error::Unreachable("the answer's header is too large"));
    header_left_ -= size;
    if (size == 1 && conn_.PopByte(data)) return 1;
    auto n = conn_.Read({data, size});
    if (!n.ok()) return Fail(std::move(n).error());
    if (*n == 0) return Fail(Error::Unreachable("the connection was cut in the answer's header"));
    return static_cast<ssize_t>(*n);
  }

  ssize_t write(const char* data, size_t size) override {
    auto written = conn_.Write({data, size});
    if (!written.ok()) return Fail(std::move(written).error());
    return static_cast<ssize_t>(size);
  }

 private:
  ssize_t Fail(Error error) {
    if (!error_) error_ = std::move(error);
    return -1;
  }

  Result<std::string> ReadStatus() {
    for (int i = 0; i < kMaxInterimAnswers; ++i) {
      XEBEC_ASSIGN_OR_RETURN(const bool more, conn_.Fill());
      if (!more) return Error::Unreachable("the server closed the connection without an answer");
      XEBEC_ASSIGN_OR_RETURN(const std::string line, ReadLine());
      // "HTTP/1.1 200", and a reason that nobody needs.
      const bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
      const auto digit = [&](size_t at) { return line[at] >= '0' && line[at] <= '9'; };
      if (!version || line.size() < 12 || !digit(9) || !digit(10) || !digit(11) ||
          (line.size() > 12 && line[12] != ' ')) {
        return Error::Unreachable("the answer is no HTTP/1.1: is this the right port?");
      }
      http10_ = line[7] == '0';
      const std::string_view status = std::string_view(line).substr(9, 3);
      if (status[0] != '1' || status == "101") {
        return fmt::format("HTTP/1.1 {} -\r\n", status);
      }
      for (;;) {
        XEBEC_ASSIGN_OR_RETURN(const std::string field, ReadLine());
        if (field.empty()) break;
      }
    }
    return Error::Unreachable("the server sends interim answers without an end");
  }

  Result<std::string> ReadLine() {
    auto line = conn_.ReadLine(std::min(kMaxStatusLine, header_left_));
    if (line.ok()) {
      header_left_ -= std::min(header_left_, line->size() + 2);
    } else if (IsInvalidInput(line.error())) {
      return Error::Unreachable("the answer is no HTTP/1.1: is this the right port?");
    }
    return line;
  }

  BufferedConn& conn_;
  size_t header_left_;
  bool status_read_ = false;
  bool http10_ = false;
  std::string pending_;
  size_t pending_at_ = 0;
  std::optional<Error> error_;
};

// cpp-httplib's client, without its socket and past its locks: nothing in it changes with a
// request, so one serves all connections.
class ClientEngine final : public httplib::ClientImpl {
 public:
  ClientEngine() : ClientImpl("localhost") {
    set_url_encode(false);  // the request's path is encoded already
    set_decompress(false);
  }
  bool Process(ClientStream& stream, httplib::Request& request, httplib::Response& response) {
    httplib::Error error = httplib::Error::Success;
    return process_request(stream, request, response, /*close_connection=*/false, error);
  }
};

ClientEngine& Engine() {
  static ClientEngine* const engine = new ClientEngine();
  return *engine;
}

std::string Target(const Request& request) {
  std::string target = EscapePath(request.path);
  if (target.empty() || target[0] != '/') target.insert(0, "/");
  if (!request.query.empty()) target += "?" + request.query;
  return target;
}

}  // namespace

Result<void> CheckSendable(const Request& request) {
  const auto bad = [](std::string_view what, std::string_view value) {
    return Error::InvalidInput(fmt::format("{} {:?} cannot be sent in a request", what, value));
  };
  if (!IsToken(request.method)) return bad("the method", request.method);
  for (const char c : request.query) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '#' || c == 127) {
      return bad("the query", request.query);
    }
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name)) return bad("the header field name", name);
    // The value may be a credential: it is not shown.
    if (!IsFieldValue(value)) {
      return Error::InvalidInput(
          fmt::format("the value of header field {} holds a line end or NUL byte", name));
    }
  }
  return {};
}

Result<ClientConn::Head> ClientConn::Send(const Request& request, const ClientDefaults& defaults) {
  io_.ResetCounters();
  body_.reset();
  keep_alive_ = false;

  httplib::Request out;
  out.method = request.method;
  out.path = Target(request);
  for (const auto& [name, value] : request.headers) {
    if (EqualsIgnoringCase(name, "Content-Length") ||
        EqualsIgnoringCase(name, "Transfer-Encoding")) {
      continue;  // told by the body
    }
    out.headers.emplace(name, value);
  }
  if (!out.has_header("Host")) out.headers.emplace("Host", defaults.host);
  if (!out.has_header("User-Agent")) out.headers.emplace("User-Agent", defaults.user_agent);
  out.body = request.body;
  bool has_body = false;
  out.response_handler = [&](const httplib::Response&) {
    has_body = true;
    return false;  // the body is read by ReadBody
  };

  httplib::Response in;
  ClientStream stream(io_, defaults.max_header_bytes);
  const bool whole = Engine().Process(stream, out, in);
  if (!whole && !has_body) {
    if (stream.error()) return *stream.error();
    return Error::Unreachable("the answer's header is malformed");
  }

  Head head;
  head.status = in.status;
  for (const auto& [name, value] : in.headers) head.headers.Add(name, value);
  BodyFraming framing;
  if (request.method != "HEAD" && head.status != 204 && head.status != 304) {
    auto told = FramingOf(head.headers);
    if (!told.ok()) {
      return Error::Unreachable(fmt::format("the answer has {}", told.error().message));
    }
    framing = *told;
    if (framing.kind == BodyFraming::kNone) framing.kind = BodyFraming::kUntilClose;
  }
  body_.emplace(io_, framing);
  keep_alive_ = framing.kind != BodyFraming::kUntilClose && !stream.http10() &&
                head.status != 101 && !HasToken(head.headers.Get("Connection"), "close");
  return head;
}

Result<size_t> ClientConn::ReadBody(std::span<char> buffer) {
  auto n = body_->Read(buffer);
  if (n.ok() || !IsInvalidInput(n.error())) return n;
  return Error::Unreachable(fmt::format("the answer's body is malformed: {}", n.error().message));
}

bool ClientConn::reusable() const {
  return keep_alive_ && body_ && body_->complete() && io_.buffered() == 0;
}

}  // namespace xebec::runtime::http::internal
