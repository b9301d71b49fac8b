// A server and a transport into it, with answers as JSON: what the tests of this room share.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "apiserver/apiserver.h"
#include "runtime/context.h"

namespace xebec::apiserver::testing {

using Json = nlohmann::json;

inline constexpr char kPods[] = "/api/v1/namespaces/default/pods";
inline constexpr char kConfigMaps[] = "/api/v1/namespaces/default/configmaps";

struct Answer {
  int status = 0;
  Json body;
  std::string content_type;
  std::string retry_after;
  // The resourceVersion of the object or list.
  std::string Revision() const;
  std::string Reason() const;
  std::string Message() const;
};

// One event of a watch.
struct WatchEvent {
  std::string type;
  Json object;
  std::string Name() const;
  std::string Revision() const;
};

// A watch, read event by event. Closes when destroyed.
class WatchStream {
 public:
  WatchStream(Context ctx, CancelFunc cancel, runtime::http::StreamResponse response);
  ~WatchStream() { cancel_(); }
  WatchStream(WatchStream&&) = default;

  int status() const { return response_.status; }
  // The next event; nothing at the end of the stream. error() tells whether that was a cut.
  std::optional<WatchEvent> Next();
  bool was_cut() const { return was_cut_; }

 private:
  Context ctx_;
  CancelFunc cancel_;
  runtime::http::StreamResponse response_;
  std::string buffer_;
  bool was_cut_ = false;
};

class Api {
 public:
  explicit Api(Options options = {});

  Server& server() { return server_; }
  runtime::http::Transport& transport() { return *transport_; }

  Answer Do(const std::string& method, const std::string& path_and_query, std::string body = "",
            std::string content_type = "application/json", std::string accept = "");
  // The same, or the transport's error.
  Result<Answer> Try(const std::string& method, const std::string& path_and_query,
                     std::string body = "", std::string content_type = "application/json",
                     std::string accept = "");
  Answer Get(const std::string& path) { return Do("GET", path); }
  Answer Post(const std::string& path, const Json& body) { return Do("POST", path, body.dump()); }
  Answer Put(const std::string& path, const Json& body) { return Do("PUT", path, body.dump()); }
  Answer Delete(const std::string& path, const Json& options = nullptr);
  Answer MergePatch(const std::string& path, const Json& patch) {
    return Do("PATCH", path, patch.dump(), "application/merge-patch+json");
  }
  WatchStream Watch(const std::string& path_and_query, const std::string& accept = "");

 private:
  Server server_;
  std::shared_ptr<runtime::http::Transport> transport_;
};

// {"apiVersion", "kind", "metadata": {"name"}} and the rest.
Json ConfigMap(const std::string& name, Json data = Json::object());
Json Pod(const std::string& name);
Json Owner(const Json& object, bool block = false);
// A definition of `plural`.example.com, kind Foo by default, in version v1.
Json Definition(const std::string& plural, const std::string& kind, bool status = false);

// Asks until `path` answers 404; false after many tries. Each try waits (virtually) a little.
bool WaitGone(Api& api, const std::string& path);

}  // namespace xebec::apiserver::testing
