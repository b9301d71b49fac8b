#include "client/internal/token_source.h"

#include <mutex>
#include <utility>

#include "client/internal/kubeconfig.h"
#include "runtime/debug/log.h"
#include "runtime/sched/time.h"

namespace xebec::client::internal {

TokenSource::TokenSource(std::string token, std::string file)
    : file_(std::move(file)), token_(std::move(token)), read_at_(runtime::NanoTime()) {}

std::string TokenSource::Get() {
  if (file_.empty()) return token_;
  std::lock_guard lock(mu_);
  const int64_t now = runtime::NanoTime();
  if (read_at_ != 0 && now - read_at_ < kFresh) return token_;
  read_at_ = now;
  auto text = ReadFile(file_);
  if (!text.ok()) {
    XLOG(Warn, "cannot read the token file again; the last token stays", {"file", file_},
         {"error", text.error().message});
    return token_;
  }
  std::string token = std::move(*text);
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
  const bool clean = token.find_first_of(std::string_view("\0\r\n\t ", 5)) == std::string::npos;
  if (!token.empty() && clean) token_ = std::move(token);
  return token_;
}

void TokenSource::Invalidate() {
  if (file_.empty()) return;
  std::lock_guard lock(mu_);
  read_at_ = 0;
}

}  // namespace xebec::client::internal
