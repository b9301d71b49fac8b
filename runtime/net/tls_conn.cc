#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <mutex>

#include "runtime/net/internal/tls_conn.h"
#include "runtime/sched/fiber.h"

namespace xebec::runtime::net::internal {
namespace {

constexpr size_t kPiece = 16 << 10;  // a TLS record holds at most this much

BIO* NewMemoryBio() {
  BIO* bio = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(bio, -1);  // empty means "try again later"
  return bio;
}

std::string NameText(const X509_NAME* name) {
  std::string text;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (nid != NID_commonName && nid != NID_organizationName) continue;
    unsigned char* utf8 = nullptr;
    const int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (n < 0) continue;
    if (!text.empty()) text += ',';
    text += nid == NID_commonName ? "CN=" : "O=";
    text.append(reinterpret_cast<char*>(utf8), static_cast<size_t>(n));
    OPENSSL_free(utf8);
  }
  return text;
}

}  // namespace

std::string OpenSslError() {
  const unsigned long code = ERR_peek_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

TlsConn::TlsConn(std::unique_ptr<Conn> inner, SSL* ssl)
    : inner_(std::move(inner)), ssl_(ssl), in_(NewMemoryBio()), out_(NewMemoryBio()) {
  SSL_set_bio(ssl_, in_, out_);
}

TlsConn::~TlsConn() {
  inner_->Close();
  SSL_free(ssl_);
}

template <class Op>
TlsConn::Outcome TlsConn::Call(Op&& op) {
  Outcome outcome;
  std::lock_guard lock(ssl_mu_);
  ERR_clear_error();
  outcome.n = op(ssl_);
  outcome.error = SSL_get_error(ssl_, outcome.n);
  if (outcome.error == SSL_ERROR_SSL || outcome.error == SSL_ERROR_SYSCALL) {
    outcome.text = OpenSslError();
    ERR_clear_error();
  }
  return outcome;
}

Error TlsConn::Failed(std::string_view what, const Outcome& outcome) const {
  std::string_view advice;
  if (inner_ended_) {
    return Error::Unreachable(fmt::format("{} {}: the connection was cut", what, RemoteAddr()));
  }
  if (outcome.text.find("wrong version number") != std::string::npos ||
      outcome.text.find("http request") != std::string::npos ||
      outcome.text.find("packet length too long") != std::string::npos) {
    advice = ": the other side does not speak TLS; check the port and the scheme (http or https)";
  } else if (outcome.text.find("certificate required") != std::string::npos) {
    advice = ": the server asks for a client certificate";
  } else if (outcome.text.find("alert unknown ca") != std::string::npos) {
    advice = ": the other side does not trust the authority of our certificate";
  } else if (outcome.text.find("alert certificate expired") != std::string::npos) {
    advice = ": the other side says that our certificate has expired; renew it";
  } else if (outcome.text.find("alert bad certificate") != std::string::npos) {
    advice = ": the other side does not accept our certificate";
  }
  return Error::Unreachable(
      fmt::format("{} {}: TLS: {}{}", what, RemoteAddr(), outcome.text, advice));
}

Result<void> TlsConn::Receive() {
  if (inner_ended_) return Error::Unreachable("the connection was cut");
  if (!arrived_) arrived_ = std::make_unique_for_overwrite<char[]>(kPiece);
  XEBEC_ASSIGN_OR_RETURN(const size_t n, inner_->Read({arrived_.get(), kPiece}));
  std::lock_guard lock(ssl_mu_);
  if (n == 0) {
    inner_ended_ = true;
    BIO_set_mem_eof_return(in_, 0);
    return {};
  }
  if (BIO_write(in_, arrived_.get(), static_cast<int>(n)) != static_cast<int>(n)) {
    return Error::Unreachable("TLS: out of memory");
  }
  return {};
}

Result<void> TlsConn::SendLocked() {
  unsent_.store(false, std::memory_order_seq_cst);
  for (;;) {
    std::string out;
    {
      std::lock_guard lock(ssl_mu_);
      const size_t pending = BIO_ctrl_pending(out_);
      if (pending == 0) return {};
      out.resize(pending);
      BIO_read(out_, out.data(), static_cast<int>(pending));
    }
    XEBEC_ASSIGN_OR_RETURN(const size_t n, inner_->Write(out));
    static_cast<void>(n);
  }
}

Result<void> TlsConn::SendIfFree() {
  {
    std::lock_guard lock(ssl_mu_);
    if (BIO_ctrl_pending(out_) == 0) return {};
  }
  // Stored before the lock is tried; the writer reads it after unlocking: one of both sends.
  unsent_.store(true, std::memory_order_seq_cst);
  while (unsent_.load(std::memory_order_seq_cst) && write_mu_.try_lock()) {
    Result<void> sent = SendLocked();
    write_mu_.unlock();
    if (!sent.ok()) return sent;
  }
  return {};
}

Result<void> TlsConn::Handshake() {
  std::lock_guard lock(read_mu_);
  for (;;) {
    const Outcome outcome = Call([](SSL* ssl) { return SSL_do_handshake(ssl); });
    {
      std::lock_guard write_lock(write_mu_);
      XEBEC_TRY(SendLocked());  // an alert that says what we did not like, too
    }
    if (outcome.n == 1) return {};
    if (outcome.error != SSL_ERROR_WANT_READ) return Failed("handshake with", outcome);
    XEBEC_TRY(Receive());
  }
}

Result<size_t> TlsConn::Read(std::span<char> buffer) {
  Poll();
  std::lock_guard lock(read_mu_);
  const int size = static_cast<int>(std::min<size_t>(buffer.size(), 1 << 30));
  for (;;) {
    const Outcome outcome = Call([&](SSL* ssl) { return SSL_read(ssl, buffer.data(), size); });
    if (outcome.n > 0) return static_cast<size_t>(outcome.n);
    if (outcome.error == SSL_ERROR_ZERO_RETURN) return size_t{0};
    if (outcome.error != SSL_ERROR_WANT_READ) return Failed("read", outcome);
    XEBEC_TRY(SendIfFree());
    XEBEC_TRY(Receive());
  }
}

Result<size_t> TlsConn::Write(std::string_view data) {
  Poll();
  {
    std::lock_guard lock(write_mu_);
    size_t done = 0;
    while (done < data.size()) {
      const int piece = static_cast<int>(std::min(data.size() - done, kPiece));
      const Outcome outcome =
          Call([&](SSL* ssl) { return SSL_write(ssl, data.data() + done, piece); });
      if (outcome.n <= 0) {
        if (outcome.error == SSL_ERROR_SSL || outcome.error == SSL_ERROR_SYSCALL) {
          return Error::Unreachable(fmt::format("write {}: TLS: {}", RemoteAddr(), outcome.text));
        }
        // Renegotiation is off, so a write never needs a read.
        return Error::Unreachable(fmt::format("write {}: TLS: the peer has closed", RemoteAddr()));
      }
      done += static_cast<size_t>(outcome.n);
      XEBEC_TRY(SendLocked());
    }
  }
  XEBEC_TRY(SendIfFree());
  return data.size();
}

void TlsConn::CloseWrite() {
  std::lock_guard lock(write_mu_);
  Call([](SSL* ssl) { return SSL_shutdown(ssl); });
  static_cast<void>(SendLocked());
  inner_->CloseWrite();
}

bool TlsConn::Quiet() {
  if (!read_mu_.try_lock()) return false;
  const bool quiet = !inner_ended_ && inner_->Quiet();
  {
    std::lock_guard lock(ssl_mu_);
    read_mu_.unlock();
    return quiet && SSL_pending(ssl_) == 0 && BIO_ctrl_pending(in_) == 0;
  }
}

std::string TlsConn::Protocol() const {
  std::lock_guard lock(ssl_mu_);
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

std::string TlsConn::PeerSubject() const {
  std::lock_guard lock(ssl_mu_);
  if (SSL_get_verify_result(ssl_) != X509_V_OK) return "";
  X509* cert = SSL_get1_peer_certificate(ssl_);
  if (cert == nullptr) return "";
  std::string text = NameText(X509_get_subject_name(cert));
  X509_free(cert);
  return text;
}

}  // namespace xebec::runtime::net::internal

namespace xebec::runtime::net {

std::string TlsNegotiatedProtocol(const Conn& conn) {
  const auto* tls = dynamic_cast<const internal::TlsConn*>(&conn);
  return tls == nullptr ? "" : tls->Protocol();
}

std::string TlsPeerSubject(const Conn& conn) {
  const auto* tls = dynamic_cast<const internal::TlsConn*>(&conn);
  return tls == nullptr ? "" : tls->PeerSubject();
}

}  // namespace xebec::runtime::net
