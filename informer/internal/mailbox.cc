#include "informer/internal/mailbox.h"

#include <mutex>
#include <utility>

#include "runtime/debug/log.h"
#include "runtime/panic.h"
#include "runtime/sched/fiber.h"

namespace xebec::informer::internal {

Mailbox::Mailbox(std::string informer, std::shared_ptr<EventHandler> handler,
                 std::chrono::nanoseconds resync, runtime::Metrics& metrics)
    : informer_(std::move(informer)),
      handler_(std::move(handler)),
      resync_(resync),
      panics_(metrics.GetCounter("xebec_informer_handler_panics_total",
                                 "Events whose handler panicked", {{"informer", informer_}})) {}

void Mailbox::Start(const std::shared_ptr<runtime::WaitGroup>& running) {
  running->Add(1);
  runtime::GoNamed(informer_ + "/handler", [self = shared_from_this(), running] {
    self->Run();
    running->Done();
  });
}

void Mailbox::Push(Event event) {
  std::lock_guard lock(mu_);
  if (stopped_) return;
  events_.push_back(std::move(event));
  if (events_.size() == 1) changed_.Signal();
}

void Mailbox::Stop() {
  std::lock_guard lock(mu_);
  stopped_ = true;
  events_.clear();
  changed_.Signal();
}

void Mailbox::Run() {
  std::deque<Event> batch;
  while (true) {
    {
      std::unique_lock lock(mu_);
      changed_.Wait(lock, [&] { return stopped_ || !events_.empty(); });
      if (stopped_) return;
      std::swap(batch, events_);
    }
    for (const Event& event : batch) {
      {
        std::lock_guard lock(mu_);
        if (stopped_) return;
      }
      Deliver(event);
    }
    batch.clear();
  }
}

void Mailbox::Deliver(const Event& event) {
  if (std::holds_alternative<Synced>(event)) {
    if (!synced_.closed()) synced_.Close();
    return;
  }
  auto panic = runtime::RunRecovering([&] {
    if (auto* add = std::get_if<Add>(&event)) {
      handler_->OnAdd(add->object, add->initial);
    } else if (auto* update = std::get_if<Update>(&event)) {
      handler_->OnUpdate(update->old_object, update->new_object);
    } else if (auto* gone = std::get_if<Delete>(&event)) {
      handler_->OnDelete(gone->object, gone->final_state_unknown);
    }
  });
  if (!panic) return;
  panics_.Add();
  XLOG(Error, "an event handler panicked; its next event goes on", {"informer", informer_},
       {"panic", panic->message}, {"stack", panic->stack});
}

}  // namespace xebec::informer::internal
