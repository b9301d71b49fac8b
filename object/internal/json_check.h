// A strict and slow reader of JSON that says what is wrong and where. Parsing falls back to it for
// the message once simdjson has refused a text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace xebec::object::internal {

struct JsonFault {
  size_t offset = 0;  // in bytes from the start of the text
  std::string what;
};

// The first fault of a text that should hold one JSON value (RFC 8259, UTF-8, integers of at most
// 64 bits, no key twice, at most max_depth containers deep), or nothing.
std::optional<JsonFault> FindJsonFault(std::string_view text, size_t max_depth);

}  // namespace xebec::object::internal
