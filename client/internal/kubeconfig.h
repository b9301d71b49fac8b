// Kubeconfig files: parsing, merging and the choice of a context. No file access but for the
// certificate, key and token files that an entry names.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/config.h"
#include "runtime/result.h"

namespace xebec::client::internal {

// Where an entry was written.
struct Origin {
  std::string file;
  int line = 0;  // counted from 1
};

struct ClusterEntry {
  std::string name;
  Origin origin;
  std::string server, tls_server_name, proxy_url;
  std::string ca_file, ca_data;
  bool insecure = false;
};

struct UserEntry {
  std::string name;
  Origin origin;
  std::string token, token_file, username, password;
  std::string cert_file, cert_data, key_file, key_data;
  Config::Impersonate impersonate;
  std::string exec_command;  // of an exec plugin
  bool exec = false;
  std::string auth_provider;  // its name
};

struct ContextEntry {
  std::string name;
  Origin origin;
  std::string cluster, user, namespace_;
};

// One file, or several merged.
struct Kubeconfig {
  std::vector<std::string> files;  // that were read
  std::string current_context;
  std::vector<ClusterEntry> clusters;
  std::vector<UserEntry> users;
  std::vector<ContextEntry> contexts;

  bool empty() const {
    return clusters.empty() && users.empty() && contexts.empty() && current_context.empty();
  }
};

// Parses one file's text. Errors name the file and the line.
Result<Kubeconfig> ParseKubeconfig(const std::string& text, const std::string& file);

// Adds what `base` does not have yet: the first file wins an entry whole.
void MergeKubeconfig(Kubeconfig& base, Kubeconfig&& next);

// Chooses `context` (or current-context), reads what its entries name and checks all of it.
Result<Config> ResolveKubeconfig(const Kubeconfig& kubeconfig, const std::string& context);

// Reads a whole file, handing the P over on a fiber. The error says why, without a prefix.
Result<std::string> ReadFile(const std::string& path, size_t limit = size_t{16} << 20);

// "a", "b", "c" and 3 more
std::string QuotedList(const std::vector<std::string>& names, size_t most = 8);

}  // namespace xebec::client::internal
