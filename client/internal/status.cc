#include <fmt/format.h>

#include "client/internal/rest.h"

namespace xebec::client::internal {

std::string Summarize(std::string_view body, size_t most) {
  std::string out;
  bool space = false;
  for (const char c : body) {
    if (out.size() >= most) {
      out += "…";
      break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) {
      space = !out.empty();
      continue;
    }
    if (space) out.push_back(' ');
    space = false;
    // Bytes beyond ASCII may be cut in the middle of a character or be no text at all.
    out.push_back(byte < 0x80 ? c : '?');
  }
  return out;
}

Error ErrorFromStatus(const object::Object& status) {
  const object::Value root = status.root();
  Error error;
  error.code = static_cast<int>(root["code"].AsInt());
  error.reason = std::string(root["reason"].AsString());
  error.message = std::string(root["message"].AsString());
  if (error.reason.empty()) error.reason = std::string(ReasonForCode(error.code));
  if (error.message.empty()) error.message = fmt::format("the server answered {}", error.code);
  const object::Value details = root["details"];
  error.details.group = std::string(details["group"].AsString());
  error.details.kind = std::string(details["kind"].AsString());
  error.details.name = std::string(details["name"].AsString());
  error.details.uid = std::string(details["uid"].AsString());
  for (const object::Value cause : details["causes"].Elements()) {
    error.details.causes.push_back({std::string(cause["field"].AsString()),
                                    std::string(cause["reason"].AsString()),
                                    std::string(cause["message"].AsString())});
  }
  if (const int64_t seconds = details["retryAfterSeconds"].AsInt(); seconds > 0) {
    error.retry_after = std::chrono::seconds(seconds);
  }
  return error;
}

Error ErrorFromResponse(const Call& call, int status, const runtime::http::Headers& headers,
                        const std::string& body) {
  Error error;
  auto parsed = object::Object::Parse(body);
  if (parsed.ok() && parsed->kind() == "Status") {
    error = ErrorFromStatus(*parsed);
    if (error.code == 0) {
      error.code = status;
      if (error.reason.empty()) error.reason = std::string(ReasonForCode(status));
    }
  } else {
    error.code = status;
    error.reason = std::string(ReasonForCode(status));
    // Without a Status, a conflict of a POST can only mean the name (as client-go reads it).
    if (status == 409 && call.method == "POST") error.reason = "AlreadyExists";
    const std::string_view text = runtime::http::StatusText(status);
    const std::string summary = Summarize(body);
    error.message = fmt::format("{} {}: the server answered {}{}{}{}", call.method, call.path,
                                status, text.empty() ? "" : " ", text,
                                summary.empty() ? "" : fmt::format(": {}", summary));
  }
  if (const auto wait = RetryAfter(headers)) error.retry_after = wait;
  return error;
}

}  // namespace xebec::client::internal
