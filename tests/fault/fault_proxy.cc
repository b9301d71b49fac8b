#include "tests/fault/fault_proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <vector>

#include "runtime/net/http.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/timer.h"

namespace xebec::fault {

using runtime::net::Conn;
using runtime::net::Dialer;

namespace {

constexpr size_t kPiece = 4 << 10;

std::string HttpAnswer(int code, std::string_view extra, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{}", code,
      runtime::http::StatusText(code), extra, body.size(), body);
}

std::string_view ReasonOf(int code) {
  switch (code) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 410:
      return "Expired";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return "InternalError";
  }
}

// Reads one request: its header and the body that Content-Length announces. False at the end.
bool ReadRequest(Conn& conn, std::string* buffered) {
  size_t end = std::string::npos;
  std::vector<char> piece(kPiece);
  while ((end = buffered->find("\r\n\r\n")) == std::string::npos) {
    auto n = conn.Read(piece);
    if (!n.ok() || *n == 0) return false;
    buffered->append(piece.data(), *n);
  }
  size_t length = 0;
  const std::string_view header = std::string_view(*buffered).substr(0, end);
  if (const size_t at = header.find("Content-Length: "); at != std::string_view::npos) {
    std::from_chars(header.data() + at + 16, header.data() + header.size(), length);
  }
  const size_t total = end + 4 + length;
  while (buffered->size() < total) {
    auto n = conn.Read(piece);
    if (!n.ok() || *n == 0) return false;
    buffered->append(piece.data(), *n);
  }
  buffered->erase(0, total);
  return true;
}

}  // namespace

Fault Fault::Status(int code) {
  const std::string body =
      fmt::format(R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure",)"
                  R"("message":"injected {0}","reason":"{1}","code":{0}}})",
                  code, ReasonOf(code));
  return Raw(HttpAnswer(code, code == 429 ? "Retry-After: 1\r\n" : "", body));
}

Fault Fault::Json(std::string body) { return Raw(HttpAnswer(200, "", body)); }

// Both sides of one connection, to be cut from outside.
struct FaultProxy::Link {
  std::shared_ptr<Conn> client;
  std::shared_ptr<Conn> server;  // null until dialed
};

class FaultProxy::InMemoryDialer final : public Dialer {
 public:
  explicit InMemoryDialer(FaultProxy& proxy) : proxy_(proxy) {}

  Result<std::unique_ptr<Conn>> Dial(const Context& ctx) override {
    if (auto done = ctx.Err()) return std::move(*done);
    Fault fault = proxy_.Pick();
    if (fault.kind == Fault::Kind::kRefuse) {
      return Error::Unreachable(fmt::format("connect to {}: connection refused", Address()));
    }
    auto ends = runtime::net::Pipe();
    proxy_.running_.Add(1);
    runtime::GoNamed("fault proxy", [&proxy = proxy_, conn = std::move(ends.second),
                                     fault = std::move(fault)]() mutable {
      proxy.Serve(std::move(conn), std::move(fault));
      proxy.running_.Done();
    });
    return std::move(ends.first);
  }
  std::string Address() const override { return proxy_.upstream_->Address(); }

 private:
  FaultProxy& proxy_;
};

FaultProxy::FaultProxy(std::shared_ptr<Dialer> upstream) : upstream_(std::move(upstream)) {}

FaultProxy::~FaultProxy() {
  {
    std::lock_guard lock(mu_);
    closed_ = true;
    if (listener_) listener_->Close();
  }
  CutAll();
  running_.Wait();
}

Fault FaultProxy::Pick() {
  std::lock_guard lock(mu_);
  ++connections_;
  if (next_.empty()) return fault_;
  Fault fault = std::move(next_.front());
  next_.pop_front();
  return fault;
}

void FaultProxy::Set(Fault fault) {
  {
    std::lock_guard lock(mu_);
    fault_ = std::move(fault);
  }
  CutAll();
}

void FaultProxy::Next(Fault fault) {
  {
    std::lock_guard lock(mu_);
    next_.push_back(std::move(fault));
  }
  CutAll();
}

void FaultProxy::CutAll() {
  std::lock_guard lock(mu_);
  for (auto& [id, link] : links_) {
    link->client->Close();
    if (link->server) link->server->Close();
  }
}

int64_t FaultProxy::connections() const {
  std::lock_guard lock(mu_);
  return connections_;
}

std::shared_ptr<Dialer> FaultProxy::InMemory() { return std::make_shared<InMemoryDialer>(*this); }

Result<std::string> FaultProxy::Start(std::string_view address) {
  XEBEC_ASSIGN_OR_RETURN(auto listener, runtime::net::Listener::Listen(address));
  std::string bound = listener->Addr();
  runtime::net::Listener* raw = listener.get();
  {
    std::lock_guard lock(mu_);
    listener_ = std::move(listener);
  }
  running_.Go([this, raw] {
    for (;;) {
      auto conn = raw->Accept();
      if (!conn.ok()) return;
      Fault fault = Pick();
      if (fault.kind == Fault::Kind::kRefuse) continue;
      running_.Add(1);
      runtime::GoNamed("fault proxy",
                       [this, conn = std::move(*conn), fault = std::move(fault)]() mutable {
                         Serve(std::move(conn), std::move(fault));
                         running_.Done();
                       });
    }
  });
  return bound;
}

void FaultProxy::Serve(std::unique_ptr<Conn> client, Fault fault) {
  Link link;
  link.client = std::move(client);
  int64_t id;
  {
    std::lock_guard lock(mu_);
    if (closed_) return;
    id = ++last_link_;
    links_[id] = &link;
  }
  if (fault.kind == Fault::Kind::kAnswer || fault.kind == Fault::Kind::kHang) {
    AnswerAll(*link.client, fault);
  } else if (auto server = upstream_->Dial(Context::Background()); server.ok()) {
    {
      std::lock_guard lock(mu_);
      link.server = std::move(*server);
    }
    Relay(link, fault);
  }
  {
    std::lock_guard lock(mu_);
    links_.erase(id);
  }
  link.client->Close();
  if (link.server) link.server->Close();
}

void FaultProxy::AnswerAll(Conn& client, const Fault& fault) {
  std::string buffered;
  while (ReadRequest(client, &buffered)) {
    if (fault.kind == Fault::Kind::kHang) continue;
    if (!client.Write(fault.inject).ok()) return;
  }
}

namespace {

// Applies a fault to what a server sends. Returns false once the connection is to be cut.
class Distorter {
 public:
  explicit Distorter(const Fault& fault) : fault_(fault) {}

  bool Pass(std::string_view piece, std::string* out) {
    switch (fault_.kind) {
      case Fault::Kind::kDelay:
        runtime::Sleep(fault_.delay);
        out->append(piece);
        return true;
      case Fault::Kind::kCut: {
        const size_t n = std::min(piece.size(), fault_.bytes - passed_);
        out->append(piece.substr(0, n));
        passed_ += n;
        return passed_ < fault_.bytes;
      }
      case Fault::Kind::kCorrupt: {
        if (!done_ && passed_ + piece.size() >= fault_.bytes) {
          const size_t at = fault_.bytes - passed_;
          out->append(piece.substr(0, at)).append(fault_.inject).append(piece.substr(at));
          done_ = true;
        } else {
          out->append(piece);
        }
        passed_ += piece.size();
        return true;
      }
      case Fault::Kind::kTruncate:
        return Truncate(piece, out);
      default:
        out->append(piece);
        return true;
    }
  }

 private:
  // Holds the header back until it is whole, then sends it with the length made to fit.
  bool Truncate(std::string_view piece, std::string* out) {
    held_.append(piece);
    const size_t end = held_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const size_t body = end + 4;
    if (held_.size() < body + fault_.bytes) return true;
    std::string header = held_.substr(0, end);
    if (const size_t at = header.find("Content-Length: "); at != std::string::npos) {
      const size_t line = header.find("\r\n", at);
      header.erase(at, line == std::string::npos ? line : line + 2 - at);
      while (header.ends_with("\r\n")) header.resize(header.size() - 2);
      *out += fmt::format("{}\r\nContent-Length: {}\r\n\r\n{}", header, fault_.bytes,
                          held_.substr(body, fault_.bytes));
    } else {
      *out += held_.substr(0, body + fault_.bytes);
    }
    return false;
  }

  const Fault& fault_;
  size_t passed_ = 0;
  bool done_ = false;
  std::string held_;
};

}  // namespace

void FaultProxy::Relay(Link& link, const Fault& fault) {
  runtime::WaitGroup upward;
  upward.Go([client = link.client, server = link.server] {
    std::vector<char> piece(kPiece);
    for (;;) {
      auto n = client->Read(piece);
      if (!n.ok()) break;
      if (*n == 0) {
        server->CloseWrite();
        return;
      }
      if (!server->Write({piece.data(), *n}).ok()) break;
    }
    server->Close();
  });
  Distorter distorter(fault);
  std::vector<char> piece(kPiece);
  for (bool going = true; going;) {
    auto n = link.server->Read(piece);
    if (!n.ok() || *n == 0) break;
    std::string out;
    going = distorter.Pass({piece.data(), *n}, &out);
    if (!out.empty() && !link.client->Write(out).ok()) break;
  }
  link.client->Close();
  link.server->Close();
  upward.Wait();
}

}  // namespace xebec::fault
