#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/internal/rest.h"
#include "client/options.h"
#include "client/watch.h"
#include "runtime/context.h"
#include "runtime/net/transport.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"

namespace xebec::client {

// Reads lines of JSON from a stream. One fiber reads; the idle guard and Stop() only cancel its
// context, which wakes the reader.
class WatchStream::Impl : public std::enable_shared_from_this<Impl> {
 public:
  static Result<WatchStream> Open(const Context& ctx, internal::Rest& rest,
                                  const internal::Call& call, const WatchOptions& options,
                                  const GroupVersionKind& gvk);
  ~Impl();

  std::optional<Result<Event<object::Object>>> Next();
  void Stop();
  // Whether the watch was opened with `ctx`, and so ends with it anyway.
  bool EndsWith(const Context& ctx) const { return ctx == opener_; }

 private:
  enum class Line { kReady, kEnd, kFailed };

  Impl(Context opener, Context ctx, CancelFunc cancel, const WatchOptions& options,
       GroupVersionKind gvk, size_t max_object_bytes, std::string what);
  void StartGuard();
  void CheckIdle();
  void Close();
  Line ReadLine(std::string_view& line, std::optional<Error>& error);
  std::optional<Error> Finish(Error error);
  Result<Event<object::Object>> Decode(std::string_view line);

  const Context opener_;
  const Context ctx_;  // a child of opener_
  const CancelFunc cancel_;
  const WatchOptions options_;
  const GroupVersionKind gvk_;
  const size_t max_object_bytes_;
  const std::string what_;  // "GET /api/v1/pods", for messages
  std::unique_ptr<runtime::http::BodyReader> body_;
  std::string buffer_;  // [begin_, size) is not consumed yet
  size_t begin_ = 0;
  size_t scanned_ = 0;  // no line end in [begin_, scanned_)
  bool over_ = false;
  runtime::Mutex guard_mu_;
  std::optional<runtime::FuncTimer> guard_;  // guarded by guard_mu_
  std::atomic<int64_t> last_byte_{
      0};  // NanoTime; written by the reader, read by the guard (seq_cst)
  std::atomic<bool> stopped_{false};  // Stop() was called
  std::atomic<bool> silent_{false};   // the guard ended it
};

}  // namespace xebec::client
