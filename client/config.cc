#include "client/config.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "client/internal/kubeconfig.h"
#include "client/internal/pem.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"

namespace xebec::client {
namespace internal {
namespace {

struct ReadOutcome {
  std::string text;
  int error = 0;
  bool too_large = false;
};

ReadOutcome ReadFileBlocking(const std::string& path, size_t limit) {
  ReadOutcome out;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    out.error = errno;
    return out;
  }
  struct stat st{};
  if (::fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
    out.error = EISDIR;
  }
  char buffer[16384];
  while (out.error == 0) {
    const ssize_t n = ::read(fd, buffer, sizeof(buffer));
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      out.error = errno;
      break;
    }
    out.text.append(buffer, static_cast<size_t>(n));
    if (out.text.size() > limit) {
      out.too_large = true;
      break;
    }
  }
  ::close(fd);
  return out;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t limit) {
  ReadOutcome out = runtime::OnFiber()
                        ? runtime::Blocking([&] { return ReadFileBlocking(path, limit); })
                        : ReadFileBlocking(path, limit);
  if (out.error != 0) {
    char text[128];
    Error error = Error::InvalidInput(::strerror_r(out.error, text, sizeof(text)));
    if (out.error == ENOENT) error.reason = "NotFound";
    return error;
  }
  if (out.too_large)
    return Error::InvalidInput(fmt::format("it is larger than {} MiB", limit >> 20));
  return std::move(out.text);
}

}  // namespace internal

namespace {

using internal::Kubeconfig;

std::optional<std::string> Environment(const LoadOptions& options, const std::string& name) {
  if (options.getenv) return options.getenv(name);
  const char* value = ::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Kubeconfig> ReadKubeconfig(const std::string& path) {
  auto text = internal::ReadFile(path);
  if (!text.ok()) {
    Error error = text.error();
    error.message = fmt::format("cannot read kubeconfig \"{}\": {}", path, error.message);
    return error;
  }
  return internal::ParseKubeconfig(*text, path);
}

Error EmptyFile(const std::string& path) {
  return Error::InvalidInput(fmt::format(
      "kubeconfig \"{}\" is empty: write one (kind get kubeconfig, kubectl config view --raw)",
      path));
}

Result<Config> LoadOne(const std::string& path, const std::string& context, std::string_view flag) {
  auto kubeconfig = ReadKubeconfig(path);
  if (!kubeconfig.ok()) {
    Error error = kubeconfig.error();
    if (error.reason == "NotFound") error.message += fmt::format(" ({})", flag);
    error.reason = Error::InvalidInput("").reason;
    return error;
  }
  if (kubeconfig->empty()) return EmptyFile(path);
  return internal::ResolveKubeconfig(*kubeconfig, context);
}

std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> out;
  size_t from = 0;
  while (from <= list.size()) {
    const size_t to = std::min(list.find(':', from), list.size());
    if (to > from) out.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

// Merges the files of a KUBECONFIG list. Missing ones are skipped; empty if none is there.
Result<Kubeconfig> LoadList(const std::vector<std::string>& paths) {
  Kubeconfig merged;
  for (const std::string& path : paths) {
    auto next = ReadKubeconfig(path);
    if (next.ok()) {
      internal::MergeKubeconfig(merged, std::move(*next));
    } else if (next.error().reason != "NotFound") {
      return next.error();
    }
  }
  return merged;
}

std::string Trim(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  size_t start = 0;
  while (start < text.size() && std::isspace(static_cast<unsigned char>(text[start]))) ++start;
  return text.substr(start);
}

}  // namespace

Result<Config> Config::InCluster(const LoadOptions& options) {
  const auto host = Environment(options, "KUBERNETES_SERVICE_HOST");
  const auto port = Environment(options, "KUBERNETES_SERVICE_PORT");
  if (!host || host->empty() || !port || port->empty()) {
    Error error = Error::InvalidInput(
        "this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
    error.reason = "NotFound";
    return error;
  }
  Config out;
  const bool v6 = host->find(':') != std::string::npos;
  out.host = fmt::format("https://{}:{}", v6 ? "[" + *host + "]" : *host, *port);
  out.origin = fmt::format("service account \"{}\"", options.service_account_dir);
  XEBEC_TRY(ServerUrl::Parse(out.host));
  out.bearer_token_file = options.service_account_dir + "/token";
  auto token = internal::ReadFile(out.bearer_token_file);
  if (!token.ok()) {
    return Error::InvalidInput(fmt::format(
        "cannot read the service account's token \"{}\": {} (automountServiceAccountToken "
        "of the pod must not be false)",
        out.bearer_token_file, token.error().message));
  }
  out.bearer_token = Trim(std::move(*token));
  if (out.bearer_token.empty()) {
    return Error::InvalidInput(
        fmt::format("the service account's token \"{}\" is empty", out.bearer_token_file));
  }
  const std::string ca = options.service_account_dir + "/ca.crt";
  auto pem = internal::ReadFile(ca);
  if (!pem.ok()) {
    return Error::InvalidInput(fmt::format("cannot read the service account's authority \"{}\": {}",
                                           ca, pem.error().message));
  }
  auto checked = internal::CheckAuthorities(*pem, runtime::WallNanos());
  if (!checked.ok()) {
    return Error::InvalidInput(
        fmt::format("the service account's authority \"{}\" {}", ca, checked.error().message));
  }
  out.tls.ca_pem = std::move(*pem);
  auto ns = internal::ReadFile(options.service_account_dir + "/namespace");
  if (ns.ok() && !Trim(*ns).empty()) out.namespace_ = Trim(*ns);
  return out;
}

Result<Config> Config::Load(const LoadOptions& options) {
  if (!options.kubeconfig.empty()) {
    return LoadOne(options.kubeconfig, options.context, "given with --kubeconfig");
  }
  const std::vector<std::string> listed =
      SplitList(Environment(options, "KUBECONFIG").value_or(std::string()));
  if (!listed.empty()) {
    XEBEC_ASSIGN_OR_RETURN(Kubeconfig merged, LoadList(listed));
    if (!merged.empty()) return internal::ResolveKubeconfig(merged, options.context);
    if (!merged.files.empty()) return EmptyFile(merged.files.front());
  }
  auto in_cluster = InCluster(options);
  if (in_cluster.ok() || in_cluster.error().reason != "NotFound") return in_cluster;
  if (!listed.empty()) {
    return Error::InvalidInput(fmt::format(
        "none of the files in KUBECONFIG exists: {}; write one (kind get kubeconfig) or unset it",
        internal::QuotedList(listed)));
  }
  const std::string home = Environment(options, "HOME").value_or("");
  const std::string path = home + "/.kube/config";
  auto config = ReadKubeconfig(path);
  if (!config.ok() && config.error().reason == "NotFound") {
    return Error::InvalidInput(
        fmt::format("no cluster is configured: --kubeconfig and KUBECONFIG are not given, this is "
                    "no pod and \"{}\" "
                    "does not exist; write one (kind create cluster) or pass --kubeconfig FILE",
                    path));
  }
  if (!config.ok()) return config.error();
  if (config->empty()) return EmptyFile(path);
  return internal::ResolveKubeconfig(*config, options.context);
}

Result<Config> Config::FromKubeconfig(const std::string& text, const std::string& name,
                                      const std::string& context) {
  XEBEC_ASSIGN_OR_RETURN(Kubeconfig kubeconfig, internal::ParseKubeconfig(text, name));
  if (kubeconfig.empty()) return EmptyFile(name);
  return internal::ResolveKubeconfig(kubeconfig, context);
}

std::string Config::ToString() const {
  std::string who = !tls.cert_pem.empty()        ? "client certificate"
                    : !bearer_token_file.empty() ? fmt::format("token of \"{}\"", bearer_token_file)
                    : !bearer_token.empty()      ? "token"
                    : !username.empty()          ? fmt::format("user name \"{}\"", username)
                                                 : "no credentials";
  return fmt::format("{} (namespace {}, {}{}{})", host, namespace_, who,
                     tls.insecure_skip_verify ? ", server NOT verified" : "",
                     origin.empty() ? "" : ", from " + origin);
}

Result<ServerUrl> ServerUrl::Parse(const std::string& text, bool tls_hint) {
  const auto bad = [&](const char* why) {
    return Error::InvalidInput(
        fmt::format("server \"{}\" {}: https://HOST:PORT is expected", text, why));
  };
  ServerUrl out;
  std::string rest = text;
  const size_t scheme_end = text.find("://");
  if (scheme_end != std::string::npos) {
    const std::string scheme = text.substr(0, scheme_end);
    if (scheme != "https" && scheme != "http")
      return bad("has a scheme that is neither http nor https");
    out.https = scheme == "https";
    rest = text.substr(scheme_end + 3);
  } else {
    out.https = tls_hint;
  }
  if (rest.find_first_of("?#@ \t\r\n") != std::string::npos) {
    // The text may hold a password before '@': it is not repeated.
    return Error::InvalidInput(
        "the server's address may hold no user, query, fragment or space: "
        "https://HOST:PORT is expected");
  }
  const size_t slash = rest.find('/');
  std::string authority = rest.substr(0, slash);
  if (slash != std::string::npos) out.base_path = rest.substr(slash);
  while (!out.base_path.empty() && out.base_path.back() == '/') out.base_path.pop_back();
  std::string port;
  if (!authority.empty() && authority[0] == '[') {
    const size_t close = authority.find(']');
    if (close == std::string::npos) return bad("has a bracket that is not closed");
    out.host = authority.substr(1, close - 1);
    authority = authority.substr(close + 1);
    if (!authority.empty() && authority[0] != ':') return bad("is malformed after the bracket");
    if (!authority.empty()) port = authority.substr(1);
  } else {
    const size_t colon = authority.find(':');
    out.host = authority.substr(0, colon);
    if (colon != std::string::npos) port = authority.substr(colon + 1);
  }
  if (out.host.empty()) return bad("names no host");
  out.port = out.https ? 443 : 80;
  if (!port.empty()) {
    if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos) {
      return bad("has a malformed port");
    }
    out.port = std::stoi(port);
    if (out.port < 1 || out.port > 65535) return bad("has a port out of range");
  }
  return out;
}

}  // namespace xebec::client
