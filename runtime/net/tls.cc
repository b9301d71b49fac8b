#include "runtime/net/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <optional>

#include "runtime/net/internal/interrupt.h"
#include "runtime/net/internal/tls_conn.h"
#include "runtime/sched/time.h"

namespace xebec::runtime::net {
namespace {

using internal::OpenSslError;
using internal::TlsConn;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* cert) const { X509_free(cert); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

time_t Now() { return static_cast<time_t>(WallNanos() / 1'000'000'000); }

std::string TimeText(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

std::string CommonName(const X509_NAME* name) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text, sizeof(text));
  for (char& c : text) {
    if (c != '\0' && static_cast<unsigned char>(c) < ' ') c = '?';  // one line, whatever it says
  }
  return text[0] != '\0' ? text : "a certificate without a name";
}

Owned<BIO> MemoryBio(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<Owned<X509>> ReadCertificates(const std::string& pem) {
  std::vector<Owned<X509>> certs;
  Owned<BIO> bio = MemoryBio(pem);
  while (X509* cert = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certs.emplace_back(cert);
  }
  ERR_clear_error();
  return certs;
}

Result<void> UseAuthorities(SSL_CTX* ctx, const std::string& pem) {
  const auto certs = ReadCertificates(pem);
  if (certs.empty()) {
    return Error::InvalidInput(
        "the CA holds no certificate: it must be PEM text with -----BEGIN CERTIFICATE-----");
  }
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  for (const auto& cert : certs) X509_STORE_add_cert(store, cert.get());
  ERR_clear_error();  // one that is there twice is no harm
  return {};
}

Result<void> UseCertificate(SSL_CTX* ctx, const TlsConfig& config) {
  const auto certs = ReadCertificates(config.cert_pem);
  if (certs.empty()) {
    return Error::InvalidInput(
        "the certificate is unreadable: it must be PEM text with -----BEGIN CERTIFICATE-----");
  }
  X509* own = certs.front().get();
  time_t now = Now();
  if (X509_cmp_time(X509_get0_notAfter(own), &now) < 0) {
    return Error::InvalidInput(fmt::format(
        "our own certificate ({}) expired on {}: renew it, or check this machine's clock",
        CommonName(X509_get_subject_name(own)), TimeText(X509_get0_notAfter(own))));
  }
  // A key with a pass phrase is refused: there is nobody to ask.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Owned<BIO> bio = MemoryBio(config.key_pem);
  ERR_clear_error();
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) {
    ERR_clear_error();
    return Error::InvalidInput(
        "the private key is unreadable: it must be PEM text without a pass phrase");
  }
  if (SSL_CTX_use_certificate(ctx, own) != 1) {
    return Error::InvalidInput(fmt::format("the certificate cannot be used: {}", OpenSslError()));
  }
  for (size_t i = 1; i < certs.size(); ++i) SSL_CTX_add1_chain_cert(ctx, certs[i].get());
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
    ERR_clear_error();
    return Error::InvalidInput("the private key does not belong to the certificate");
  }
  return {};
}

Result<std::vector<uint8_t>> EncodeAlpn(const std::vector<std::string>& protocols) {
  std::vector<uint8_t> out;
  for (const std::string& name : protocols) {
    if (name.empty() || name.size() > 255) {
      return Error::InvalidInput("an ALPN protocol must have 1 to 255 bytes");
    }
    out.push_back(static_cast<uint8_t>(name.size()));
    out.insert(out.end(), name.begin(), name.end());
  }
  return out;
}

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
               unsigned in_size, void* arg) {
  const auto& own = static_cast<const TlsContext::Impl*>(arg)->alpn;
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, own.data(), static_cast<unsigned>(own.size()), in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Result<std::unique_ptr<TlsContext::Impl>> NewContext(const TlsConfig& config, bool server) {
  ERR_clear_error();
  auto impl = std::make_unique<TlsContext::Impl>();
  impl->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  if (impl->ctx == nullptr) {
    return Error::InvalidInput(fmt::format("TLS cannot be set up: {}", OpenSslError()));
  }
  SSL_CTX_set_min_proto_version(impl->ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(impl->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(impl->ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(impl->ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(impl->ctx, 0);
  XEBEC_ASSIGN_OR_RETURN(impl->alpn, EncodeAlpn(config.alpn));
  impl->config = config;
  impl->config.key_pem.clear();
  return impl;
}

// What was wrong with the peer's certificate, for the error's text. OpenSSL calls OnVerify in the
// handshake, where the certificate is at hand.
struct VerifyFailure {
  std::string text;
  std::string host;
};

int VerifyIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::string NamesOf(X509* cert) {
  std::string text;
  Owned<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && i < 8; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string one;
    if (name->type == GEN_DNS) {
      one.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                 static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      char buffer[INET6_ADDRSTRLEN] = "";
      const int size = ASN1_STRING_length(name->d.iPAddress);
      inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), buffer,
                sizeof(buffer));
      one = buffer;
    }
    if (one.empty()) continue;
    if (!text.empty()) text += ", ";
    text += one;
  }
  return text.empty() ? CommonName(X509_get_subject_name(cert)) : text;
}

std::string DescribeFailure(int error, X509* cert, const std::string& host) {
  const std::string name = cert == nullptr ? "?" : CommonName(X509_get_subject_name(cert));
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format(
          "the certificate of {} expired on {}: renew it, or check this machine's clock", name,
          TimeText(X509_get0_notAfter(cert)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("the certificate of {} is valid only from {}: check this machine's clock",
                         name, TimeText(X509_get0_notBefore(cert)));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return fmt::format(
          "the certificate of {} is signed by an unknown authority ({}): configure the certificate "
          "of the authority that signed it as CA",
          name, cert == nullptr ? "?" : CommonName(X509_get_issuer_name(cert)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "the certificate is for {}, not for {}: connect by one of those names, or set the server "
          "name",
          cert == nullptr ? "?" : NamesOf(cert), host);
    default:
      return fmt::format("the certificate of {} does not pass: {}", name,
                         X509_verify_cert_error_string(error));
  }
}

int OnVerify(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* failure = static_cast<VerifyFailure*>(SSL_get_ex_data(ssl, VerifyIndex()));
  if (failure != nullptr && failure->text.empty()) {
    failure->text = DescribeFailure(X509_STORE_CTX_get_error(store),
                                    X509_STORE_CTX_get_current_cert(store), failure->host);
  }
  return 0;
}

// Makes `conn` a TLS connection. `failure` is told why the peer's certificate does not pass.
Result<std::unique_ptr<Conn>> Secure(const Context& ctx, std::unique_ptr<Conn> conn, Owned<SSL> ssl,
                                     VerifyFailure* failure) {
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl.get()), Now());
  SSL* raw = ssl.get();
  SSL_set_ex_data(raw, VerifyIndex(), failure);
  auto tls = std::make_unique<TlsConn>(std::move(conn), ssl.release());
  Result<void> done;
  {
    internal::Interrupt interrupt(ctx, *tls);
    done = tls->Handshake();
  }
  SSL_set_ex_data(raw, VerifyIndex(), nullptr);
  const std::string what = fmt::format("TLS handshake with {}", tls->RemoteAddr());
  if (auto ended = ctx.Err()) return std::move(*ended).Wrap(what);
  if (!done.ok()) {
    if (!failure->text.empty()) {
      return Error::Unreachable(fmt::format("{}: {}", what, failure->text));
    }
    return std::move(done).error();
  }
  return std::unique_ptr<Conn>(std::move(tls));
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::ForClient(const TlsConfig& config) {
  XEBEC_ASSIGN_OR_RETURN(auto impl, NewContext(config, /*server=*/false));
  if (!config.ca_pem.empty()) {
    XEBEC_TRY(UseAuthorities(impl->ctx, config.ca_pem));
  } else if (!config.insecure_skip_verify) {
    SSL_CTX_set_default_verify_paths(impl->ctx);
  }
  if (!config.cert_pem.empty() || !config.key_pem.empty()) {
    XEBEC_TRY(UseCertificate(impl->ctx, config));
  }
  SSL_CTX_set_verify(impl->ctx, config.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     &OnVerify);
  if (!impl->alpn.empty()) {
    SSL_CTX_set_alpn_protos(impl->ctx, impl->alpn.data(), static_cast<unsigned>(impl->alpn.size()));
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::ForServer(const TlsConfig& config) {
  XEBEC_ASSIGN_OR_RETURN(auto impl, NewContext(config, /*server=*/true));
  XEBEC_TRY(UseCertificate(impl->ctx, config));
  if (!config.ca_pem.empty()) {
    XEBEC_TRY(UseAuthorities(impl->ctx, config.ca_pem));
    SSL_CTX_set_verify(impl->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &OnVerify);
  }
  if (!impl->alpn.empty()) SSL_CTX_set_alpn_select_cb(impl->ctx, &SelectAlpn, impl.get());
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::unique_ptr<Conn>> TlsClient(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsContext& tls, const std::string& dialed_host) {
  const TlsConfig& config = tls.impl().config;
  VerifyFailure failure;
  failure.host = config.server_name.empty() ? dialed_host : config.server_name;
  Owned<SSL> ssl(SSL_new(tls.impl().ctx));
  if (!ssl) return Error::Unreachable("TLS: out of memory");
  SSL_set_connect_state(ssl.get());
  in6_addr scratch;
  const bool is_ip = inet_pton(AF_INET, failure.host.c_str(), &scratch) == 1 ||
                     inet_pton(AF_INET6, failure.host.c_str(), &scratch) == 1;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(param, failure.host.c_str());
  } else if (!failure.host.empty()) {
    X509_VERIFY_PARAM_set1_host(param, failure.host.data(), failure.host.size());
    SSL_set_tlsext_host_name(ssl.get(), failure.host.c_str());
  } else if (!config.insecure_skip_verify) {
    return Error::InvalidInput("TLS needs the server's name to check its certificate against");
  }
  return Secure(ctx, std::move(conn), std::move(ssl), &failure);
}

Result<std::unique_ptr<Conn>> TlsClient(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsConfig& config) {
  XEBEC_ASSIGN_OR_RETURN(auto tls, TlsContext::ForClient(config));
  return TlsClient(ctx, std::move(conn), *tls, config.server_name);
}

Result<std::unique_ptr<Conn>> TlsServer(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsContext& tls) {
  VerifyFailure failure;
  Owned<SSL> ssl(SSL_new(tls.impl().ctx));
  if (!ssl) return Error::Unreachable("TLS: out of memory");
  SSL_set_accept_state(ssl.get());
  return Secure(ctx, std::move(conn), std::move(ssl), &failure);
}

Result<std::unique_ptr<Conn>> TlsServer(const Context& ctx, std::unique_ptr<Conn> conn,
                                        const TlsConfig& config) {
  XEBEC_ASSIGN_OR_RETURN(auto tls, TlsContext::ForServer(config));
  return TlsServer(ctx, std::move(conn), *tls);
}

}  // namespace xebec::runtime::net
