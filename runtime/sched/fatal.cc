// What the process says before it dies: of a deadlock, an uncaught Panic or exception, a bad memory
// access, an overflown fiber stack.

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <vector>

#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/stackwalk.h"
#include "runtime/sched/internal/switch.h"

namespace xebec::runtime::internal {
namespace {

constexpr size_t kAlternateStack = 256 * 1024;  // symbols are looked up on it
constexpr size_t kMaxPrinted = 100;

std::atomic<int> dying{0};

void Print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

// Only the first to die speaks; the others wait for the end.
void DieAlone() {
  if (dying.fetch_add(1, std::memory_order_acq_rel) == 0) return;
  for (;;) pause();
}

[[noreturn]] void End() {
  // For a core file instead: XEBEC_DEBUG=core=1.
  const char* debug = std::getenv("XEBEC_DEBUG");
  if (debug != nullptr && std::strstr(debug, "core=1") != nullptr) {
    signal(SIGABRT, SIG_DFL);
    std::abort();
  }
  _exit(2);
}

std::string Title(G* g) {
  if (g == nullptr) return "thread without a fiber";
  const std::string unnamed = fmt::format("fiber {}", g->id);
  return g->name_size == 0
             ? unnamed
             : fmt::format("{} \"{}\"", unnamed, std::string_view(g->name, g->name_size));
}

// The fiber that dies, with its stack.
void PrintSelf(const std::vector<uintptr_t>& pcs) {
  G* g = CurrentG();
  std::string text = fmt::format("\n{} [running]:\n{}", Title(g), Symbolize(pcs));
  if (g != nullptr) {
    const char* file = std::strrchr(g->where.file_name(), '/');
    fmt::format_to(std::back_inserter(text), "created at {}:{}\n",
                   file != nullptr ? file + 1 : g->where.file_name(), g->where.line());
  }
  Print(text);
}

// The others that wait: their stacks are read while other threads run on, which is good enough for
// a last message. Those that run are only named.
__attribute__((no_sanitize("address", "thread"))) void PrintOthers() {
  const G* self = CurrentG();
  std::vector<FiberInfo> fibers;
  size_t more = 0;
  ForEachG([&](G* g) {
    const GStatus status = g->status.load(std::memory_order_acquire);
    if (g == self || g->system || status == GStatus::kDead) return;
    if (fibers.size() >= kMaxPrinted) {
      ++more;
      return;
    }
    FiberInfo info;
    info.id = g->id;
    info.name =
        g->name_size != 0 ? std::string(g->name, g->name_size) : fmt::format("fiber {}", g->id);
    info.state = status == GStatus::kWaiting    ? std::string(ToString(g->wait_reason))
                 : status == GStatus::kRunnable ? "runnable"
                 : status == GStatus::kBlocking ? "blocking call"
                                                : "running";
    if (status == GStatus::kWaiting) {
      info.waited_ns = std::max<int64_t>(0, CoarseNow() - g->wait_since);
      const auto* context = static_cast<const SavedContext*>(g->sp);
      if (context != nullptr) {
        uintptr_t pcs[64];
        const size_t n =
            WalkFrames(context->return_address, context->rbp, g->stack_lo, g->stack_hi, pcs, 64);
        info.stack.assign(pcs, pcs + n);
      }
    }
    const char* file = std::strrchr(g->where.file_name(), '/');
    info.created_at =
        fmt::format("{}:{}", file != nullptr ? file + 1 : g->where.file_name(), g->where.line());
    fibers.push_back(std::move(info));
  });
  std::sort(fibers.begin(), fibers.end(),
            [](const FiberInfo& a, const FiberInfo& b) { return a.id < b.id; });
  Print("\n" + FormatFibers(fibers));
  if (more > 0) Print(fmt::format("… and {} more fibers\n", more));
}

_Unwind_Reason_Code OnFrame(_Unwind_Context* context, void* arg) {
  auto* pcs = static_cast<std::vector<uintptr_t>*>(arg);
  const uintptr_t pc = _Unwind_GetIP(context);
  if (pc != 0) pcs->push_back(pc);
  return pcs->size() < 128 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

// By the unwinder's tables, not by frame pointers: the C++ runtime, through which this came, keeps
// none.
std::vector<uintptr_t> UnwindStack() {
  std::vector<uintptr_t> pcs;
  _Unwind_Backtrace(&OnFrame, &pcs);
  return pcs;
}

[[noreturn]] void OnTerminate() {
  DieAlone();
  if (std::exception_ptr exception = std::current_exception()) {
    const PanicInfo info = DescribeException(exception);
    Print(fmt::format("{}: {}\n", info.is_panic ? "panic" : "panic: uncaught exception",
                      info.message));
  } else {
    Print("panic: std::terminate was called\n");
  }
  // Nothing was unwound yet: the stack still leads to where it was thrown.
  PrintSelf(UnwindStack());
  PrintOthers();
  End();
}

const char* SignalName(int sig) {
  switch (sig) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGILL";
  }
}

void OnCrash(int sig, siginfo_t* info, void* context) {
  DieAlone();
  const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  const auto pc = static_cast<uintptr_t>(registers[REG_RIP]);
  const auto sp = static_cast<uintptr_t>(registers[REG_RSP]);
  G* g = CurrentG();
  const bool memory = sig == SIGSEGV || sig == SIGBUS;
  std::string what;
  if (memory && g != nullptr && StackLoOfGuard(address) == g->stack_lo) {
    what =
        fmt::format("stack overflow in {}: it used all of its {} KiB", Title(g), kStackSize / 1024);
  } else if (memory && address < 4096) {
    what = fmt::format("null dereference in {} ({} at address 0x{:x})", Title(g), SignalName(sig),
                       address);
  } else {
    what = fmt::format("{} in {}{}", SignalName(sig), Title(g),
                       memory ? fmt::format(" at address 0x{:x}", address) : "");
  }
  Print(fmt::format("fatal error: {}\n", what));
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  if (g != nullptr) {
    lo = g->stack_lo;
    hi = g->stack_hi;
  } else {
    lo = sp;
    hi = sp + 64 * 1024;  // of a foreign thread's bounds nothing is known: a careful guess
  }
  uintptr_t pcs[128];
  size_t n = WalkFrames(pc + 1, static_cast<uintptr_t>(registers[REG_RBP]), lo, hi, pcs, 128);
  // A deep recursion says nothing new after some dozens of frames.
  if (n > 64) n = 64;
  PrintSelf(std::vector<uintptr_t>(pcs, pcs + n));
  PrintOthers();
  // End as the signal would, so that the parent and core files tell the same.
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  sigaction(sig, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, sig);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(sig);
  _exit(2);
}

}  // namespace

void Fatal(std::string_view message) {
  DieAlone();
  Print(fmt::format("fatal error: {}\n", message));
  if (CurrentG() != nullptr) PrintSelf(WalkStack(__builtin_frame_address(0), 0));
  PrintOthers();
  End();
}

void Throw(const char* what) {
  DieAlone();
  Print(fmt::format("fatal error: scheduler: {}\n", what));
  PrintSelf(WalkStack(__builtin_frame_address(0), 0));
  std::abort();
}

void InstallAlternateStack() {
  void* memory = mmap(nullptr, kAlternateStack, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kAlternateStack;
  sigaltstack(&stack, nullptr);
}

void InstallCrashHandlers() {
  std::set_terminate(&OnTerminate);
  for (int sig : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction old{};
    sigaction(sig, nullptr, &old);
#if !defined(XEBEC_ASAN) && !defined(XEBEC_TSAN)
    if (old.sa_handler != SIG_DFL || (old.sa_flags & SA_SIGINFO) != 0)
      continue;  // the program's own
#endif
    struct sigaction action{};
    action.sa_sigaction = &OnCrash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigfillset(&action.sa_mask);
    sigaction(sig, &action, nullptr);
  }
}

}  // namespace xebec::runtime::internal
