#include "processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <xebec/runtime/check.h>
#include <xebec/runtime/sched/fiber.h>
#include <xebec/runtime/sched/time.h>
#include <xebec/runtime/sched/timer.h>

extern char** environ;

namespace podset {

using xebec::Context;
using xebec::Error;
using xebec::Result;
using namespace std::chrono_literals;

Result<ChildProcess> ChildProcess::Start(const std::vector<std::string>& command,
                                         std::string log_file) {
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  // A group of its own: Ctrl-C in the terminal reaches the demo alone, which then stops its
  // children in order.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  const int error = xebec::runtime::Blocking(
      [&] { return posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ); });
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return Error::InvalidInput(
        fmt::format("cannot start {}: {}", command[0], std::generic_category().message(error)));
  }
  return ChildProcess(pid, std::move(log_file));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), log_file_(std::move(other.log_file_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(log_file_, other.log_file_);
  return *this;
}

bool ChildProcess::Running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  pid_ = -1;
  return false;
}

void ChildProcess::Stop() {
  if (!Running()) return;
  kill(pid_, SIGTERM);
  const int64_t deadline = xebec::runtime::NanoTime() + std::chrono::nanoseconds(10s).count();
  while (Running()) {
    if (xebec::runtime::NanoTime() > deadline) kill(pid_, SIGKILL);
    xebec::runtime::Sleep(5ms);
  }
}

std::string ChildProcess::LastOutput(int lines) const {
  std::ifstream in(log_file_);
  std::deque<std::string> last;
  for (std::string line; std::getline(in, line);) {
    last.push_back(line);
    if (last.size() > static_cast<size_t>(lines)) last.pop_front();
  }
  std::string text;
  for (const std::string& line : last) text += "  " + line + "\n";
  return text;
}

int64_t ChildProcess::PeakMemory() const {
  std::ifstream in(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

Result<std::string> WaitForLine(const Context& ctx, ChildProcess& child, const std::string& file,
                                std::chrono::nanoseconds limit) {
  const int64_t deadline = xebec::runtime::NanoTime() + limit.count();
  while (true) {
    std::ifstream in(file);
    std::string line;
    if (std::getline(in, line) && !in.eof()) return line;
    if (!child.Running())
      return Error::Unreachable("it ended at its start:\n" + child.LastOutput());
    if (xebec::runtime::NanoTime() > deadline) {
      return Error::DeadlineExceeded("it was not ready in time:\n" + child.LastOutput());
    }
    XEBEC_TRY(SleepFor(ctx, 5ms));
  }
}

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "podset-demo-XXXXXX").string();
  CHECK(mkdtemp(path_.data()) != nullptr, "cannot make a folder for temporary files: {}", path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace podset
