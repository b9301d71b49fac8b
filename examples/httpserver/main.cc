// An HTTP server: a fiber for each connection, and a graceful end at SIGTERM.
//
//   httpserver --listen 127.0.0.1:8080 &
//   curl http://127.0.0.1:8080/healthz
#include <chrono>
#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <xebec/runtime/context.h>
#include <xebec/runtime/flags.h>
#include <xebec/runtime/main.h>
#include <xebec/runtime/net/http.h>

namespace http = xebec::runtime::http;

namespace {

xebec::Result<void> Serve(const xebec::Context& ctx, const std::string& listen) {
  http::Server server;
  server.HandleFunc("/healthz", [](http::Request&, http::ResponseWriter& w) {
    static_cast<void>(w.Write("ok"));
  });
  // One line a second, for as long as the client listens: what a watch is like.
  server.HandleFunc("/ticks", [](http::Request& request, http::ResponseWriter& w) {
    for (int i = 1; w.Write(fmt::format("tick {}\n", i)).ok() && w.Flush().ok(); ++i) {
      if (!xebec::SleepFor(request.ctx, std::chrono::seconds(1)).ok()) return;
    }
  });
  XEBEC_ASSIGN_OR_RETURN(const std::string address, server.Start(listen));
  fmt::print("serving on http://{}\n", address);
  std::fflush(stdout);
  ctx.Done().Receive();  // SIGINT or SIGTERM
  auto [stop, cancel] =
      xebec::Context::WithTimeout(xebec::Context::Background(), std::chrono::seconds(5));
  return server.Shutdown(stop);
}

}  // namespace

int main(int argc, char** argv) {
  std::string listen = "127.0.0.1:8080";
  CLI::App app("Serves /healthz and /ticks.", "httpserver");
  app.add_option("--listen", listen, "HOST:PORT; port 0 takes any free one")->capture_default_str();
  try {
    app.parse(xebec::runtime::FlagArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return xebec::runtime::Main(argc, argv, [&](const xebec::Context& ctx) {
    auto served = Serve(ctx, listen);
    if (served.ok()) return 0;
    fmt::print(stderr, "httpserver: {}\n", served.error().message);
    return 1;
  });
}
