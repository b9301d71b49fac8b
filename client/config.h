// Where the API server is and who we are there: kubeconfig files and the service account of a pod.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/result.h"

namespace xebec::client {

// What Config::Load looks at. Every field has a default that suits a program.
struct LoadOptions {
  // The --kubeconfig flag: this one file, which must exist. Empty: KUBECONFIG, then the service
  // account of the pod, then ~/.kube/config.
  std::string kubeconfig;
  // The context to use. Empty: the files' current-context.
  std::string context;
  // Reads one environment variable. Default: the process's environment.
  std::function<std::optional<std::string>(const std::string& name)> getenv;
  // Where a pod's service account is mounted.
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// A resolved client configuration: a value, copied freely; everything in it has been read and
// checked.
//
// Credentials (tokens, passwords, keys) appear in no message and not in ToString().
struct Config {
  struct Tls {
    std::string ca_pem;       // empty: the system's authorities
    std::string cert_pem;     // client certificate chain, leaf first; empty: none
    std::string key_pem;      // its private key
    std::string server_name;  // empty: the host of `host`
    bool insecure_skip_verify = false;
  };

  struct Impersonate {
    std::string user, uid;
    std::vector<std::string> groups;
    std::map<std::string, std::vector<std::string>> extra;
  };

  // "https://127.0.0.1:6443", perhaps with a path in front of every request's path.
  std::string host;
  Tls tls;
  // Sent over TLS only, as in client-go. A file is read again at most once in 30 s and wins over
  // the value once it could be read.
  std::string bearer_token, bearer_token_file;
  std::string username, password;
  Impersonate impersonate;
  // The context's namespace. Default: "default".
  std::string namespace_ = "default";
  // Default: "xebec/<version> (linux/amd64)".
  std::string user_agent;
  // Deadline of a call whose Context has none. Watches: time to the response's headers.
  std::chrono::milliseconds timeout{30'000};
  // Client-side rate limit, requests a second and burst; 0: none. Watches are not limited.
  double qps = 0;
  int burst = 0;
  // Where this came from, for messages: `kubeconfig "/etc/kube/config", context "kind-kind"`.
  std::string origin;

  // Finds, reads, merges and checks the configuration. Reads files: blocks (handed off on a fiber).
  //
  // A list in KUBECONFIG is merged as kubectl does it: the first file that names a cluster, user or
  // context wins it whole, missing files are skipped, relative paths count from their file. Errors
  // are InvalidInput, one line that names the file, the entry and what to do.
  static Result<Config> Load(const LoadOptions& options = {});

  // The configuration of one kubeconfig given as text, as the embedded server hands it out. `name`
  // stands for the file in messages; relative paths count from the current folder.
  static Result<Config> FromKubeconfig(const std::string& text,
                                       const std::string& name = "kubeconfig",
                                       const std::string& context = "");

  // The service account of the pod we run in; NotFound reason when this is no pod.
  static Result<Config> InCluster(const LoadOptions& options = {});

  // One line for logs, without credentials.
  std::string ToString() const;
};

// A server address taken apart.
struct ServerUrl {
  bool https = true;
  std::string host;  // without brackets
  int port = 443;
  std::string base_path;  // "" or "/prefix", no slash at the end

  // Accepts "https://h:p/prefix", "http://…", "h:p" (https if `tls_hint`).
  static Result<ServerUrl> Parse(const std::string& text, bool tls_hint = true);
};

}  // namespace xebec::client
