#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xebec::runtime {

// What is known of one fiber.
struct FiberInfo {
  uint64_t id = 0;
  std::string name;              // "fiber ID" if it has none
  std::string state;             // "running", "runnable", "blocking", or the wait reason
  int64_t waited_ns = 0;         // since it waits; 0 if it does not
  std::string created_at;        // "file:line"
  std::vector<uintptr_t> stack;  // program counters, innermost first; empty for the running ones
};

struct DumpOptions {
  bool stacks = true;
  // How many fibers at most.
  size_t limit = 10000;
};

// Every fiber that exists, by id. From a fiber: stops the world for some microseconds each hundred
// fibers. From another thread: what can be read without stopping (no stacks).
std::vector<FiberInfo> ListFibers(const DumpOptions& options = {});

// The same as text, in the form of Go's dumps: "fiber 12 [chan receive, 3 minutes]:", the frames,
// "created at file:line".
std::string DumpFibers(const DumpOptions& options = {});

// The text of DumpFibers for fibers that were listed before.
std::string FormatFibers(const std::vector<FiberInfo>& fibers);

// One line for each address: "  function at file:line".
std::string Symbolize(const std::vector<uintptr_t>& pcs);

// Fibers that exist, the calling one included.
int64_t FiberCount();

// Numbers of the scheduler since the process started.
struct SchedStats {
  int procs = 0;
  int threads = 0;
  int idle_procs = 0;
  int idle_threads = 0;
  int spinning_threads = 0;
  int64_t fibers = 0;
  int64_t global_queue = 0;
  uint64_t spawned = 0;
  uint64_t switches = 0;
  uint64_t steals = 0;
  uint64_t handoffs = 0;
  uint64_t preempt_requests = 0;
  uint64_t world_stops = 0;
};
SchedStats ReadSchedStats();

}  // namespace xebec::runtime
