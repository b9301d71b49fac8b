// What the benchmarks share: a list of them, their flags, and one JSON line for each figure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace xebec::bench {

// One benchmark's command line: declare the flags, then Parse. -x and --x are the same. A wrong
// flag, and --help, end the program.
class Flags {
 public:
  Flags(const char* name, const std::vector<std::string>& arguments);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  Flags& Add(const char* flag, int64_t* value, const char* help);
  void Parse();

 private:
  CLI::App* app_;
  std::vector<std::string> arguments_;
};

struct Bench {
  const char* name;
  const char* about;  // one sentence, for --help
  void (*run)(const std::vector<std::string>& arguments);
};

// One family in each file.
std::vector<Bench> SchedulerBenches();
std::vector<Bench> SyncBenches();
std::vector<Bench> HeapBenches();
std::vector<Bench> QueueBenches();

// The sentence of the benchmark `name`.
const char* About(const std::string& name);

void Report(const char* bench, const char* metric, double value, const char* unit);
void PerOp(const char* bench, const char* metric, int64_t n, int64_t nanos);

// A field of /proc/self/status in MiB, such as VmRSS or VmHWM.
double MemoryMiB(const char* field);
// CPU nanoseconds of the process.
int64_t CpuNanos();
// Real monotonic nanoseconds.
int64_t Now();
// The value at quantile `q`; sorts.
int64_t Percentile(std::vector<int64_t>& values, double q);

}  // namespace xebec::bench
