// Fibers hand numbers to each other through a channel; the sum says that they all ran.
#include <xebec/runtime/context.h>
#include <xebec/runtime/debug/log.h>
#include <xebec/runtime/main.h>
#include <xebec/runtime/sched/fiber.h>
#include <xebec/runtime/sync/chan.h>
#include <cstdio>

int main(int argc, char** argv) {
  return xebec::runtime::Main(argc, argv, [](xebec::Context) {
    xebec::runtime::Chan<int> numbers;
    for (int i = 1; i <= 100; ++i) {
      xebec::runtime::Go([numbers, i]() mutable { numbers.Send(i); });
    }
    int sum = 0;
    for (int i = 1; i <= 100; ++i) sum += *numbers.Receive();
    XLOG(Info, "received", {"sum", sum});
    std::printf("sum %d\n", sum);
    return sum == 5050 ? 0 : 1;
  });
}
