#include "tests/apiserver/api.h"

#include <gtest/gtest.h>

#include <array>

#include "runtime/sched/timer.h"

namespace xebec::apiserver::testing {
namespace {

namespace http = runtime::http;
constexpr std::chrono::seconds kDeadline(20);

http::Request MakeRequest(const std::string& method, const std::string& path_and_query) {
  http::Request request;
  request.method = method;
  const size_t question = path_and_query.find('?');
  request.path = path_and_query.substr(0, question);
  if (question != std::string::npos) request.query = path_and_query.substr(question + 1);
  return request;
}

std::string Field(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : "";
}

std::string MetaField(const Json& object, const char* key) {
  return object.is_object() && object.contains("metadata") ? Field(object["metadata"], key) : "";
}

}  // namespace

std::string Answer::Revision() const { return MetaField(body, "resourceVersion"); }
std::string Answer::Reason() const { return Field(body, "reason"); }
std::string Answer::Message() const { return Field(body, "message"); }
std::string WatchEvent::Name() const { return MetaField(object, "name"); }
std::string WatchEvent::Revision() const { return MetaField(object, "resourceVersion"); }

WatchStream::WatchStream(Context ctx, CancelFunc cancel, http::StreamResponse response)
    : ctx_(std::move(ctx)), cancel_(std::move(cancel)), response_(std::move(response)) {}

std::optional<WatchEvent> WatchStream::Next() {
  while (true) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      const Json line = Json::parse(buffer_.substr(0, end));
      buffer_.erase(0, end + 1);
      return WatchEvent{line["type"], line["object"]};
    }
    std::array<char, 4096> chunk;
    const Result<size_t> read = response_.body->Read(chunk);
    if (!read) {
      was_cut_ = true;
      return std::nullopt;
    }
    if (*read == 0) return std::nullopt;
    buffer_.append(chunk.data(), *read);
  }
}

Api::Api(Options options) : server_(std::move(options)), transport_(server_.InProcessTransport()) {}

Result<Answer> Api::Try(const std::string& method, const std::string& path_and_query,
                        std::string body, std::string content_type, std::string accept) {
  http::Request request = MakeRequest(method, path_and_query);
  if (!body.empty()) request.headers.Set("Content-Type", std::move(content_type));
  if (!accept.empty()) request.headers.Set("Accept", std::move(accept));
  request.body = std::move(body);
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), kDeadline);
  Result<http::Response> response = transport_->RoundTrip(ctx, request);
  cancel();
  if (!response) return response.error();
  Answer answer;
  answer.status = response->status;
  answer.content_type = response->headers.Get("Content-Type");
  answer.retry_after = response->headers.Get("Retry-After");
  answer.body = Json::parse(response->body, nullptr, false);
  if (answer.body.is_discarded()) answer.body = response->body;
  return answer;
}

Answer Api::Do(const std::string& method, const std::string& path_and_query, std::string body,
               std::string content_type, std::string accept) {
  Result<Answer> answer =
      Try(method, path_and_query, std::move(body), std::move(content_type), std::move(accept));
  if (answer) return *answer;
  ADD_FAILURE() << method << " " << path_and_query << ": " << answer.error().ToString();
  return {};
}

Answer Api::Delete(const std::string& path, const Json& options) {
  return Do("DELETE", path, options.is_null() ? "" : options.dump());
}

WatchStream Api::Watch(const std::string& path_and_query, const std::string& accept) {
  http::Request request = MakeRequest("GET", path_and_query);
  if (!request.query.empty()) request.query += "&";
  request.query += "watch=true";
  if (!accept.empty()) request.headers.Set("Accept", accept);
  auto [ctx, cancel] = Context::WithTimeout(Context::Background(), 10 * kDeadline);
  Result<http::StreamResponse> response = transport_->Stream(ctx, request);
  if (!response) {
    ADD_FAILURE() << "watch " << path_and_query << ": " << response.error().ToString();
    throw std::runtime_error("no watch");
  }
  return WatchStream(ctx, cancel, std::move(*response));
}

Json ConfigMap(const std::string& name, Json data) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}}},
          {"data", std::move(data)}};
}

Json Pod(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}}},
          {"spec", {{"containers", {{{"name", "main"}, {"image", "busybox:1"}}}}}}};
}

Json Owner(const Json& object, bool block) {
  return {{"apiVersion", object["apiVersion"]},
          {"kind", object["kind"]},
          {"name", object["metadata"]["name"]},
          {"uid", object["metadata"]["uid"]},
          {"blockOwnerDeletion", block}};
}

Json Definition(const std::string& plural, const std::string& kind, bool status) {
  Json version = {{"name", "v1"}, {"served", true}, {"storage", true}};
  if (status) version["subresources"] = {{"status", Json::object()}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", plural + ".example.com"}}},
          {"spec",
           {{"group", "example.com"},
            {"scope", "Namespaced"},
            {"names", {{"plural", plural}, {"kind", kind}}},
            {"versions", {version}}}}};
}

bool WaitGone(Api& api, const std::string& path) {
  for (int i = 0; i < 1000; ++i) {
    if (api.Get(path).status == 404) return true;
    runtime::Sleep(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace xebec::apiserver::testing
