// A handler's way to answer: kept until it returns, or streamed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/net/http.h"
#include "runtime/net/internal/buffered_conn.h"

namespace xebec::runtime::http::internal {

// cpp-httplib sends a response once its handler has returned, which suits short answers: those
// stay here and are handed to it. A watch, however, is written while its handler runs, for
// minutes; so a streamed answer's header and chunks are written here, straight to the connection,
// and what cpp-httplib would send after it is dropped.
class ConnResponseWriter final : public ResponseWriter {
 public:
  struct Setup {
    bool head = false;    // HEAD: no body is sent
    bool http10 = false;  // no chunks: the end of the connection ends the body
    bool close = false;   // the connection is closed after the answer
    std::chrono::nanoseconds write_timeout{};
    std::function<void()> on_streaming;  // called once, after the header was sent
  };
  ConnResponseWriter(BufferedConn& conn, Setup setup) : conn_(conn), setup_(std::move(setup)) {}

  Headers& headers() override { return headers_; }
  void WriteHeader(int status) override;
  Result<void> Write(std::string_view data) override;
  Result<void> Flush() override;
  bool wrote_header() const override { return status_ != 0; }
  void Abort() override;

  // The handler has returned. Ends a streamed body.
  Result<void> Finish();

  bool aborted() const { return aborted_; }
  bool streaming() const { return mode_ != Mode::kBuffered; }
  // The connection cannot be used for another request: asked so by a header, or ended by closing,
  // or the body did not have the length that was announced.
  bool must_close() const { return must_close_; }
  int status() const { return status_ == 0 ? 200 : status_; }
  std::string TakeBody() { return std::move(body_); }

 private:
  enum class Mode { kBuffered, kChunked, kLength, kUntilClose };
  static constexpr size_t kMaxBuffered = 64 << 10;

  Result<void> StartStreaming();
  Result<void> Send(std::string_view data);
  Result<void> FlushConn();

  BufferedConn& conn_;
  const Setup setup_;
  Headers headers_;
  int status_ = 0;
  std::string body_;  // while kBuffered
  Mode mode_ = Mode::kBuffered;
  uint64_t length_left_ = 0;  // kLength
  bool must_close_ = false;
  bool failed_ = false;
  bool aborted_ = false;
};

// Fields that a header may hold: names that are no tokens and values with line ends are dropped,
// so that no handler can be talked into sending fields it does not mean to.
bool IsSendable(const Headers::Field& field);

}  // namespace xebec::runtime::http::internal
