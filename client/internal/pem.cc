#include "client/internal/pem.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <vector>

namespace xebec::client::internal {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

BioPtr Memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never prompts on the terminal: an encrypted key is an error.
int NoPassword(char*, int, int, void*) { return -1; }

Result<std::vector<X509Ptr>> ReadCertificates(const std::string& pem) {
  BioPtr bio = Memory(pem);
  std::vector<X509Ptr> out;
  ERR_clear_error();
  while (true) {
    X509Ptr cert(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
    if (!cert) break;
    out.push_back(std::move(cert));
  }
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const bool end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (out.empty()) {
    return Error::InvalidInput(end ? "holds no PEM certificate (no BEGIN CERTIFICATE line)"
                                   : "holds a certificate that cannot be decoded");
  }
  if (!end) {
    return Error::InvalidInput(
        fmt::format("holds a certificate that cannot be decoded after {} good one(s)", out.size()));
  }
  return out;
}

int64_t ToUnix(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return 0;
  return timegm(&tm);
}

std::string Date(int64_t unix_seconds) {
  const std::time_t t = unix_seconds;
  std::tm tm{};
  gmtime_r(&t, &tm);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

Result<void> CheckValidity(X509* cert, int64_t now_ns) {
  const int64_t now = now_ns / 1'000'000'000;
  const int64_t from = ToUnix(X509_get0_notBefore(cert));
  const int64_t until = ToUnix(X509_get0_notAfter(cert));
  if (now > until) return Error::InvalidInput(fmt::format("expired on {}", Date(until)));
  // A minute of grace: clocks differ, and kind's certificates are seconds old when first used.
  if (now + 60 < from)
    return Error::InvalidInput(fmt::format("is not valid before {}", Date(from)));
  return {};
}

}  // namespace

Result<std::string> DecodeBase64(std::string_view text) {
  static constexpr auto kTable = [] {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    for (size_t i = 0; i < kAlphabet.size(); ++i) {
      table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
    }
    return table;
  }();
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0;
  int padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int8_t value = kTable[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) {
      return Error::InvalidInput(fmt::format("is not base64: unexpected character at {}", i + 1));
    }
    bits = bits << 6 | static_cast<uint32_t>(value);
    if (++count == 4) {
      out.push_back(static_cast<char>(bits >> 16));
      out.push_back(static_cast<char>(bits >> 8));
      out.push_back(static_cast<char>(bits));
      bits = 0;
      count = 0;
    }
  }
  if (count == 1 || (padding > 0 && count + padding != 4) || (padding == 0 && count != 0)) {
    return Error::InvalidInput("is not base64: it is cut short");
  }
  if (count == 2) out.push_back(static_cast<char>(bits >> 4));
  if (count == 3) {
    out.push_back(static_cast<char>(bits >> 10));
    out.push_back(static_cast<char>(bits >> 2));
  }
  return out;
}

Result<void> CheckCertificates(const std::string& pem, int64_t now_ns) {
  auto certs = ReadCertificates(pem);
  if (!certs.ok()) return certs.error();
  return CheckValidity(certs->front().get(), now_ns);
}

Result<void> CheckAuthorities(const std::string& pem, int64_t now_ns) {
  auto certs = ReadCertificates(pem);
  if (!certs.ok()) return certs.error();
  Result<void> last;
  for (const auto& cert : *certs) {
    last = CheckValidity(cert.get(), now_ns);
    if (last.ok()) return last;
  }
  return last;
}

Result<void> CheckKey(const std::string& cert_pem, const std::string& key_pem) {
  auto certs = ReadCertificates(cert_pem);
  if (!certs.ok()) return certs.error();
  BioPtr bio = Memory(key_pem);
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (!key) {
    if (key_pem.find("ENCRYPTED") != std::string::npos) {
      return Error::InvalidInput(
          "is encrypted: decrypt it first (openssl pkey -in KEY -out KEY.plain)");
    }
    return Error::InvalidInput("holds no PEM private key that can be decoded");
  }
  const bool match = X509_check_private_key(certs->front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!match) return Error::InvalidInput("does not belong to the client certificate");
  return {};
}

}  // namespace xebec::client::internal
