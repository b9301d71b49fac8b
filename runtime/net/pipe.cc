#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>

#include "runtime/net/conn.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/poll_desc.h"
#include "runtime/sched/spinlock.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime::net {
namespace {

constexpr size_t kCapacity = 64 << 10;

// The bytes on their way in one direction: a ring that is allocated at the first write.
struct Stream {
  SpinLock lock;
  std::unique_ptr<char[]> ring;  // guarded by lock, like all below
  size_t begin = 0;
  size_t size = 0;
  bool write_closed = false;  // the writer sends no more
  bool read_closed = false;   // nobody reads any more

  size_t TakeLocked(std::span<char> out) {
    const size_t n = std::min(out.size(), size);
    const size_t first = std::min(n, kCapacity - begin);
    std::memcpy(out.data(), ring.get() + begin, first);
    std::memcpy(out.data() + first, ring.get(), n - first);
    begin = (begin + n) % kCapacity;
    size -= n;
    return n;
  }
  size_t PutLocked(std::string_view data) {
    if (!ring) ring = std::make_unique_for_overwrite<char[]>(kCapacity);
    const size_t n = std::min(data.size(), kCapacity - size);
    const size_t end = (begin + size) % kCapacity;
    const size_t first = std::min(n, kCapacity - end);
    std::memcpy(ring.get() + end, data.data(), first);
    std::memcpy(ring.get(), data.data() + first, n - first);
    size += n;
    return n;
  }
};

// What both ends share. An end's waiting is its descriptor's: the other end tells it of edges after
// each change, just as the kernel tells a socket's.
struct Shared {
  Shared() : desc{PollDesc::OpenWithoutFd(), PollDesc::OpenWithoutFd()} {}
  ~Shared() {
    for (PollDesc* d : desc) d->Close();
  }
  PollDesc* const desc[2];
  Stream stream[2];  // stream[i] is written by end i
};

class PipeEnd final : public Conn {
 public:
  PipeEnd(std::shared_ptr<Shared> shared, int self)
      : shared_(std::move(shared)),
        desc_(*shared_->desc[self]),
        peer_desc_(*shared_->desc[1 - self]),
        out_(shared_->stream[self]),
        in_(shared_->stream[1 - self]) {}
  ~PipeEnd() override { Close(); }

  Result<size_t> Read(std::span<char> buffer) override;
  Result<size_t> Write(std::string_view data) override;
  void Close() override;
  void CloseWrite() override;
  void SetReadDeadline(int64_t nanotime) override { desc_.SetDeadline(PollDesc::kRead, nanotime); }
  void SetWriteDeadline(int64_t nanotime) override {
    desc_.SetDeadline(PollDesc::kWrite, nanotime);
  }
  bool Quiet() override {
    if (closed_.load(std::memory_order_acquire)) return false;
    std::lock_guard lock(in_.lock);
    return in_.size == 0 && !in_.write_closed;
  }
  std::string RemoteAddr() const override { return "pipe"; }
  std::string LocalAddr() const override { return "pipe"; }

 private:
  static Error StatusError(std::string_view what, PollDesc::Status status) {
    if (status == PollDesc::Status::kTimeout) {
      return Error::DeadlineExceeded(fmt::format("{} pipe: the deadline has passed", what));
    }
    return Error::Canceled(fmt::format("{} pipe: the connection is closed", what));
  }

  const std::shared_ptr<Shared> shared_;
  PollDesc& desc_;
  PollDesc& peer_desc_;
  Stream& out_;
  Stream& in_;
  Atomic<bool> closed_{false};
  Mutex read_mu_;   // held by the one fiber in Read
  Mutex write_mu_;  // held by the one fiber in Write
};

Result<size_t> PipeEnd::Read(std::span<char> buffer) {
  Poll();
  std::lock_guard lock(read_mu_);
  PollDesc::Status status = desc_.Reset(PollDesc::kRead);
  while (status == PollDesc::Status::kOk) {
    size_t n = 0;
    bool end = false;
    {
      std::lock_guard stream_lock(in_.lock);
      if (in_.size > 0) n = in_.TakeLocked(buffer);
      end = in_.write_closed || buffer.empty();
    }
    if (n > 0) {
      peer_desc_.Notify(PollDesc::kWrite);
      return n;
    }
    if (end) return size_t{0};
    status = desc_.Wait(PollDesc::kRead);
  }
  return StatusError("read", status);
}

Result<size_t> PipeEnd::Write(std::string_view data) {
  Poll();
  std::lock_guard lock(write_mu_);
  size_t done = 0;
  PollDesc::Status status = desc_.Reset(PollDesc::kWrite);
  while (status == PollDesc::Status::kOk) {
    size_t n = 0;
    {
      std::lock_guard stream_lock(out_.lock);
      if (out_.write_closed) return Error::Canceled("write pipe: this end was closed for writing");
      if (out_.read_closed) return Error::Unreachable("write pipe: the peer has closed");
      if (out_.size < kCapacity) n = out_.PutLocked(data.substr(done));
    }
    done += n;
    if (n > 0) peer_desc_.Notify(PollDesc::kRead);
    if (done == data.size()) return done;
    if (n == 0) status = desc_.Wait(PollDesc::kWrite);
  }
  return StatusError("write", status);
}

void PipeEnd::CloseWrite() {
  {
    std::lock_guard lock(out_.lock);
    out_.write_closed = true;
  }
  peer_desc_.Notify(PollDesc::kRead);
}

void PipeEnd::Close() {
  if (closed_.exchange(true, std::memory_order_acq_rel)) return;
  desc_.Evict();
  {
    std::lock_guard lock(out_.lock);
    out_.write_closed = true;
  }
  {
    std::lock_guard lock(in_.lock);
    in_.read_closed = true;
    in_.size = 0;
    in_.ring.reset();
  }
  peer_desc_.Notify(PollDesc::kRead);
  peer_desc_.Notify(PollDesc::kWrite);
}

}  // namespace

std::pair<std::unique_ptr<Conn>, std::unique_ptr<Conn>> Pipe() {
  auto shared = std::make_shared<Shared>();
  return {std::make_unique<PipeEnd>(shared, 0), std::make_unique<PipeEnd>(shared, 1)};
}

}  // namespace xebec::runtime::net
