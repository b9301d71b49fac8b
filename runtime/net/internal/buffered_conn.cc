#include "runtime/net/internal/buffered_conn.h"

#include <algorithm>
#include <cstring>

namespace xebec::runtime::http::internal {

Result<bool> BufferedConn::Fill() {
  if (begin_ < end_) return true;
  XEBEC_TRY(Flush());
  return FillOnly();
}

Result<bool> BufferedConn::FillOnly() {
  if (begin_ < end_) return true;
  if (!in_) in_ = std::make_unique_for_overwrite<char[]>(kReadBuffer);
  begin_ = end_ = 0;
  XEBEC_ASSIGN_OR_RETURN(const size_t n, conn_.Read({in_.get(), kReadBuffer}));
  end_ = n;
  bytes_received_ += n;
  return n > 0;
}

Result<size_t> BufferedConn::Read(std::span<char> buffer) {
  if (begin_ == end_ && buffer.size() >= kReadBuffer) {
    // A large read into an empty buffer goes past it.
    XEBEC_TRY(Flush());
    XEBEC_ASSIGN_OR_RETURN(const size_t n, conn_.Read(buffer));
    bytes_received_ += n;
    return n;
  }
  XEBEC_ASSIGN_OR_RETURN(const bool more, Fill());
  if (!more) return size_t{0};
  const size_t n = std::min(buffer.size(), end_ - begin_);
  std::memcpy(buffer.data(), in_.get() + begin_, n);
  begin_ += n;
  return n;
}

Result<std::string> BufferedConn::ReadLine(size_t limit) {
  std::string line;
  for (;;) {
    XEBEC_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) return Error::Unreachable("the connection ended in the middle of a line");
    const char* start = in_.get() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(start, '\n', end_ - begin_));
    const size_t n = newline ? static_cast<size_t>(newline - start) : end_ - begin_;
    if (line.size() + n > limit) {
      return Error::InvalidInput("a line is longer than " + std::to_string(limit) + " bytes");
    }
    line.append(start, n);
    begin_ += n + (newline ? 1 : 0);
    if (newline) break;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

Result<void> BufferedConn::Write(std::string_view data) {
  if (out_.size() + data.size() > kWriteBuffer) {
    if (!out_.empty() && data.size() <= kWriteBuffer) {
      XEBEC_TRY(Flush());
    } else {
      XEBEC_TRY(Flush());
      sent_any_ = true;
      XEBEC_ASSIGN_OR_RETURN(const size_t n, conn_.Write(data));
      static_cast<void>(n);
      return {};
    }
  }
  out_.append(data);
  return {};
}

Result<void> BufferedConn::Flush() {
  if (out_.empty()) return {};
  sent_any_ = true;
  std::string out = std::move(out_);
  out_.clear();
  auto written = conn_.Write(out);
  if (!written.ok()) return std::move(written).error();
  out.clear();
  out_ = std::move(out);  // keeps its storage
  return {};
}

void BufferedConn::ReleaseBuffers() {
  if (begin_ == end_) in_.reset();
  if (out_.empty()) out_ = std::string();
}

}  // namespace xebec::runtime::http::internal
