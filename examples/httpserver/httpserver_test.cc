// Runs the program as its users do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "runtime/context.h"
#include "runtime/net/dialer.h"
#include "runtime/net/transport.h"
#include "runtime/testing.h"

extern char** environ;

namespace xebec::runtime {
namespace {

// A program whose output comes through a pipe. Blocks the thread, outside of the scheduler.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    arguments.insert(arguments.begin(), XEBEC_BIN_DIR "/httpserver");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = ends[0];
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }
  std::string ReadLine() {
    std::string line;
    char byte;
    while (read(output_, &byte, 1) == 1 && byte != '\n') line += byte;
    return line;
  }
  void Signal(int signal) { kill(pid_, signal); }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

TEST(HttpServerExample, AnswersHealthzAndStopsAtSigterm) {
  Program program({"--listen", "127.0.0.1:0"});
  const std::string line = program.ReadLine();
  const std::string prefix = "serving on http://127.0.0.1:";
  ASSERT_TRUE(line.starts_with(prefix)) << line;
  const int port = std::stoi(line.substr(prefix.size()));
  const std::string failure = testing::RunTestBody([&] {
    auto transport = http::MakeTransport(std::make_shared<net::TcpDialer>("127.0.0.1", port));
    http::Request request;
    request.path = "/healthz";
    auto health = transport->RoundTrip({}, request);
    ASSERT_TRUE(health.ok()) << health.error().ToString();
    EXPECT_EQ(health->status, 200);
    EXPECT_EQ(health->body, "ok");
    request.path = "/ticks";
    auto ticks = transport->Stream({}, request);
    ASSERT_TRUE(ticks.ok()) << ticks.error().ToString();
    char first[64];
    auto n = ticks->body->Read(first);
    ASSERT_TRUE(n.ok()) << n.error().ToString();
    EXPECT_EQ(std::string(first, *n), "tick 1\n");
    program.Signal(SIGTERM);  // ends the stream as if it were finished
    do {
      n = ticks->body->Read(first);
    } while (n.ok() && *n > 0);
    EXPECT_TRUE(n.ok()) << n.error().ToString();
  });
  EXPECT_EQ(failure, "");
  EXPECT_EQ(program.Wait(), 0);
}

TEST(HttpServerExample, AnAddressThatCannotBeUsedIsOneLine) {
  Program program({"-listen", "nonsense"});
  EXPECT_EQ(program.ReadLine(),
            "httpserver: address \"nonsense\" has no port: write HOST:PORT, for example "
            "127.0.0.1:8080");
  EXPECT_EQ(program.Wait(), 1);
}

}  // namespace
}  // namespace xebec::runtime
