#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "apiserver/options.h"
#include "runtime/net/http.h"
#include "runtime/net/transport.h"
#include "runtime/result.h"

namespace xebec::apiserver {

// An API server in memory: the double for tests of controllers, and the default of the demo. It
// keeps nothing over its end and has no access control.
//
//   apiserver::Server server;
//   client::Client client(server.InProcessTransport());          // no sockets, the same bytes
//   XEBEC_ASSIGN_OR_RETURN(auto url, server.Start("127.0.0.1:0"));  // and over TCP
//
// Made and used on fibers. Thread-safe. Deterministic in a simulation: times, uids and generated
// names come from the runtime's clock and Rand.
class Server {
 public:
  explicit Server(Options options = {});
  // Stop().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds `address` ("127.0.0.1:0": a free port), serves in fibers, and returns Url(). Errors:
  // InvalidInput where the address is malformed, not of the loopback (unless
  // Options::allow_remote), or cannot be bound.
  Result<std::string> Start(std::string_view address);
  // "http://127.0.0.1:PORT"; empty before Start.
  std::string Url() const;
  // A kubeconfig for Url(), as kubectl takes it.
  std::string Kubeconfig() const;

  // A transport whose connections are pipes into this server. It may outlive the server; then its
  // calls fail as Unreachable.
  std::shared_ptr<runtime::http::Transport> InProcessTransport(
      runtime::http::TransportOptions options = {});
  // What the connections are served by: to serve more paths beside the API.
  runtime::http::Handler Handler();

  // Ends watches, lets other requests finish (5 s at most), closes all connections and waits for
  // the server's fibers. Blocks. A second call does nothing.
  void Stop();

  // The newest revision.
  uint64_t Revision() const;
  // Forgets all past revisions, as etcd's compaction does: continued lists and watches that are
  // behind get 410.
  void CompactLog();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xebec::apiserver
