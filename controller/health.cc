#include "controller/health.h"

#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "runtime/debug/log.h"
#include "runtime/panic.h"

namespace xebec::controller {
namespace {

// The values of `key` in a raw query, in order. Check names need no percent-decoding.
std::set<std::string, std::less<>> QueryValues(std::string_view query, std::string_view key) {
  std::set<std::string, std::less<>> values;
  while (!query.empty()) {
    const size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
    const size_t eq = pair.find('=');
    if (pair.substr(0, eq) == key) values.emplace(eq == pair.npos ? "" : pair.substr(eq + 1));
  }
  return values;
}

void Reply(runtime::http::ResponseWriter& response, int status, std::string body) {
  response.headers().Set("Content-Type", "text/plain; charset=utf-8");
  response.headers().Set("X-Content-Type-Options", "nosniff");
  response.headers().Set("Content-Length", std::to_string(body.size()));
  response.WriteHeader(status);
  (void)response.Write(body);
}

}  // namespace

void HealthChecks::Add(std::string name, HealthCheck check) {
  std::lock_guard lock(mu_);
  checks_[std::move(name)] = std::move(check);
}

void HealthChecks::Serve(runtime::http::Request& request,
                         runtime::http::ResponseWriter& response) const {
  std::map<std::string, HealthCheck> checks;
  {
    std::lock_guard lock(mu_);
    checks = checks_;
  }
  const std::string prefix = "/" + endpoint_ + "/";
  const bool verbose = !QueryValues(request.query, "verbose").empty();
  std::set<std::string, std::less<>> excluded = QueryValues(request.query, "exclude");
  if (request.path.size() > prefix.size() && request.path.starts_with(prefix)) {
    const std::string name = request.path.substr(prefix.size());
    auto found = checks.find(name);
    if (found == checks.end())
      return Reply(response, 404, fmt::format("no check named {:?}\n", name));
    checks = {*found};
  }

  std::string lines;
  bool healthy = true;
  for (const auto& [name, check] : checks) {
    if (excluded.erase(name) > 0) {
      lines += fmt::format("[+]{} excluded: ok\n", name);
      continue;
    }
    Result<void> result;
    if (auto panic = runtime::RunRecovering([&] { result = check(request.ctx); })) {
      result = Error::Internal("panic: " + panic->message);
    }
    if (result) {
      lines += fmt::format("[+]{} ok\n", name);
      continue;
    }
    healthy = false;
    // The reason goes to the log: a probe's answer may be read by anyone who reaches the port.
    lines += fmt::format("[-]{} failed: reason withheld\n", name);
    XLOG(Warn, "health check failed", {"endpoint", endpoint_}, {"check", name},
         {"error", result.error().ToString()});
  }
  for (const std::string& name : excluded)
    lines += fmt::format("warn: no check named {:?} to exclude\n", name);
  if (!healthy) return Reply(response, 500, lines + fmt::format("{} check failed\n", endpoint_));
  Reply(response, 200, verbose ? lines + fmt::format("{} check passed\n", endpoint_) : "ok");
}

}  // namespace xebec::controller
