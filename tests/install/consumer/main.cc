// Fibers build widgets, a kind of this project, and hand them over through a channel.
#include <api/widget.h>
#include <xebec/runtime/context.h>
#include <xebec/runtime/debug/log.h>
#include <xebec/runtime/main.h>
#include <xebec/runtime/sched/fiber.h>
#include <xebec/runtime/sync/chan.h>

#include <cstdio>

using xebec::api::widget::v1::Widget;

int main(int argc, char** argv) {
  return xebec::runtime::Main(argc, argv, [](xebec::Context) {
    xebec::runtime::Chan<Widget> widgets;
    for (int i = 1; i <= 100; ++i) {
      xebec::runtime::Go([widgets, i]() mutable {
        Widget::Builder widget;
        widget.SetName("w");
        widget.spec().SetSize(i);
        widgets.Send(widget.Build());
      });
    }
    int total = 0;
    for (int i = 1; i <= 100; ++i) total += widgets.Receive()->spec().size();
    XLOG(Info, "received", {"total size", total});
    std::printf("total size %d\n", total);
    return total == 5050 ? 0 : 1;
  });
}
