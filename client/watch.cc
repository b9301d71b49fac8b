#include "client/watch.h"

#include <fmt/format.h>

#include <mutex>
#include <span>
#include <utility>

#include "client/internal/watch_impl.h"
#include "object/builder.h"
#include "runtime/sched/time.h"
#include "runtime/sched/timer.h"

namespace xebec::client {
namespace {

constexpr size_t kReadSize = 32 << 10;
// A buffer that one large event made is given back once it is empty.
constexpr size_t kKeepBuffer = 256 << 10;

}  // namespace

WatchStream::Impl::Impl(Context opener, Context ctx, CancelFunc cancel, const WatchOptions& options,
                        GroupVersionKind gvk, size_t max_object_bytes, std::string what)
    : opener_(std::move(opener)),
      ctx_(std::move(ctx)),
      cancel_(std::move(cancel)),
      options_(options),
      gvk_(std::move(gvk)),
      max_object_bytes_(max_object_bytes),
      what_(std::move(what)),
      last_byte_(runtime::NanoTime()) {}

WatchStream::Impl::~Impl() {
  cancel_();
  std::lock_guard lock(guard_mu_);
  if (guard_) guard_->Stop();
}

Result<WatchStream> WatchStream::Impl::Open(const Context& ctx, internal::Rest& rest,
                                            const internal::Call& call, const WatchOptions& options,
                                            const GroupVersionKind& gvk) {
  auto [own, cancel] = Context::WithCancel(ctx);
  // The header has a time limit of its own, whatever transport this is.
  const auto limit = rest.config().timeout;
  auto header_timer = runtime::AfterFunc(limit, [cancel = cancel, limit] {
    cancel(Error::DeadlineExceeded(
        fmt::format("the server did not accept the watch within {:g} s", limit.count() / 1e3)));
  });
  auto response = rest.Stream(own, call);
  header_timer.Stop();
  if (!response.ok()) {
    Error error = std::move(response).error();
    if (auto cause = own.Cause(); cause && IsDeadlineExceeded(*cause) && !ctx.Err()) {
      error = Error::DeadlineExceeded(fmt::format("GET {}: {}", call.path, cause->message));
    }
    cancel();
    return error;
  }
  std::shared_ptr<Impl> impl(new Impl(ctx, std::move(own), std::move(cancel), options, gvk,
                                      rest.options().max_object_bytes, "GET " + call.path));
  impl->body_ = std::move(response->body);
  impl->StartGuard();
  return WatchStream(std::move(impl));
}

// One timer for each watch, set anew for the rest of the time whenever it fires early: a byte costs
// one store, not a timer operation.
void WatchStream::Impl::StartGuard() {
  if (options_.idle_timeout.count() <= 0) return;
  std::lock_guard lock(guard_mu_);
  guard_.emplace(runtime::AfterFunc(options_.idle_timeout, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->CheckIdle();
  }));
}

void WatchStream::Impl::CheckIdle() {
  const int64_t silent_for = runtime::NanoTime() - last_byte_.load(std::memory_order_seq_cst);
  const int64_t rest = options_.idle_timeout.count() - silent_for;
  if (rest <= 0) {
    silent_.store(true, std::memory_order_seq_cst);
    cancel_();
    return;
  }
  std::lock_guard lock(guard_mu_);
  guard_->Reset(std::chrono::nanoseconds(rest));
}

WatchStream::Impl::Line WatchStream::Impl::ReadLine(std::string_view& line,
                                                    std::optional<Error>& error) {
  while (true) {
    const size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = scanned_ = end + 1;
      return Line::kReady;
    }
    scanned_ = buffer_.size();
    if (scanned_ - begin_ > options_.max_event_bytes) {
      error = Error::InvalidInput(fmt::format("{}: an event of the watch is longer than {} bytes",
                                              what_, options_.max_event_bytes));
      return Line::kFailed;
    }
    if (begin_ > 0) {
      buffer_.erase(0, begin_);
      begin_ = 0;
      if (buffer_.empty() && buffer_.capacity() > kKeepBuffer) buffer_.shrink_to_fit();
    }
    const size_t used = buffer_.size();
    buffer_.resize(used + kReadSize);
    auto n = body_->Read(std::span<char>(buffer_.data() + used, kReadSize));
    buffer_.resize(used + (n.ok() ? *n : 0));
    scanned_ = used;
    if (!n.ok()) {
      error = std::move(n).error();
      return Line::kFailed;
    }
    last_byte_.store(runtime::NanoTime(), std::memory_order_seq_cst);
    if (*n == 0) return Line::kEnd;
  }
}

// Why the watch is over, as the caller is told; nothing where Stop() or the Context ended it.
std::optional<Error> WatchStream::Impl::Finish(Error error) {
  if (silent_.load(std::memory_order_seq_cst)) {
    return Error::Unreachable(fmt::format(
        "{}: the watch was silent for {} s: the connection is taken for dead", what_,
        std::chrono::duration_cast<std::chrono::seconds>(options_.idle_timeout).count()));
  }
  if (stopped_.load(std::memory_order_seq_cst) || ctx_.Err()) return std::nullopt;
  return std::move(error).Wrap(what_);
}

Result<Event<object::Object>> WatchStream::Impl::Decode(std::string_view line) {
  auto event = object::ParseWatchEvent(line, {.max_bytes = max_object_bytes_});
  if (!event.ok()) {
    return Error::InvalidInput(fmt::format("{}: an event of {} bytes cannot be used: {}", what_,
                                           line.size(), event.error().message));
  }
  if (event->type == EventType::kError) return internal::ErrorFromStatus(event->object);
  if (event->object.kind().empty() && !gvk_.kind.empty()) {
    event->object =
        event->object.Edit().Set("apiVersion", gvk_.APIVersion()).Set("kind", gvk_.kind).Build();
  }
  return Event<object::Object>{event->type, std::move(event->object)};
}

std::optional<Result<Event<object::Object>>> WatchStream::Impl::Next() {
  while (!over_) {
    std::string_view line;
    std::optional<Error> error;
    switch (ReadLine(line, error)) {
      case Line::kReady: {
        if (stopped_.load(std::memory_order_seq_cst) || ctx_.Err()) {
          Close();
          return std::nullopt;
        }
        if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
        auto event = Decode(line);
        if (!event.ok()) Close();
        return event;
      }
      case Line::kEnd: {
        const size_t left = buffer_.size() - begin_;
        if (left > 0) {
          error = Finish(Error::Unreachable(fmt::format(
              "the watch ended in the middle of an event ({} bytes of it came)", left)));
        }
        Close();
        break;
      }
      case Line::kFailed:
        error = IsInvalidInput(*error) ? std::move(error) : Finish(std::move(*error));
        Close();
        break;
    }
    if (!error) return std::nullopt;
    return Result<Event<object::Object>>(std::move(*error));
  }
  return std::nullopt;
}

// Ends the watch for good and frees what it holds; called by the reader.
void WatchStream::Impl::Close() {
  over_ = true;
  cancel_();
  body_.reset();
  std::string().swap(buffer_);
  begin_ = scanned_ = 0;
  std::lock_guard lock(guard_mu_);
  if (guard_) guard_->Stop();
}

void WatchStream::Impl::Stop() {
  stopped_.store(true, std::memory_order_seq_cst);
  cancel_();
}

WatchStream::WatchStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
WatchStream::~WatchStream() = default;

std::optional<Result<Event<object::Object>>> WatchStream::Next() { return impl_->Next(); }

std::optional<Result<Event<object::Object>>> WatchStream::Next(const Context& ctx) {
  if (impl_->EndsWith(ctx)) return impl_->Next();
  const auto unhook = ctx.AfterFunc([impl = impl_] { impl->Stop(); });
  auto event = impl_->Next();
  unhook();
  return event;
}

void WatchStream::Stop() {
  if (impl_) impl_->Stop();
}

}  // namespace xebec::client
