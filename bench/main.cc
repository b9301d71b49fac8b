// xebec-bench NAME [flags]: the benchmarks, by the names of their Go peers.
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "bench/bench.h"
#include "runtime/flags.h"

namespace xebec::bench {

namespace {

std::vector<Bench> AllBenches() {
  std::vector<Bench> all;
  for (const auto& family : {SchedulerBenches(), SyncBenches(), HeapBenches(), QueueBenches()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  std::sort(all.begin(), all.end(),
            [](const Bench& a, const Bench& b) { return std::strcmp(a.name, b.name) < 0; });
  return all;
}

int64_t ClockNanos(clockid_t clock) {
  timespec ts;
  ::clock_gettime(clock, &ts);
  return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int Usage(bool asked) {
  std::FILE* out = asked ? stdout : stderr;
  std::fprintf(out,
               "usage: xebec-bench NAME [flags]   (xebec-bench NAME --help lists its flags)\n");
  for (const Bench& bench : AllBenches())
    std::fprintf(out, "  %-12s %s\n", bench.name, bench.about);
  return asked ? 0 : 2;
}

}  // namespace

Flags::Flags(const char* name, const std::vector<std::string>& arguments)
    : app_(new CLI::App(About(name), std::string("xebec-bench ") + name)), arguments_(arguments) {}
Flags::~Flags() { delete app_; }

Flags& Flags::Add(const char* flag, int64_t* value, const char* help) {
  const std::string name = flag;
  app_->add_option(name.size() == 1 ? "-" + name + ",--" + name : "--" + name, *value, help)
      ->capture_default_str();
  return *this;
}

void Flags::Parse() {
  try {
    app_->parse(arguments_);
  } catch (const CLI::ParseError& error) {
    std::exit(app_->exit(error));
  }
}

const char* About(const std::string& name) {
  for (const Bench& bench : AllBenches()) {
    if (name == bench.name) return bench.about;
  }
  return "";
}

void Report(const char* bench, const char* metric, double value, const char* unit) {
  std::printf("{\"bench\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"value\":%.6g}\n", bench,
              metric, unit, value);
  std::fflush(stdout);
}

void PerOp(const char* bench, const char* metric, int64_t n, int64_t nanos) {
  Report(bench, metric, static_cast<double>(nanos) / static_cast<double>(n), "ns");
}

double MemoryMiB(const char* field) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(std::string(field) + ":")) {
      return std::stod(line.substr(line.find(':') + 1)) / 1024;
    }
  }
  return 0;
}

int64_t CpuNanos() { return ClockNanos(CLOCK_PROCESS_CPUTIME_ID); }
int64_t Now() { return ClockNanos(CLOCK_MONOTONIC); }

int64_t Percentile(std::vector<int64_t>& values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<size_t>(q * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

}  // namespace xebec::bench

int main(int argc, char** argv) {
  using namespace xebec::bench;  // NOLINT: the program's own
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-help" || name == "-h") return Usage(true);
  for (const Bench& bench : AllBenches()) {
    if (name != bench.name) continue;
    bench.run(xebec::runtime::FlagArguments(argc - 1, argv + 1));
    return 0;
  }
  if (!name.empty())
    std::fprintf(stderr, "xebec-bench: there is no benchmark '%s'\n", name.c_str());
  return Usage(false);
}
