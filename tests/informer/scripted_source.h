#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "informer/list_watcher.h"
#include "runtime/sync/chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/select.h"

namespace xebec::informer {

inline object::Object MakeObject(const std::string& name, int version, const std::string& uid = "u",
                                 const std::string& team = "a") {
  auto object = object::Object::Parse(fmt::format(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"namespace":"default","name":"{}","uid":"{}",)"
      R"("resourceVersion":"{}","labels":{{"team":"{}"}}}}}})",
      name, uid, version, team));
  return *object;
}

using StreamItem = Result<client::Event<object::Object>>;

inline StreamItem Added(object::Object o) {
  return client::Event<object::Object>{client::EventType::kAdded, std::move(o)};
}
inline StreamItem Modified(object::Object o) {
  return client::Event<object::Object>{client::EventType::kModified, std::move(o)};
}
inline StreamItem Deleted(object::Object o) {
  return client::Event<object::Object>{client::EventType::kDeleted, std::move(o)};
}
inline StreamItem Bookmark(int version) {
  return client::Event<object::Object>{client::EventType::kBookmark, MakeObject("", version)};
}

// A server whose answers a test writes down: the lists and watches to come, in order. What is asked
// is recorded. With no answer left it waits until the Context ends.
class ScriptedSource final : public ListerWatcher {
 public:
  // A watch that has been opened; the test feeds it. Closing it is the server's regular end.
  using Stream = runtime::Chan<StreamItem>;

  void WillList(std::vector<object::Object> objects, int version) {
    lists_.push_back(object::List<object::Object>(std::move(objects),
                                                  {.resource_version = std::to_string(version)}));
  }
  void WillFailList(Error error) { lists_.push_back(std::move(error)); }
  Stream WillWatch() {
    Stream stream(16);
    watches_.push_back(stream);
    return stream;
  }
  void WillFailWatch(Error error) { watches_.push_back(std::move(error)); }

  // "list 0", "watch 12", in the order in which they were asked.
  std::vector<std::string> Asked() const {
    std::lock_guard lock(mu_);
    return asked_;
  }

  Result<object::List<object::Object>> List(const Context& ctx, const std::string& version,
                                            bool) override {
    Note("list " + version);
    if (lists_.empty()) return WaitForEnd(ctx);
    auto answer = std::move(lists_.front());
    lists_.pop_front();
    return answer;
  }

  Result<std::unique_ptr<EventStream>> Watch(const Context& ctx, const std::string& version,
                                             std::chrono::seconds) override {
    Note("watch " + version);
    if (watches_.empty()) return WaitForEnd(ctx);
    auto answer = std::move(watches_.front());
    watches_.pop_front();
    if (!answer) return std::move(answer).error();
    return std::unique_ptr<EventStream>(std::make_unique<Feed>(*answer));
  }

  std::string Name() const override { return "pods"; }

 private:
  class Feed final : public EventStream {
   public:
    explicit Feed(Stream stream) : stream_(std::move(stream)) {}
    std::optional<StreamItem> Next(const Context& ctx) override {
      std::optional<StreamItem> item;
      runtime::Select(runtime::OnReceive(
                          stream_, [&](std::optional<StreamItem> got) { item = std::move(got); }),
                      runtime::OnReceive(ctx.Done()));
      return item;
    }

   private:
    Stream stream_;
  };

  static Error WaitForEnd(const Context& ctx) {
    ctx.Done().Receive();
    return *ctx.Err();
  }
  void Note(std::string what) {
    std::lock_guard lock(mu_);
    asked_.push_back(std::move(what));
  }

  std::deque<Result<object::List<object::Object>>> lists_;  // of the reflector's fiber once it runs
  std::deque<Result<Stream>> watches_;
  mutable runtime::Mutex mu_;
  std::vector<std::string> asked_;  // guarded by mu_
};

}  // namespace xebec::informer
