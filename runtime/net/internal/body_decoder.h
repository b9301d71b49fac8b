// Where an HTTP/1.1 body ends, and whether it got there.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/net/http.h"
#include "runtime/net/internal/buffered_conn.h"
#include "runtime/result.h"

namespace xebec::runtime::http::internal {

// How the end of a body is told.
struct BodyFraming {
  enum Kind { kNone, kLength, kChunked, kUntilClose };
  Kind kind = kNone;
  uint64_t length = 0;
};

// The framing that `headers` announce, strict: a request or answer with two lengths, a length
// that is no number, or an unknown Transfer-Encoding is InvalidInput (such messages are read
// differently by different programs, which is how requests are smuggled).
Result<BodyFraming> FramingOf(const Headers& headers);

// Reads a body and nothing behind it. cpp-httplib's own reader takes a chunk that is followed by
// garbage, and a connection cut there, as the end of the body; this one fails.
class BodyDecoder {
 public:
  BodyDecoder(BufferedConn& conn, BodyFraming framing);

  // At least one byte; 0 once the body is complete. Unreachable if the connection ends before,
  // InvalidInput if the chunks are malformed.
  Result<size_t> Read(std::span<char> buffer);
  bool complete() const { return complete_; }

 private:
  Result<void> NextChunk();
  Error Cut() const;

  BufferedConn& conn_;
  const BodyFraming framing_;
  uint64_t left_ = 0;  // of the body or of the current chunk
  uint64_t received_ = 0;
  bool first_chunk_ = true;
  bool complete_ = false;
};

}  // namespace xebec::runtime::http::internal
