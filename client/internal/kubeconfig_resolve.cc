#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "client/internal/kubeconfig.h"
#include "client/internal/pem.h"
#include "runtime/sched/time.h"

namespace xebec::client::internal {
namespace {

template <class Entry>
std::vector<std::string> Names(const std::vector<Entry>& entries) {
  std::vector<std::string> out;
  for (const Entry& entry : entries) out.push_back(entry.name);
  std::sort(out.begin(), out.end());
  return out;
}

template <class Entry>
const Entry* Find(const std::vector<Entry>& entries, const std::string& name) {
  auto it =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
  return it == entries.end() ? nullptr : &*it;
}

// `kubeconfig "/etc/kube/config" line 12, user "admin"`
std::string Where(const Origin& origin, std::string_view kind, const std::string& name) {
  return fmt::format("kubeconfig \"{}\" line {}, {} \"{}\"", origin.file, origin.line, kind, name);
}

Error Bad(const std::string& where, const std::string& what) {
  return Error::InvalidInput(fmt::format("{}: {}", where, what));
}

std::string Beside(const Origin& origin, const std::string& path) {
  const std::filesystem::path p(path);
  if (p.is_absolute()) return path;
  return (std::filesystem::path(origin.file).parent_path() / p).lexically_normal().string();
}

// The bytes of `field`-data, or of the file that `field` names; empty if neither is there.
// `label` receives how messages call them.
Result<std::string> DataOrFile(const std::string& where, const Origin& origin, const char* field,
                               const std::string& data, const std::string& path,
                               std::string& label) {
  if (!data.empty()) {
    label = fmt::format("{}-data", field);
    auto bytes = DecodeBase64(data);
    if (!bytes.ok()) {
      return Bad(where,
                 fmt::format("{} {}: copy the whole value again", label, bytes.error().message));
    }
    return bytes;
  }
  if (path.empty()) return std::string();
  const std::string full = Beside(origin, path);
  label = fmt::format("{} \"{}\"", field, full);
  auto bytes = ReadFile(full);
  if (!bytes.ok()) {
    return Bad(where, fmt::format("cannot read {}: {}", label, bytes.error().message));
  }
  return bytes;
}

Result<void> ApplyCluster(const ClusterEntry& cluster, Config& out) {
  const std::string where = Where(cluster.origin, "cluster", cluster.name);
  if (cluster.server.empty()) {
    return Bad(where, "it has no server: add server: https://HOST:PORT");
  }
  if (!cluster.proxy_url.empty()) {
    return Bad(where, "proxy-url is not supported: reach the server directly and remove it");
  }
  std::string label;
  XEBEC_ASSIGN_OR_RETURN(out.tls.ca_pem, DataOrFile(where, cluster.origin, "certificate-authority",
                                                    cluster.ca_data, cluster.ca_file, label));
  if (cluster.insecure && !out.tls.ca_pem.empty()) {
    return Bad(where,
               "insecure-skip-tls-verify and certificate-authority exclude each other: "
               "remove one");
  }
  if (!out.tls.ca_pem.empty()) {
    auto checked = CheckAuthorities(out.tls.ca_pem, runtime::WallNanos());
    if (!checked.ok()) {
      return Bad(where, fmt::format("{} {}: fetch the cluster's kubeconfig again", label,
                                    checked.error().message));
    }
  }
  out.host = cluster.server;
  out.tls.server_name = cluster.tls_server_name;
  out.tls.insecure_skip_verify = cluster.insecure;
  auto url = ServerUrl::Parse(out.host, /*tls_hint=*/!out.tls.ca_pem.empty());
  if (!url.ok()) return Bad(where, url.error().message);
  return {};
}

Result<void> ApplyCertificate(const std::string& where, const UserEntry& user, Config& out) {
  std::string cert_label, key_label;
  XEBEC_ASSIGN_OR_RETURN(out.tls.cert_pem, DataOrFile(where, user.origin, "client-certificate",
                                                      user.cert_data, user.cert_file, cert_label));
  XEBEC_ASSIGN_OR_RETURN(out.tls.key_pem, DataOrFile(where, user.origin, "client-key",
                                                     user.key_data, user.key_file, key_label));
  if (out.tls.cert_pem.empty() != out.tls.key_pem.empty()) {
    return Bad(where, out.tls.cert_pem.empty()
                          ? fmt::format("{} without a client-certificate: add it", key_label)
                          : fmt::format("{} without a client-key: add it", cert_label));
  }
  if (out.tls.cert_pem.empty()) return {};
  auto cert = CheckCertificates(out.tls.cert_pem, runtime::WallNanos());
  if (!cert.ok()) {
    return Bad(where, fmt::format("{} {}: renew it and write the kubeconfig again", cert_label,
                                  cert.error().message));
  }
  auto key = CheckKey(out.tls.cert_pem, out.tls.key_pem);
  if (!key.ok()) return Bad(where, fmt::format("{} {}", key_label, key.error().message));
  return {};
}

Result<void> ApplyUser(const UserEntry& user, Config& out) {
  const std::string where = Where(user.origin, "user", user.name);
  XEBEC_TRY(ApplyCertificate(where, user, out));
  out.bearer_token = user.token;
  out.username = user.username;
  out.password = user.password;
  out.impersonate = user.impersonate;
  if (user.token.empty() && !user.token_file.empty()) {
    out.bearer_token_file = Beside(user.origin, user.token_file);
    auto token = ReadFile(out.bearer_token_file);
    if (!token.ok()) {
      return Bad(where, fmt::format("cannot read tokenFile \"{}\": {}", out.bearer_token_file,
                                    token.error().message));
    }
    out.bearer_token = std::move(*token);
    while (!out.bearer_token.empty() &&
           std::isspace(static_cast<unsigned char>(out.bearer_token.back()))) {
      out.bearer_token.pop_back();
    }
    if (out.bearer_token.empty()) {
      return Bad(where, fmt::format("tokenFile \"{}\" is empty", out.bearer_token_file));
    }
  }
  for (const char c : out.bearer_token) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      return Bad(where, "the token holds a space or a control character: copy it again");
    }
  }
  const bool identified =
      !out.bearer_token.empty() || !out.tls.cert_pem.empty() || !user.username.empty();
  if (!identified && user.exec) {
    return Bad(where,
               fmt::format("it needs the exec plugin \"{}\", which is not supported: use a token "
                           "(kubectl create token ACCOUNT) or a client certificate",
                           user.exec_command));
  }
  if (!identified && !user.auth_provider.empty()) {
    return Bad(where,
               fmt::format("it needs the auth-provider \"{}\", which is not supported: use a "
                           "token or a client certificate",
                           user.auth_provider));
  }
  return {};
}

std::string Files(const Kubeconfig& kubeconfig) {
  return fmt::format("kubeconfig {}", QuotedList(kubeconfig.files));
}

}  // namespace

Result<Config> ResolveKubeconfig(const Kubeconfig& kubeconfig, const std::string& context) {
  const std::string known =
      kubeconfig.contexts.empty()
          ? "it holds no context"
          : fmt::format("contexts there: {}", QuotedList(Names(kubeconfig.contexts)));
  const std::string wanted = context.empty() ? kubeconfig.current_context : context;
  if (wanted.empty()) {
    return Bad(
        Files(kubeconfig),
        fmt::format("no current-context is set; {}: choose one with kubectl config use-context",
                    known));
  }
  const ContextEntry* chosen = Find(kubeconfig.contexts, wanted);
  if (chosen == nullptr) {
    return Bad(Files(kubeconfig),
               fmt::format("{} \"{}\" does not exist; {}",
                           context.empty() ? "current-context" : "context", wanted, known));
  }
  const std::string where = Where(chosen->origin, "context", chosen->name);
  if (chosen->cluster.empty()) return Bad(where, "it names no cluster: add cluster: NAME");
  const ClusterEntry* cluster = Find(kubeconfig.clusters, chosen->cluster);
  if (cluster == nullptr) {
    return Bad(where, fmt::format("cluster \"{}\" does not exist; clusters there: {}",
                                  chosen->cluster, QuotedList(Names(kubeconfig.clusters))));
  }
  Config out;
  out.origin = fmt::format("kubeconfig \"{}\", context \"{}\"", chosen->origin.file, chosen->name);
  if (!chosen->namespace_.empty()) out.namespace_ = chosen->namespace_;
  XEBEC_TRY(ApplyCluster(*cluster, out));
  if (!chosen->user.empty()) {
    const UserEntry* user = Find(kubeconfig.users, chosen->user);
    if (user == nullptr) {
      return Bad(where, fmt::format("user \"{}\" does not exist; users there: {}", chosen->user,
                                    QuotedList(Names(kubeconfig.users))));
    }
    XEBEC_TRY(ApplyUser(*user, out));
  }
  return out;
}

}  // namespace xebec::client::internal
