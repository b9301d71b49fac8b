#include <fmt/format.h>

#include <mutex>
#include <vector>

#include "runtime/debug/log.h"
#include "runtime/net/internal/body_decoder.h"
#include "runtime/net/internal/server_conn.h"
#include "runtime/net/internal/text.h"
#include "runtime/net/tls.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"

namespace xebec::runtime::http::internal {
namespace {

constexpr std::chrono::milliseconds kWatchAfter{100};
constexpr size_t kBodyPiece = 16 << 10;

int64_t After(std::chrono::nanoseconds d) { return NanoTime() + d.count(); }

}  // namespace

void Linger(net::Conn& conn) {
  conn.CloseWrite();
  conn.SetReadDeadline(After(std::chrono::milliseconds(500)));
  std::vector<char> sink(kBodyPiece);
  size_t left = 1 << 20;
  while (left > 0) {
    auto n = conn.Read(sink);
    if (!n.ok() || *n == 0) return;
    left -= std::min(left, *n);
  }
}

ServerConn::ServerConn(uint64_t id, std::unique_ptr<net::Conn> conn, Server server)
    : id_(id),
      conn_(std::move(conn)),
      server_(server),
      io_(*conn_),
      stream_(io_),
      remote_addr_(conn_->RemoteAddr()),
      tls_subject_(net::TlsPeerSubject(*conn_)) {}

void ServerConn::Run() {
  while (ServeOne()) {
  }
  if (unread_body_) {
    Linger(*conn_);
  } else if (!aborted_) {
    conn_->CloseWrite();  // over TLS: a proper end
  }
  conn_->Close();
  if (watch_timer_) watch_timer_->Stop();
}

bool ServerConn::ServeOne() {
  conn_->SetReadDeadline(After(server_.options.idle_timeout));
  if (io_.buffered() == 0) io_.ReleaseBuffers();
  auto more = io_.Fill();
  if (!more.ok() || !*more) return false;
  if (!server_.set_idle(id_, false)) return false;

  conn_->SetReadDeadline(After(server_.options.header_timeout));
  conn_->SetWriteDeadline(After(server_.options.write_timeout));
  stream_.BeginRequest(server_.options.max_header_bytes);
  must_close_ = unread_body_ = aborted_ = false;
  bool handled = false;
  const bool keep = server_.engine.Process(stream_, *this, /*close=*/false, &handled);
  if (aborted_) return false;
  if (!handled) unread_body_ = true;
  if (stream_.header_too_large()) {
    Refuse(431);
    return false;
  }
  if (stream_.error() && IsDeadlineExceeded(*stream_.error())) {
    Refuse(408);
    return false;
  }
  if (!io_.Flush().ok()) return false;
  if (!keep || must_close_ || unread_body_) return false;
  return server_.set_idle(id_, true);
}

void ServerConn::Refuse(int status) {
  // What cpp-httplib wrote about the request it could not read, a 400, may wait in the buffer.
  io_.DiscardUnsent();
  const std::string body = fmt::format("{} {}\n", status, StatusText(status));
  conn_->SetWriteDeadline(After(std::chrono::seconds(1)));
  static_cast<void>(conn_->Write(
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
                  "Connection: close\r\n\r\n{}",
                  status, StatusText(status), body.size(), body)));
}

void ServerConn::Handle(const httplib::Request& in, httplib::Response& out) {
  Request request;
  request.method = in.method;
  request.path = in.path;
  if (const size_t mark = in.target.find('?'); mark != std::string::npos) {
    request.query = in.target.substr(mark + 1);
  }
  request.headers = FromEngine(in.headers);
  request.remote_addr = remote_addr_;
  request.tls_subject = tls_subject_;
  must_close_ = HasToken(request.headers.Get("Connection"), "close");

  if (const std::optional<int> status = ReadBody(request)) {
    must_close_ = unread_body_ = true;
    conn_->SetWriteDeadline(After(server_.options.write_timeout));
    aborted_ = *status == 0;
    if (aborted_) stream_.DropWrites();
    out.status = *status == 0 ? 400 : *status;
    out.set_header("Connection", "close");
    out.set_content(fmt::format("{} {}\n", out.status, StatusText(out.status)), "text/plain");
    return;
  }
  conn_->SetReadDeadline(0);

  auto [ctx, cancel] = Context::WithCancel(server_.ctx);
  request.ctx = std::move(ctx);
  ConnResponseWriter::Setup setup;
  setup.head = request.method == "HEAD";
  setup.http10 = in.version == "HTTP/1.0";
  setup.close = must_close_;
  setup.write_timeout = server_.options.write_timeout;
  setup.on_streaming = [this] { StartWatch(); };
  ConnResponseWriter writer(io_, std::move(setup));
  ArmWatch(cancel);
  RunHandler(request, writer, out);
  EndWatch();
  cancel();
  conn_->SetWriteDeadline(After(server_.options.write_timeout));  // for an answer not yet sent
}

std::optional<int> ServerConn::ReadBody(Request& request) {
  auto framing = FramingOf(request.headers);
  if (!framing.ok()) return 400;
  const size_t limit = server_.options.max_body_bytes;
  if (framing->kind == BodyFraming::kLength && framing->length > limit) return 413;
  const std::string_view encoding = request.headers.Get("Content-Encoding");
  if (!encoding.empty() && !EqualsIgnoringCase(encoding, "identity")) return 415;
  BodyDecoder decoder(io_, *framing);
  if (decoder.complete()) return std::nullopt;
  conn_->SetReadDeadline(After(server_.options.body_timeout));
  // Grows as the bytes come: a length alone reserves at most this much.
  request.body.reserve(std::min<uint64_t>(framing->length, 1 << 20));
  char piece[kBodyPiece];
  for (;;) {
    auto n = decoder.Read(piece);
    if (!n.ok()) {
      if (IsInvalidInput(n.error())) return 400;
      return IsDeadlineExceeded(n.error()) ? 408 : 0;
    }
    if (*n == 0) return std::nullopt;
    if (request.body.size() + *n > limit) return 413;
    request.body.append(piece, *n);
  }
}

void ServerConn::RunHandler(Request& request, ConnResponseWriter& writer,
                            httplib::Response& response) {
  const auto thrown = RunRecovering([&] { server_.dispatch(request, writer); });
  if (thrown) {
    XLOG(Error, "http handler failed", {"method", request.method}, {"path", request.path},
         {"error", thrown->message}, {"stack", thrown->stack});
  }
  if (writer.aborted()) {
    stream_.DropWrites();
    aborted_ = true;
    response.status = 500;  // unsent
    return;
  }
  if (writer.streaming()) {
    // The answer is on its way; cpp-httplib's own must not follow it.
    stream_.DropWrites();
    response.status = writer.status();
    aborted_ = thrown.has_value() || !writer.Finish().ok();
    must_close_ = must_close_ || writer.must_close();
    return;
  }
  if (thrown) {
    response.status = 500;
    response.set_content("internal server error\n", "text/plain");
    return;
  }
  response.status = writer.status();
  for (const Headers::Field& field : writer.headers()) {
    if (!IsSendable(field) || EqualsIgnoringCase(field.first, "Transfer-Encoding")) continue;
    // It knows the body's length better than the handler, unless the body is left out on purpose.
    if (EqualsIgnoringCase(field.first, "Content-Length") && request.method != "HEAD") continue;
    if (EqualsIgnoringCase(field.first, "Connection")) {
      must_close_ = must_close_ || HasToken(field.second, "close");
    }
    response.headers.emplace(field.first, field.second);
  }
  response.body = writer.TakeBody();
}

// Watching for the client's end.
//
//   kOff → kArmed       the request begins (connection's fiber)
//   kArmed → kRunning   by the timer or at the first byte streamed, in a new fiber
//   kRunning → kDone    that fiber has stopped reading
//   any → kOff          the handler has returned; after kRunning only once watch_done_ was received
// A late timer of an earlier request may start a watch early, which does no harm.

void ServerConn::ArmWatch(CancelFunc cancel) {
  {
    std::lock_guard lock(watch_mu_);
    watch_ = Watch::kArmed;
    cancel_ = std::move(cancel);
  }
  if (watch_timer_) {
    watch_timer_->Reset(kWatchAfter);
    return;
  }
  watch_timer_.emplace(kWatchAfter, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->StartWatch();
  });
}

void ServerConn::StartWatch() {
  {
    std::lock_guard lock(watch_mu_);
    if (watch_ != Watch::kArmed) return;
    watch_ = Watch::kRunning;
  }
  GoNamed("http watch", [self = shared_from_this()] { self->RunWatch(); });
}

void ServerConn::RunWatch() {
  // Data is the next request, sent early: it stays in the buffer, and the watch is over.
  auto more = io_.FillOnly();
  const bool gone = more.ok() ? !*more : !IsDeadlineExceeded(more.error());
  CancelFunc cancel;
  {
    std::lock_guard lock(watch_mu_);
    watch_ = Watch::kDone;
    cancel = cancel_;  // of no context once the handler has returned
  }
  if (gone) cancel(Error::Canceled("the client has closed the connection"));
  watch_done_.Send(Unit{});
}

void ServerConn::EndWatch() {
  watch_timer_->Stop();
  {
    std::lock_guard lock(watch_mu_);
    cancel_ = CancelFunc();
    if (watch_ == Watch::kArmed) {
      watch_ = Watch::kOff;
      return;
    }
  }
  conn_->SetReadDeadline(1);  // in the past: wakes the watcher
  watch_done_.Receive();
  conn_->SetReadDeadline(0);
  std::lock_guard lock(watch_mu_);
  watch_ = Watch::kOff;
}

}  // namespace xebec::runtime::http::internal
