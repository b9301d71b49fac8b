#include "runtime/net/internal/server_engine.h"

#include <string_view>

#include "runtime/net/http.h"
#include "runtime/net/internal/text.h"

namespace xebec::runtime::http::internal {
namespace {

// How the pre-routing handler, which is one for all, finds the connection that a request came on:
// a field that cpp-httplib uses in clients only.
struct Binding {
  RequestHandler* handler;
  bool operator()(const httplib::Response&) const { return true; }
};

RequestHandler* HandlerOf(const httplib::Request& request) {
  const Binding* binding = request.response_handler.target<Binding>();
  return binding == nullptr ? nullptr : binding->handler;
}

}  // namespace

ssize_t EngineStream::read(char* data, size_t size) {
  if (header_left_ < size) {
    header_too_large_ = true;
    return -1;
  }
  header_left_ -= size;
  if (size == 1 && conn_.PopByte(data)) return 1;
  auto n = conn_.Read({data, size});
  if (!n.ok()) {
    error_ = std::move(n).error();
    return -1;
  }
  return static_cast<ssize_t>(*n);
}

ssize_t EngineStream::write(const char* data, size_t size) {
  if (dropping_) return static_cast<ssize_t>(size);
  auto written = conn_.Write({data, size});
  if (!written.ok()) {
    error_ = std::move(written).error();
    return -1;
  }
  return static_cast<ssize_t>(size);
}

Engine::Engine() {
  // Connections live as long as their clients want; only the idle timeout ends them.
  set_keep_alive_max_count(static_cast<size_t>(-1));
  set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
    HandlerOf(request)->Handle(request, response);
    return HandlerResponse::Handled;
  });
  // Handlers' exceptions are caught before they get here. Without this, 0.11 puts the text of what
  // it catches into a response header.
  set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
        response.headers.clear();
        response.status = 500;
        response.set_content("internal server error\n", "text/plain");
      });
  set_post_routing_handler([](const httplib::Request& request, httplib::Response& response) {
    response.headers.erase("Keep-Alive");
    if (response.status == 204 || response.status == 304) response.headers.erase("Content-Length");
    // No handler is bound: the request could not be read, so its end is unknown.
    if (HandlerOf(request) == nullptr && !response.has_header("Connection")) {
      response.set_header("Connection", "close");
    }
  });
}

bool Engine::Process(EngineStream& stream, RequestHandler& handler, bool close, bool* handled) {
  *handled = false;
  bool client_closes = false;
  const bool ok = process_request(stream, close, client_closes, [&](httplib::Request& request) {
    request.response_handler = Binding{&handler};
    // Neither ranges nor compression: answers are made for the request at hand, and compressing
    // costs more than a cluster's network.
    request.ranges.clear();
    request.headers.erase("Accept-Encoding");
    *handled = true;
  });
  return ok && *handled && !close && !client_closes;
}

Headers FromEngine(const httplib::Headers& headers) {
  Headers result;
  for (const auto& [name, value] : headers) {
    // cpp-httplib puts these among them; a client that sends them is not believed.
    if (name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" ||
        name == "LOCAL_PORT") {
      continue;
    }
    result.Add(name, value);
  }
  return result;
}

}  // namespace xebec::runtime::http::internal
