#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include <xebec/runtime/context.h>
#include <xebec/runtime/result.h>

namespace podset {

// A child process whose output goes to a file. It is stopped (SIGTERM, after 10 s SIGKILL) with
// this object.
class ChildProcess {
 public:
  static xebec::Result<ChildProcess> Start(const std::vector<std::string>& command,
                                           std::string log_file);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess() { Stop(); }

  pid_t pid() const { return pid_; }
  bool Running();
  void Stop();
  // The last lines of its output, to show when something went wrong.
  std::string LastOutput(int lines = 12) const;
  // Peak resident memory in bytes; 0 once it has ended.
  int64_t PeakMemory() const;

 private:
  ChildProcess(pid_t pid, std::string log_file) : pid_(pid), log_file_(std::move(log_file)) {}
  pid_t pid_ = -1;
  std::string log_file_;
};

// Waits until `file` has a whole line and returns it without its end. Errors: `child` ended or the
// time is over; both tell the child's last output.
xebec::Result<std::string> WaitForLine(const xebec::Context& ctx, ChildProcess& child,
                                       const std::string& file, std::chrono::nanoseconds limit);

// A new folder under the system's one for temporary files; removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace podset
