#pragma once

#include <functional>
#include <string>

#include "runtime/debug/metrics.h"

namespace xebec::client {

// What a Client is given besides its Config.
struct ClientOptions {
  // Where rest_client_* go. Default: the process's registry.
  runtime::Metrics* metrics = nullptr;
  // Called with the text of each `Warning: 299` header, on the calling fiber; must not block.
  // Default: a log line at Warn.
  std::function<void(const std::string& text)> warning_handler;
  // One answer (after decompression) may have so many bytes; a longer one is an error.
  size_t max_response_bytes = size_t{256} << 20;
  // One object may have so many bytes. API servers refuse more than about 3 MiB.
  size_t max_object_bytes = size_t{64} << 20;
  // Connections that unary calls use at once.
  size_t max_connections = 100;
};

}  // namespace xebec::client
