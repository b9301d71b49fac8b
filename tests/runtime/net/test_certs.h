// Certificates for tests, made when they are needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace xebec::runtime::net::testing {

struct CertOptions {
  std::string common_name = "server";
  std::string organization;
  // "DNS:localhost", "IP:127.0.0.1".
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};
  // Seconds from now, in the runtime's clock.
  int64_t valid_from = -3600;
  int64_t valid_until = 3600;
};

struct CertAndKey {
  std::string cert_pem;
  std::string key_pem;
};

// An authority that signs them.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "test authority");
  ~TestAuthority();
  const std::string& cert_pem() const { return cert_pem_; }
  CertAndKey Issue(const CertOptions& options = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string cert_pem_;
};

}  // namespace xebec::runtime::net::testing
