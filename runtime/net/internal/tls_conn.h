// An encrypted connection, and what a TlsContext holds. Included by the TLS sources only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/net/conn.h"
#include "runtime/net/tls.h"
#include "runtime/sched/atomic.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime::net {

struct TlsContext::Impl {
  ~Impl() { SSL_CTX_free(ctx); }
  SSL_CTX* ctx = nullptr;
  TlsConfig config;           // without the key
  std::vector<uint8_t> alpn;  // as TLS encodes it
};

namespace internal {

// The oldest error in OpenSSL's queue of this thread, as text. Call it with no switch of fibers
// since the failing call.
std::string OpenSslError();

// TLS over a Conn through two memory BIOs: OpenSSL itself never waits. It is called under
// `ssl_mu_`, with ERR_clear_error before and SSL_get_error right after and no switch of fibers
// between, because its error queue belongs to the thread; all waiting is on the Conn below, with
// `ssl_mu_` free.
//
// Lock order: read_mu_ or write_mu_, then ssl_mu_. What OpenSSL wants sent leaves in its order:
// whoever holds write_mu_ takes it out and writes it. A reader that makes some (a key update)
// leaves it to the writer at work, if there is one, which looks again after unlocking.
class TlsConn final : public Conn {
 public:
  TlsConn(std::unique_ptr<Conn> inner, SSL* ssl);
  ~TlsConn() override;

  // Runs the handshake, before anything else.
  Result<void> Handshake();

  Result<size_t> Read(std::span<char> buffer) override;
  Result<size_t> Write(std::string_view data) override;
  void Close() override { inner_->Close(); }
  // Tells the peer that the stream ends (close_notify). Blocks as a write does.
  void CloseWrite() override;
  void SetReadDeadline(int64_t nanotime) override { inner_->SetReadDeadline(nanotime); }
  void SetWriteDeadline(int64_t nanotime) override { inner_->SetWriteDeadline(nanotime); }
  bool Quiet() override;
  std::string RemoteAddr() const override { return inner_->RemoteAddr(); }
  std::string LocalAddr() const override { return inner_->LocalAddr(); }

  std::string Protocol() const;
  std::string PeerSubject() const;

 private:
  struct Outcome {
    int n = 0;         // what the call returned
    int error = 0;     // SSL_get_error
    std::string text;  // for SSL_ERROR_SSL and SSL_ERROR_SYSCALL
  };
  // Calls `op(ssl_)` by the rules above.
  template <class Op>
  Outcome Call(Op&& op);
  // Feeds OpenSSL with what arrives next. Holds read_mu_.
  Result<void> Receive();
  // Sends what OpenSSL wants sent, under write_mu_.
  Result<void> SendLocked();
  Result<void> SendIfFree();
  Error Failed(std::string_view what, const Outcome& outcome) const;

  const std::unique_ptr<Conn> inner_;
  Mutex read_mu_;
  Mutex write_mu_;
  mutable Mutex ssl_mu_;
  SSL* const ssl_;                   // guarded by ssl_mu_
  BIO* const in_;                    // guarded by ssl_mu_; owned by ssl_
  BIO* const out_;                   // the same
  bool inner_ended_ = false;         // guarded by read_mu_
  std::unique_ptr<char[]> arrived_;  // guarded by read_mu_
  Atomic<bool> unsent_{false};       // a reader left something in out_
};

}  // namespace internal
}  // namespace xebec::runtime::net
