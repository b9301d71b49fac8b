// A proxy that misbehaves on purpose: between a client and a server, over TCP or in memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "runtime/context.h"
#include "runtime/net/conn.h"
#include "runtime/net/dialer.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/wait_group.h"

namespace xebec::fault {

// What happens to a connection. Counts are bytes of what the server sends, header included.
struct Fault {
  enum class Kind {
    kNone,      // everything passes
    kRefuse,    // no connection (in memory: Dial fails; over TCP: closed before anything is read)
    kHang,      // accepted, the request is read, nothing is ever answered
    kDelay,     // each piece that the server sends arrives `delay` later
    kCut,       // after `bytes` the connection is closed
    kTruncate,  // after `bytes` of the *body* the answer ends as if it were whole (the length is
                // made to fit): truncated JSON in a valid HTTP answer
    kCorrupt,   // after `bytes` the text `inject` is inserted
    kAnswer,    // `inject` is the whole answer to each request; the server is never asked
  };
  Kind kind = Kind::kNone;
  size_t bytes = 0;
  std::chrono::nanoseconds delay{0};
  std::string inject;

  static Fault None() { return {}; }
  static Fault Refuse() { return {Kind::kRefuse, 0, {}, {}}; }
  static Fault Hang() { return {Kind::kHang, 0, {}, {}}; }
  static Fault Delay(std::chrono::nanoseconds d) { return {Kind::kDelay, 0, d, {}}; }
  static Fault CutAfter(size_t bytes) { return {Kind::kCut, bytes, {}, {}}; }
  static Fault TruncateBodyAfter(size_t bytes) { return {Kind::kTruncate, bytes, {}, {}}; }
  static Fault CorruptAfter(size_t bytes, std::string text) {
    return {Kind::kCorrupt, bytes, {}, std::move(text)};
  }
  // A Kubernetes Status with that code, as an API server sends it (401 403 404 409 429 500 …).
  static Fault Status(int code);
  // A 200 whose body is `body`, announced as JSON.
  static Fault Json(std::string body);
  // Bytes that are no HTTP at all.
  static Fault Raw(std::string bytes) { return {Kind::kAnswer, 0, {}, std::move(bytes)}; }
};

// Passes connections on to `upstream`, with faults. All calls are safe from any fiber.
//
//   FaultProxy proxy(upstream);
//   auto transport = http::MakeTransport(proxy.InMemory());
//   proxy.Next(Fault::CutAfter(100));      // the next connection only
//   proxy.Set(Fault::Status(500));         // all further ones, once those of Next are used up
//
// The proxy must outlive the connections' use; its destructor cuts them and waits for their end.
class FaultProxy {
 public:
  explicit FaultProxy(std::shared_ptr<runtime::net::Dialer> upstream);
  ~FaultProxy();

  // The fault of every connection from now on; those that exist are cut, so that a pool of
  // keep-alive connections does not go past it.
  void Set(Fault fault);
  // The fault of the next connection that has none queued yet. Existing ones are cut, too.
  void Next(Fault fault);
  // Cuts every connection there is.
  void CutAll();
  // How many connections were opened through it.
  int64_t connections() const;

  // Dials through the proxy in memory: for simulations too.
  std::shared_ptr<runtime::net::Dialer> InMemory();
  // Listens on "127.0.0.1:0" or the like and returns the bound address: for other processes.
  Result<std::string> Start(std::string_view address);

 private:
  class InMemoryDialer;
  struct Link;

  Fault Pick();
  void Serve(std::unique_ptr<runtime::net::Conn> client, Fault fault);
  void Relay(Link& link, const Fault& fault);
  void AnswerAll(runtime::net::Conn& client, const Fault& fault);

  const std::shared_ptr<runtime::net::Dialer> upstream_;
  mutable runtime::Mutex mu_;
  Fault fault_;  // guarded by mu_, like all below
  std::deque<Fault> next_;
  std::map<int64_t, Link*> links_;
  int64_t connections_ = 0;
  int64_t last_link_ = 0;
  bool closed_ = false;
  std::unique_ptr<runtime::net::Listener> listener_;
  runtime::WaitGroup running_;
};

}  // namespace xebec::fault
