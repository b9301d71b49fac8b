// xebec-apiserver: the embedded API server as a program.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "apiserver/apiserver.h"
#include "runtime/debug/log.h"
#include "runtime/flags.h"
#include "runtime/main.h"
#include "runtime/sched/time.h"

namespace {

using xebec::Error;
using xebec::Result;

struct Flags {
  std::string listen = "127.0.0.1:8001";
  std::string kubeconfig;
  bool allow_remote = false;
  size_t max_body_bytes = xebec::apiserver::Options().max_body_bytes;
  size_t log_max_events = xebec::apiserver::Options().log_max_events;
  int verbosity = 0;
};

Error FileError(const std::string& path, const std::string& action) {
  return Error::InvalidInput(
      fmt::format("kubeconfig {}: cannot {}: {}", path, action, std::strerror(errno)));
}

// Writes through a file of its own beside it, so that a reader never sees half of it. For its owner
// alone, as kubectl wants it.
Result<void> WriteKubeconfig(const std::string& path, const std::string& text) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return FileError(path, "create it");
  const ssize_t written = write(fd, text.data(), text.size());
  if (close(fd) != 0 || written != static_cast<ssize_t>(text.size())) {
    const Error error = FileError(path, "write it");
    unlink(temporary.c_str());
    return error;
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = FileError(path, "put it in place");
    unlink(temporary.c_str());
    return error;
  }
  return {};
}

Result<void> Run(const xebec::Context& ctx, const Flags& flags) {
  xebec::apiserver::Options options;
  options.allow_remote = flags.allow_remote;
  options.max_body_bytes = flags.max_body_bytes;
  options.log_max_events = flags.log_max_events;
  // Nothing is kept over a restart: revisions go on above all that an earlier server gave out.
  options.first_revision = static_cast<uint64_t>(xebec::runtime::WallNanos() / 1'000'000);
  xebec::apiserver::Server server(options);
  XEBEC_ASSIGN_OR_RETURN(const std::string url, server.Start(flags.listen));
  if (!flags.kubeconfig.empty()) {
    XEBEC_TRY(WriteKubeconfig(flags.kubeconfig, server.Kubeconfig()));
  }
  fmt::print("serving on {}\n", url);
  std::fflush(stdout);
  ctx.Done().Receive();
  server.Stop();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "An in-memory Kubernetes API server for development and tests. It keeps nothing over its end "
      "and has no access control.",
      "xebec-apiserver");
  app.footer(
      "Examples:\n"
      "  xebec-apiserver --kubeconfig /tmp/xebec.kubeconfig\n"
      "  xebec-apiserver --listen 127.0.0.1:0 --kubeconfig /tmp/xebec.kubeconfig -v 2\n"
      "  kubectl --kubeconfig /tmp/xebec.kubeconfig get namespaces");
  app.add_option("--listen", flags.listen, "address to serve on; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--kubeconfig", flags.kubeconfig, "write a kubeconfig for this server here");
  app.add_flag("--allow-remote", flags.allow_remote,
               "serve addresses beyond the loopback, to anybody who reaches them");
  app.add_option("--max-body-bytes", flags.max_body_bytes, "largest body of a request")
      ->capture_default_str();
  app.add_option("--log-max-events", flags.log_max_events,
                 "how many past changes watches and continued lists can go back to")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("-v,--v", flags.verbosity, "verbosity of the log; 2 tells each request")
      ->capture_default_str();
  try {
    app.parse(xebec::runtime::FlagArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (flags.verbosity != 0) xebec::runtime::SetLogVerbosity(flags.verbosity);
  return xebec::runtime::Main(argc, argv, [&](xebec::Context ctx) {
    const Result<void> ended = Run(ctx, flags);
    if (ended) return 0;
    fmt::print(stderr, "xebec-apiserver: {}\n", ended.error().ToString());
    return 1;
  });
}
