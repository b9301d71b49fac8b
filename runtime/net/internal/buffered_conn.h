// A Conn with a read and a write buffer: what both sides of HTTP read lines and bodies from.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/net/conn.h"

namespace xebec::runtime::http::internal {

// Used by one fiber at a time (Close of the Conn below may come from any).
//
// Written data is kept until Flush, until 16 KiB are there, or until a read has to wait: a fiber
// never waits for an answer to something it has not sent.
class BufferedConn {
 public:
  explicit BufferedConn(net::Conn& conn) : conn_(conn) {}

  // Reads at least one byte; 0 at the end of the stream.
  Result<size_t> Read(std::span<char> buffer);
  // One buffered byte, or false if none is buffered.
  bool PopByte(char* byte) {
    if (begin_ == end_) return false;
    *byte = in_[begin_++];
    return true;
  }
  // Makes sure that a byte is buffered; false at the end of the stream.
  Result<bool> Fill();
  // The same without touching the write buffer, so that another fiber may write meanwhile.
  Result<bool> FillOnly();
  // Reads one line, without its CRLF or LF; InvalidInput if it has more than `limit` bytes,
  // Unreachable if the stream ends in it.
  Result<std::string> ReadLine(size_t limit);

  Result<void> Write(std::string_view data);
  Result<void> Flush();
  // Forgets what was written and not sent.
  void DiscardUnsent() { out_.clear(); }

  // Bytes that were received and not read yet.
  size_t buffered() const { return end_ - begin_; }
  // Bytes that were read or written so far.
  size_t bytes_received() const { return bytes_received_; }
  bool sent_any() const { return sent_any_; }
  void ResetCounters() {
    bytes_received_ = 0;
    sent_any_ = false;
  }
  // Frees the buffers of an idle connection, if they are empty.
  void ReleaseBuffers();

  net::Conn& conn() { return conn_; }

 private:
  static constexpr size_t kReadBuffer = 16 << 10;
  static constexpr size_t kWriteBuffer = 16 << 10;

  net::Conn& conn_;
  std::unique_ptr<char[]> in_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string out_;
  size_t bytes_received_ = 0;
  bool sent_any_ = false;
};

}  // namespace xebec::runtime::http::internal
