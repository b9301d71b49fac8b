// What the environment says about the heap.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xebec::runtime::heap {

// Dead memory is filled with this under clobberfree=1.
inline constexpr uint64_t kClobberPattern = 0xdeadbeefdeadbeef;

// XEBEC_DEBUG, read once at first use. Unknown words are other rooms' business.
struct Settings {
  bool gc_trace = false;            // gctrace=1: a line for each collection
  uint32_t gc_stress = 0;           // gcstress=N: a collection at every Nth allocation
  bool clobber_free = false;        // clobberfree=1: fill what is swept
  bool heap_verify = false;         // heapverify=1: check the whole heap at each collection
  int initial_percent = 100;        // XEBEC_GC: percent, or "off" (-1)
  size_t initial_limit = SIZE_MAX;  // XEBEC_MEMORY_LIMIT: bytes, or 512MiB, 2GiB, …
};

const Settings& GetSettings();

// Reads them from strings, for tests; what is not understood goes to `complaint`, one line.
Settings ParseSettings(std::string_view debug, std::string_view gc, std::string_view limit,
                       void (*complaint)(std::string_view line));
// Changes them for the rest of the process. With nobody else allocating.
void SetSettingsForTest(const Settings& settings);

}  // namespace xebec::runtime::heap
