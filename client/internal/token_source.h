#pragma once

#include <cstdint>
#include <string>

#include "runtime/sync/mutex.h"

namespace xebec::client::internal {

// A bearer token, fixed or from a file that is rotated under us (service accounts: every hour or
// so). Thread-safe; Get() may read the file and block.
class TokenSource {
 public:
  // How long a token that was read is used without looking at the file again.
  static constexpr int64_t kFresh = 30'000'000'000;

  TokenSource(std::string token, std::string file);

  // The token; a file that cannot be read keeps the last one. Empty: there is none.
  std::string Get();
  // The server said 401: the next Get reads the file again.
  void Invalidate();

 private:
  const std::string file_;
  runtime::Mutex mu_;
  std::string token_;    // guarded by mu_
  int64_t read_at_ = 0;  // guarded by mu_; NanoTime, 0: read again
};

}  // namespace xebec::client::internal
