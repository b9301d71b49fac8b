// A transport whose answers the test writes: no sockets, no bytes, and every fault at will.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/context.h"
#include "runtime/net/transport.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/select.h"

namespace xebec::client::testing {

using runtime::http::Request;
using runtime::http::Response;
using runtime::http::StreamResponse;

// The server's end of a stream: what is sent arrives in the order it is sent.
class StreamFeed {
 public:
  // Bytes, or how the stream fails.
  using Piece = Result<std::string>;

  void Send(std::string bytes) { pieces_.Send(Piece(std::move(bytes))); }
  void Fail(Error error) { pieces_.Send(Piece(std::move(error))); }
  void End() { pieces_.Close(); }

  std::unique_ptr<runtime::http::BodyReader> Reader(Context ctx) {
    return std::make_unique<FeedReader>(std::move(ctx), pieces_);
  }

 private:
  class FeedReader : public runtime::http::BodyReader {
   public:
    FeedReader(Context ctx, runtime::Chan<Piece> pieces)
        : ctx_(std::move(ctx)), pieces_(std::move(pieces)) {}

    Result<size_t> Read(std::span<char> buffer) override {
      if (rest_.empty()) {
        std::optional<Piece> piece;
        bool cancelled = false;
        runtime::Select(
            runtime::OnReceive(ctx_.Done(), [&](std::optional<Unit>) { cancelled = true; }),
            runtime::OnReceive(pieces_, [&](std::optional<Piece> p) { piece = std::move(p); }));
        if (cancelled) return *ctx_.Err();
        if (!piece) return size_t{0};
        if (!piece->ok()) return std::move(*piece).error();
        rest_ = std::move(*piece).value();
      }
      const size_t n = std::min(buffer.size(), rest_.size());
      std::copy_n(rest_.begin(), n, buffer.begin());
      rest_.erase(0, n);
      return n;
    }

   private:
    const Context ctx_;
    const runtime::Chan<Piece> pieces_;
    std::string rest_;
  };

  runtime::Chan<Piece> pieces_{64};
};

// Answers come from two functions; what was asked is kept. Thread-safe.
class ScriptedTransport : public runtime::http::Transport {
 public:
  using OnCall = std::function<Result<Response>(const Context&, const Request&)>;
  using OnStream = std::function<Result<StreamResponse>(const Context&, const Request&)>;

  explicit ScriptedTransport(OnCall on_call, OnStream on_stream = nullptr)
      : on_call_(std::move(on_call)), on_stream_(std::move(on_stream)) {}

  Result<Response> RoundTrip(const Context& ctx, const Request& request) override {
    Keep(request);
    return on_call_(ctx, request);
  }
  Result<StreamResponse> Stream(const Context& ctx, const Request& request) override {
    Keep(request);
    if (!on_stream_) return Error::Unreachable("no stream in this script");
    return on_stream_(ctx, request);
  }
  std::string Host() const override { return "script:1"; }

  std::vector<Request> requests() const {
    std::lock_guard lock(mu_);
    return requests_;
  }
  size_t count() const { return requests().size(); }
  Request last() const { return requests().back(); }

 private:
  void Keep(const Request& request) {
    std::lock_guard lock(mu_);
    requests_.push_back(request);
  }

  const OnCall on_call_;
  const OnStream on_stream_;
  mutable runtime::Mutex mu_;
  std::vector<Request> requests_;  // guarded by mu_
};

inline Response Json(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.headers.Set("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

inline StreamResponse Streaming(std::unique_ptr<runtime::http::BodyReader> body) {
  StreamResponse response;
  response.status = 200;
  response.body = std::move(body);
  return response;
}

// Never answers: waits for the caller's deadline.
inline Error WaitForEnd(const Context& ctx) {
  ctx.Done().Receive();
  return *ctx.Err();
}

}  // namespace xebec::client::testing
