#include "apiserver/internal/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "apiserver/internal/status.h"

namespace xebec::apiserver {
namespace {

using runtime::http::Request;

constexpr int kMaxDepth = 128;
constexpr std::string_view kMediaTypes = "application/json";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls fn(piece) for each piece between separators until it returns true.
template <class F>
bool AnyPiece(std::string_view text, char separator, F&& fn) {
  while (true) {
    const size_t at = text.find(separator);
    if (fn(Trim(text.substr(0, at)))) return true;
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + 1);
  }
}

// One entry of an Accept header.
struct MediaRange {
  std::string_view type, as, group, version;
};

MediaRange ParseRange(std::string_view text) {
  MediaRange range;
  bool first = true;
  AnyPiece(text, ';', [&](std::string_view piece) {
    if (first) {
      range.type = piece;
      first = false;
      return false;
    }
    if (piece.starts_with("as=")) range.as = piece.substr(3);
    if (piece.starts_with("g=")) range.group = piece.substr(2);
    if (piece.starts_with("v=")) range.version = piece.substr(2);
    return false;
  });
  return range;
}

bool IsJson(std::string_view type) {
  return type == "application/json" || type == "*/*" || type == "application/*";
}

// Why the text nests too deeply, empty if it does not: parsers and printers of trees recurse.
std::string CheckDepth(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) {
        return fmt::format("nested more than {} levels deep at byte {}", kMaxDepth, i);
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return "";
}

}  // namespace

Result<Accepted> NegotiateObject(std::string_view accept) {
  if (Trim(accept).empty()) return Accepted{};
  std::optional<Accepted> found;
  AnyPiece(accept, ',', [&](std::string_view piece) {
    const MediaRange range = ParseRange(piece);
    if (!IsJson(range.type)) return false;
    if (range.as.empty()) {
      found = Accepted{};
    } else if (range.group == "meta.k8s.io" &&
               (range.version == "v1" || range.version == "v1beta1")) {
      const std::string version(range.version);
      if (range.as == "Table") found = Accepted{Form::kTable, version};
      if (range.as == "PartialObjectMetadata" || range.as == "PartialObjectMetadataList") {
        found = Accepted{Form::kPartial, version};
      }
    }
    return found.has_value();
  });
  if (!found) return NotAcceptableError(kMediaTypes);
  return *found;
}

Result<std::string> NegotiateDiscovery(std::string_view accept) {
  if (Trim(accept).empty()) return std::string();
  std::optional<std::string> found;
  AnyPiece(accept, ',', [&](std::string_view piece) {
    const MediaRange range = ParseRange(piece);
    if (!IsJson(range.type)) return false;
    if (range.as.empty()) {
      found = "";
    } else if (range.as == "APIGroupDiscoveryList" && range.group == "apidiscovery.k8s.io" &&
               (range.version == "v2" || range.version == "v2beta1")) {
      found = fmt::format("application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList",
                          range.version);
    }
    return found.has_value();
  });
  if (!found) return NotAcceptableError(kMediaTypes);
  return *found;
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t at = std::min(path.find('/'), path.size());
    if (at > 0) parts.emplace_back(path.substr(0, at));
    path.remove_prefix(std::min(at + 1, path.size()));
  }
  return parts;
}

std::optional<ResourcePath> ParseResourcePath(const std::vector<std::string>& parts) {
  ResourcePath out;
  size_t at = 0;
  auto next = [&] { return at < parts.size() ? parts[at++] : std::string(); };
  const std::string root = next();
  if (root == "apis") {
    out.group = next();
    if (out.group.empty()) return std::nullopt;
  } else if (root != "api") {
    return std::nullopt;
  }
  out.version = next();
  if (out.version.empty() || at == parts.size()) return std::nullopt;
  // "namespaces/NS/PLURAL…" is in a namespace; "namespaces", "namespaces/NS" and its subresources
  // are about namespaces themselves.
  const bool in_namespace = parts[at] == "namespaces" && parts.size() > at + 2 &&
                            !(out.group.empty() && parts.size() == at + 3 &&
                              (parts[at + 2] == "status" || parts[at + 2] == "finalize"));
  if (in_namespace) {
    ++at;
    out.ns = next();
  }
  out.plural = next();
  out.name = next();
  while (at < parts.size()) {
    if (!out.subresource.empty()) out.subresource += '/';
    out.subresource += next();
  }
  return out;
}

Result<std::optional<bool>> BoolParam(const Request& request, std::string_view key) {
  if (!request.HasQuery(key)) return std::optional<bool>();
  const std::string text = request.Query(key);
  if (text == "true" || text == "1" || text.empty()) return std::optional<bool>(true);
  if (text == "false" || text == "0") return std::optional<bool>(false);
  return BadRequestError(
      fmt::format("query parameter {}: \"{}\" is neither true nor false", key, text));
}

Result<std::optional<uint64_t>> NumberParam(const Request& request, std::string_view key) {
  const std::string text = request.Query(key);
  if (text.empty()) return std::optional<uint64_t>();
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return BadRequestError(
        fmt::format("query parameter {}: \"{}\" is no number from 0", key, text));
  }
  return std::optional<uint64_t>(value);
}

Result<bool> DryRunParam(const Request& request) {
  if (!request.HasQuery("dryRun")) return false;
  const std::string value = request.Query("dryRun");
  if (value == "All") return true;
  if (value.empty()) return false;
  return BadRequestError(
      fmt::format("query parameter dryRun: \"{}\" is not supported, only \"All\" is", value));
}

std::string MediaType(std::string_view content_type) {
  std::string out(Trim(content_type.substr(0, content_type.find(';'))));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Result<nlohmann::json> ParseJson(std::string_view text) {
  if (std::string why = CheckDepth(text); !why.empty()) {
    return BadRequestError("the body of the request is no usable JSON: " + why);
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": the part for people.
    std::string_view what = e.what();
    if (const size_t at = what.find("] "); at != std::string_view::npos) what.remove_prefix(at + 2);
    // What was read last may be somebody's secret.
    std::string message(what.substr(0, what.find("; last read")));
    return BadRequestError("the body of the request is no valid JSON: " + message);
  }
}

}  // namespace xebec::apiserver
