// One connection of an HTTP server.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/context.h"
#include "runtime/net/http.h"
#include "runtime/net/internal/buffered_conn.h"
#include "runtime/net/internal/response_writer.h"
#include "runtime/net/internal/server_engine.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"

namespace xebec::runtime::http::internal {

// Takes what still comes from a client that was answered before it had sent everything, for at most
// half a second. Closing at once would reset the connection, and it might never see the answer.
void Linger(net::Conn& conn);

// Reads requests, runs the handler and answers, until either side closes.
//
// While a handler runs, a second fiber may watch for the client's going away (which cancels the
// request's context): it is started when the answer begins to stream, or when the handler has
// taken 100 ms, so that short requests do not pay for it. Only it reads from the connection then,
// and only the handler's fiber writes.
class ServerConn final : public RequestHandler, public std::enable_shared_from_this<ServerConn> {
 public:
  // What the server gives to its connections.
  struct Server {
    const ServerOptions& options;
    Engine& engine;
    const Context& ctx;  // cancelled when the server stops
    const std::function<void(Request&, ResponseWriter&)>& dispatch;
    // False once the server stops: the connection is to end.
    const std::function<bool(uint64_t id, bool idle)>& set_idle;
  };

  ServerConn(uint64_t id, std::unique_ptr<net::Conn> conn, Server server);

  // Serves until the connection ends. Blocks.
  void Run();
  // Ends it from any fiber.
  void Close() { conn_->Close(); }
  uint64_t id() const { return id_; }

  void Handle(const httplib::Request& request, httplib::Response& response) override;

 private:
  enum class Watch { kOff, kArmed, kRunning, kDone };

  bool ServeOne();
  // Reads the request's body; a status to answer with if that fails, 0 if the client is gone.
  std::optional<int> ReadBody(Request& request);
  void RunHandler(Request& request, ConnResponseWriter& writer, httplib::Response& response);
  void Refuse(int status);

  void ArmWatch(CancelFunc cancel);
  void StartWatch();
  void RunWatch();
  void EndWatch();

  const uint64_t id_;
  const std::unique_ptr<net::Conn> conn_;
  const Server server_;
  BufferedConn io_;
  EngineStream stream_;
  const std::string remote_addr_;
  const std::string tls_subject_;

  bool must_close_ = false;   // after this answer
  bool unread_body_ = false;  // the client may still be sending
  bool aborted_ = false;      // the answer is incomplete

  Mutex watch_mu_;
  Watch watch_ = Watch::kOff;  // guarded by watch_mu_
  CancelFunc cancel_;          // guarded by watch_mu_ while kArmed or kRunning
  Chan<Unit> watch_done_{1};   // sent to when kRunning becomes kDone
  std::optional<FuncTimer> watch_timer_;
};

}  // namespace xebec::runtime::http::internal
