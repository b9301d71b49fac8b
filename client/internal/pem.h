// Checks of what a kubeconfig carries: base64, certificates and keys. OpenSSL stays in the .cc
// file.
#pragma once

#include <string>
#include <string_view>

#include "runtime/result.h"

namespace xebec::client::internal {

// Decodes standard base64; whitespace is skipped. The error says what is wrong and at which
// character.
Result<std::string> DecodeBase64(std::string_view text);

// Checks that `pem` holds at least one certificate and that the first is valid at `now_ns`
// (nanoseconds since 1970). The error is the rest of a sentence: "holds no certificate", "expired
// on 2020-01-02…".
Result<void> CheckCertificates(const std::string& pem, int64_t now_ns);

// As above for a bundle of authorities: fails only if none of them is valid.
Result<void> CheckAuthorities(const std::string& pem, int64_t now_ns);

// Checks that `key_pem` is an unencrypted private key and belongs to the first certificate.
Result<void> CheckKey(const std::string& cert_pem, const std::string& key_pem);

}  // namespace xebec::client::internal
