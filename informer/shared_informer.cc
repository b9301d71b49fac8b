#include "informer/shared_informer.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "informer/internal/mailbox.h"
#include "runtime/check.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/time.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/select.h"
#include "runtime/sync/wait_group.h"

namespace xebec::informer {

using internal::Mailbox;

bool HandlerRegistration::HasSynced() const { return mailbox_ != nullptr && mailbox_->synced(); }

Result<void> HandlerRegistration::WaitForSync(const Context& ctx) const {
  CHECK(mailbox_ != nullptr, "an empty HandlerRegistration was waited for");
  Result<void> result;
  runtime::Select(runtime::OnReceive(mailbox_->synced_channel()),
                  runtime::OnReceive(ctx.Done(), [&] { result = *ctx.Err(); }));
  return result;
}

// Who is told, and the order between the cache's changes and the telling.
//
//   I1  `mu` is held while the cache changes and the change is put into the mailboxes, and while a
//   handler is added
//       with the cache's content: so each handler's mailbox is the cache's history from some moment
//       on.
struct SharedIndexInformer::Handlers {
  explicit Handlers(runtime::Metrics& metrics) : metrics(metrics) {}

  void Tell(const Mailbox::Event& event) {
    for (const auto& mailbox : mailboxes) mailbox->Push(event);
  }

  runtime::Metrics& metrics;
  runtime::Mutex mu;
  std::vector<std::shared_ptr<Mailbox>> mailboxes;  // guarded by mu
  bool started = false;                             // guarded by mu
  bool stopped = false;                             // guarded by mu
  bool synced = false;                              // guarded by mu
  runtime::Chan<Unit> synced_channel;               // closed with synced
  runtime::Chan<Unit> resync_wanted{1};             // a handler with a resync period came
  std::shared_ptr<runtime::WaitGroup> running = std::make_shared<runtime::WaitGroup>();
};

class SharedIndexInformer::Sink final : public ReflectorSink {
 public:
  Sink(SharedIndexInformer& informer, runtime::Metrics& metrics)
      : informer_(informer),
        handlers_(*informer.handlers_),
        objects_(metrics.GetGauge("xebec_informer_objects", "Objects in the cache",
                                  {{"informer", informer.name_}})),
        version_(metrics.GetGauge("xebec_informer_resource_version",
                                  "The resource version that the cache is known to reflect",
                                  {{"informer", informer.name_}})) {}

  void Replace(std::vector<object::Object> objects, const std::string& resource_version) override {
    for (object::Object& object : objects) object = Transformed(std::move(object));
    Indexer& indexer = informer_.indexer_;
    std::lock_guard lock(handlers_.mu);
    std::unordered_map<NamespacedName, object::Object> before;
    for (object::Object& object : indexer.List()) before.emplace(object.key(), std::move(object));
    indexer.Replace(objects, resource_version);
    // Deletes come first: a name that was freed and taken by another object is told in that order.
    std::unordered_map<NamespacedName, const object::Object*> now;
    for (const object::Object& object : objects) now[object.key()] = &object;
    for (const auto& [key, object] : before) {
      if (!now.contains(key)) handlers_.Tell(Mailbox::Delete{object, /*final_state_unknown=*/true});
    }
    for (const object::Object& object : objects) {
      if (now[object.key()] != &object) continue;  // listed twice: the later one counts
      auto found = before.find(object.key());
      if (found == before.end()) {
        handlers_.Tell(Mailbox::Add{object, !handlers_.synced});
      } else if (found->second.resource_version() != object.resource_version()) {
        handlers_.Tell(Mailbox::Update{found->second, object});
      }
    }
    objects_.Set(static_cast<double>(indexer.size()));
    TellVersion(resource_version);
    if (std::exchange(handlers_.synced, true)) return;
    handlers_.Tell(Mailbox::Synced{});
    handlers_.synced_channel.Close();
  }

  void Store(object::Object object) override {
    object = Transformed(std::move(object));
    std::lock_guard lock(handlers_.mu);
    object::Object old = informer_.indexer_.Put(object);
    if (!old) {
      handlers_.Tell(Mailbox::Add{object, /*initial=*/false});
      objects_.Set(static_cast<double>(informer_.indexer_.size()));
    } else if (old.resource_version() != object.resource_version()) {
      handlers_.Tell(Mailbox::Update{std::move(old), std::move(object)});
    }
  }

  void Delete(const object::Object& object) override {
    std::lock_guard lock(handlers_.mu);
    if (!informer_.indexer_.Remove(object.key())) return;
    handlers_.Tell(Mailbox::Delete{object, /*final_state_unknown=*/false});
    objects_.Set(static_cast<double>(informer_.indexer_.size()));
  }

  void Reached(const std::string& resource_version) override {
    informer_.indexer_.SetResourceVersion(resource_version);
    TellVersion(resource_version);
  }

 private:
  // Versions are numbers on every server there is (KEP-5504); others are not told.
  void TellVersion(const std::string& resource_version) {
    uint64_t number = 0;
    const char* end = resource_version.data() + resource_version.size();
    const auto parsed = std::from_chars(resource_version.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) version_.Set(static_cast<double>(number));
  }
  object::Object Transformed(object::Object object) const {
    return informer_.options_.transform ? informer_.options_.transform(std::move(object)) : object;
  }

  SharedIndexInformer& informer_;
  Handlers& handlers_;
  runtime::Gauge& objects_;
  runtime::Gauge& version_;
};

namespace {

InformerOptions WithDefaults(InformerOptions options) {
  if (options.metrics == nullptr) options.metrics = &runtime::Metrics::Default();
  if (options.reflector.metrics == nullptr) options.reflector.metrics = options.metrics;
  return options;
}

}  // namespace

SharedIndexInformer::SharedIndexInformer(std::shared_ptr<ListerWatcher> source,
                                         InformerOptions options)
    : name_(source->Name()),
      options_(WithDefaults(std::move(options))),
      handlers_(std::make_unique<Handlers>(*options_.metrics)),
      sink_(std::make_unique<Sink>(*this, *options_.metrics)),
      reflector_(std::move(source), *sink_, options_.reflector) {}

SharedIndexInformer::~SharedIndexInformer() = default;

void SharedIndexInformer::Run(const Context& ctx) {
  Handlers& h = *handlers_;
  {
    std::lock_guard lock(h.mu);
    CHECK(!h.started, "the informer of {} was run twice", name_);
    h.started = true;
    for (const auto& mailbox : h.mailboxes) mailbox->Start(h.running);
  }
  h.running->Go([this, ctx] { Resync(ctx); });
  reflector_.Run(ctx);
  {
    std::lock_guard lock(h.mu);
    h.stopped = true;
    for (const auto& mailbox : h.mailboxes) mailbox->Stop();
  }
  h.running->Wait();
}

HandlerRegistration SharedIndexInformer::AddEventHandler(std::shared_ptr<EventHandler> handler,
                                                         std::chrono::nanoseconds resync) {
  Handlers& h = *handlers_;
  if (resync.count() > 0)
    resync = std::max<std::chrono::nanoseconds>(resync, std::chrono::seconds(1));
  auto mailbox = std::make_shared<Mailbox>(name_, std::move(handler), resync, h.metrics);
  std::lock_guard lock(h.mu);
  if (h.stopped) return HandlerRegistration(std::move(mailbox));  // it will hear of nothing
  if (h.synced) {
    for (object::Object& object : indexer_.List())
      mailbox->Push(Mailbox::Add{std::move(object), /*initial=*/true});
    mailbox->Push(Mailbox::Synced{});
  }
  h.mailboxes.push_back(mailbox);
  if (h.started) mailbox->Start(h.running);
  if (resync.count() > 0) {
    mailbox->next_resync = runtime::NanoTime() + resync.count();
    h.resync_wanted.TrySend(Unit{});
  }
  return HandlerRegistration(std::move(mailbox));
}

void SharedIndexInformer::RemoveEventHandler(const HandlerRegistration& registration) {
  Handlers& h = *handlers_;
  std::lock_guard lock(h.mu);
  std::erase(h.mailboxes, registration.mailbox_);
  if (registration.mailbox_) registration.mailbox_->Stop();
}

bool SharedIndexInformer::HasSynced() const { return handlers_->synced_channel.closed(); }

Result<void> SharedIndexInformer::WaitForSync(const Context& ctx) const {
  Result<void> result;
  runtime::Select(runtime::OnReceive(handlers_->synced_channel),
                  runtime::OnReceive(ctx.Done(), [&] {
                    result = ctx.Err()->Wrap(fmt::format("waiting for the cache of {}", name_));
                  }));
  return result;
}

// Sleeps until the next handler's resync is due and tells it all that the cache holds.
void SharedIndexInformer::Resync(const Context& ctx) {
  Handlers& h = *handlers_;
  while (!ctx.IsDone()) {
    int64_t next = 0;
    {
      std::lock_guard lock(h.mu);
      const int64_t now = runtime::NanoTime();
      std::vector<object::Object> all;
      for (const auto& mailbox : h.mailboxes) {
        if (mailbox->resync().count() == 0) continue;
        if (mailbox->next_resync <= now) {
          if (all.empty()) all = indexer_.List();
          for (const object::Object& object : all) mailbox->Push(Mailbox::Update{object, object});
          mailbox->next_resync = now + mailbox->resync().count();
        }
        if (next == 0 || mailbox->next_resync < next) next = mailbox->next_resync;
      }
    }
    if (next == 0) {
      runtime::Select(runtime::OnReceive(h.resync_wanted), runtime::OnReceive(ctx.Done()));
    } else {
      const std::chrono::nanoseconds wait(std::max<int64_t>(next - runtime::NanoTime(), 0));
      runtime::Select(runtime::OnReceive(h.resync_wanted), runtime::OnReceive(ctx.Done()),
                      runtime::OnTimeout(wait));
    }
  }
}

}  // namespace xebec::informer
