// Defaults of the sanitizers for every program and test, so that one started by hand behaves as
// under ctest. ASAN_OPTIONS, UBSAN_OPTIONS and TSAN_OPTIONS override them one by one.

#if defined(__SANITIZE_ADDRESS__)
// Fake stacks would hide the real frames from the conservative stack scan. Leaks are found by the
// tests' own checks: LeakSanitizer sees neither fiber stacks nor the managed heap, and would report
// what they hold.
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=0:detect_leaks=0:strict_string_checks=1:"
         "check_initialization_order=1:abort_on_error=0:handle_abort=1:allocator_may_return_null=0";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }
#endif

#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_options() {
  return "halt_on_error=1:second_deadlock_stack=1:history_size=4:report_signal_unsafe=0";
}
// The package's library is not instrumented: TSan does not see the guards of its static variables,
// and takes their first use for a race.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libcpp-httplib\n"; }
#endif
