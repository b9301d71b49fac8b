// Certificates for tests, made on the spot.
#pragma once

#include <cstdint>
#include <string>

namespace xebec::client::testing {

struct Identity {
  std::string cert_pem;
  std::string key_pem;
};

// A self-signed certificate (EC P-256) that is its own authority, for `common_name` and 127.0.0.1,
// valid from `from` to `until`, both in seconds counted from now.
Identity MakeIdentity(const std::string& common_name, int64_t from = -60, int64_t until = 3600);

}  // namespace xebec::client::testing
