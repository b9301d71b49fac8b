#include <fmt/format.h>

#include <charconv>

#include "runtime/net/internal/body_decoder.h"
#include "runtime/net/internal/response_writer.h"
#include "runtime/net/internal/text.h"
#include "runtime/sched/time.h"

namespace xebec::runtime::http::internal {

bool IsSendable(const Headers::Field& field) {
  return IsToken(field.first) && IsFieldValue(field.second);
}

void ConnResponseWriter::WriteHeader(int status) {
  if (status_ == 0) status_ = status;
}

Result<void> ConnResponseWriter::Write(std::string_view data) {
  if (aborted_) return Error::Unreachable("the connection was aborted");
  if (status_ == 0) status_ = 200;
  if (mode_ == Mode::kBuffered) {
    if (body_.size() + data.size() <= kMaxBuffered || setup_.head) {
      body_.append(data);
      return {};
    }
    XEBEC_TRY(StartStreaming());
  }
  return Send(data);
}

Result<void> ConnResponseWriter::Flush() {
  if (aborted_) return Error::Unreachable("the connection was aborted");
  if (status_ == 0) status_ = 200;
  if (mode_ == Mode::kBuffered) XEBEC_TRY(StartStreaming());
  return FlushConn();
}

Result<void> ConnResponseWriter::StartStreaming() {
  const bool no_body = setup_.head || status_ == 204 || status_ == 304;
  std::string header = fmt::format("HTTP/1.1 {} {}\r\n", status_, StatusText(status_));
  mode_ = setup_.http10 ? Mode::kUntilClose : Mode::kChunked;
  must_close_ = setup_.close || setup_.http10;
  bool has_type = false;
  for (const Headers::Field& field : headers_) {
    if (!IsSendable(field)) continue;
    const auto is = [&](std::string_view name) { return EqualsIgnoringCase(field.first, name); };
    if (is("Transfer-Encoding") || is("Keep-Alive")) continue;
    if (is("Connection")) {
      must_close_ = must_close_ || HasToken(field.second, "close");
      continue;
    }
    if (is("Content-Length")) {
      const char* end = field.second.data() + field.second.size();
      const auto parsed = std::from_chars(field.second.data(), end, length_left_);
      if (parsed.ec != std::errc() || parsed.ptr != end) continue;
      mode_ = Mode::kLength;
    }
    has_type = has_type || is("Content-Type");
    header += fmt::format("{}: {}\r\n", field.first, field.second);
  }
  if (!has_type && !no_body) header += "Content-Type: text/plain\r\n";
  if (mode_ == Mode::kChunked && !no_body) header += "Transfer-Encoding: chunked\r\n";
  if (must_close_) header += "Connection: close\r\n";
  header += "\r\n";
  if (no_body) {
    mode_ = Mode::kLength;
    length_left_ = 0;
  }
  XEBEC_TRY(conn_.Write(header));
  if (setup_.on_streaming) setup_.on_streaming();
  const std::string body = std::move(body_);
  body_.clear();
  return body.empty() ? Result<void>() : Send(body);
}

Result<void> ConnResponseWriter::Send(std::string_view data) {
  if (failed_) return Error::Unreachable("the client is gone");
  if (setup_.head || data.empty()) return {};
  conn_.conn().SetWriteDeadline(NanoTime() + setup_.write_timeout.count());
  Result<void> sent;
  switch (mode_) {
    case Mode::kChunked:
      sent = conn_.Write(fmt::format("{:x}\r\n", data.size()));
      if (sent.ok()) sent = conn_.Write(data);
      if (sent.ok()) sent = conn_.Write("\r\n");
      break;
    case Mode::kLength:
      if (data.size() > length_left_) {
        must_close_ = true;
        return Error::InvalidInput("the handler wrote more than its Content-Length");
      }
      length_left_ -= data.size();
      sent = conn_.Write(data);
      break;
    default:
      sent = conn_.Write(data);
  }
  failed_ = failed_ || !sent.ok();
  return sent;
}

Result<void> ConnResponseWriter::FlushConn() {
  if (failed_) return Error::Unreachable("the client is gone");
  conn_.conn().SetWriteDeadline(NanoTime() + setup_.write_timeout.count());
  Result<void> sent = conn_.Flush();
  failed_ = failed_ || !sent.ok();
  return sent;
}

void ConnResponseWriter::Abort() {
  aborted_ = failed_ = must_close_ = true;
  conn_.DiscardUnsent();
  conn_.conn().Close();
}

Result<void> ConnResponseWriter::Finish() {
  if (mode_ == Mode::kBuffered) return {};
  if (mode_ == Mode::kChunked) {
    if (failed_) return Error::Unreachable("the client is gone");
    XEBEC_TRY(conn_.Write("0\r\n\r\n"));
  }
  if (mode_ == Mode::kLength && length_left_ > 0 && !setup_.head) must_close_ = true;
  return FlushConn();
}

}  // namespace xebec::runtime::http::internal
