// A request taken apart: which resource, which verb, in which form the answer is wanted.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/internal/resource.h"
#include "runtime/net/http.h"
#include "runtime/result.h"

namespace xebec::apiserver {

// The form in which objects are answered.
enum class Form : uint8_t { kObject, kTable, kPartial };

// What the Accept header asks for, as far as this server can give it.
struct Accepted {
  Form form = Form::kObject;
  std::string version = "v1";  // of meta.k8s.io, for kTable and kPartial
};
// The first form in the header that the server has. Errors: 406.
Result<Accepted> NegotiateObject(std::string_view accept);
// The Content-Type of aggregated discovery if the header asks for it before plain JSON, else empty.
// Errors: 406.
Result<std::string> NegotiateDiscovery(std::string_view accept);

// A path below a group and version: [namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE…]].
struct ResourcePath {
  std::string group, version, plural, ns, name, subresource;
};
// Splits at slashes; empty segments are dropped.
std::vector<std::string> SplitPath(std::string_view path);
// `parts` start with "api" or "apis". Nothing if the path names no collection or object.
std::optional<ResourcePath> ParseResourcePath(const std::vector<std::string>& parts);

// One call of a resource's verb.
struct Call {
  runtime::http::Request& http;
  ResourcePtr resource;
  std::string ns, name, subresource;
  std::string verb;
  Accepted accepted;

  bool OnStatus() const { return subresource == "status"; }
  std::string Key() const { return ns.empty() ? name : ns + "/" + name; }
};

// What is answered, watches apart.
struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  // The write was applied, but the body tells an error (faults).
};

// Query parameters. Errors: 400, with the parameter's name.
Result<std::optional<bool>> BoolParam(const runtime::http::Request& request, std::string_view key);
Result<std::optional<uint64_t>> NumberParam(const runtime::http::Request& request,
                                            std::string_view key);
// dryRun must be absent or All. Errors: 422 as the API has it.
Result<bool> DryRunParam(const runtime::http::Request& request);

// The media type of a Content-Type header without parameters, in lower case.
std::string MediaType(std::string_view content_type);

// Parses JSON whose nesting is bounded (128). Errors: 400 with the position.
Result<nlohmann::json> ParseJson(std::string_view text);

}  // namespace xebec::apiserver
