#include "tests/runtime/net/test_certs.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "runtime/sched/time.h"

namespace xebec::runtime::net::testing {
namespace {

struct Free {
  void operator()(X509* cert) const { X509_free(cert); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string Text(const Owned<BIO>& bio) {
  char* data = nullptr;
  const long n = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(n));
}

std::string Pem(X509* cert) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), cert);
  return Text(bio);
}

std::string Pem(EVP_PKEY* key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return Text(bio);
}

void AddExtension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX ctx;
  X509V3_set_ctx_nodb(&ctx);
  X509V3_set_ctx(&ctx, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &ctx, nid, value.c_str());
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

Owned<X509> NewCert(const CertOptions& options, EVP_PKEY* key) {
  static long serial = 1;
  Owned<X509> cert(X509_new());
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), ++serial);
  const time_t now = static_cast<time_t>(WallNanos() / 1'000'000'000);
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), now + options.valid_from);
  ASN1_TIME_set(X509_getm_notAfter(cert.get()), now + options.valid_until);
  X509_NAME* name = X509_get_subject_name(cert.get());
  const auto add = [&](const char* field, const std::string& value) {
    if (value.empty()) return;
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  };
  add("O", options.organization);
  add("CN", options.common_name);
  X509_set_pubkey(cert.get(), key);
  return cert;
}

}  // namespace

struct TestAuthority::Impl {
  Owned<EVP_PKEY> key{EVP_EC_gen("P-256")};
  Owned<X509> cert;
};

TestAuthority::TestAuthority(const std::string& name) : impl_(std::make_unique<Impl>()) {
  CertOptions options;
  options.common_name = name;
  options.valid_from = -360'000;
  options.valid_until = 360'000;
  impl_->cert = NewCert(options, impl_->key.get());
  X509_set_issuer_name(impl_->cert.get(), X509_get_subject_name(impl_->cert.get()));
  AddExtension(impl_->cert.get(), impl_->cert.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(impl_->cert.get(), impl_->cert.get(), NID_key_usage, "critical,keyCertSign");
  X509_sign(impl_->cert.get(), impl_->key.get(), EVP_sha256());
  cert_pem_ = Pem(impl_->cert.get());
}

TestAuthority::~TestAuthority() = default;

CertAndKey TestAuthority::Issue(const CertOptions& options) const {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Owned<X509> cert = NewCert(options, key.get());
  X509_set_issuer_name(cert.get(), X509_get_subject_name(impl_->cert.get()));
  std::string names;
  for (const std::string& name : options.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) AddExtension(cert.get(), impl_->cert.get(), NID_subject_alt_name, names);
  X509_sign(cert.get(), impl_->key.get(), EVP_sha256());
  return {Pem(cert.get()), Pem(key.get())};
}

}  // namespace xebec::runtime::net::testing
