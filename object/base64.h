#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xebec::object {

// The standard alphabet with padding, as JSON holds bytes.
std::string EncodeBase64(std::string_view bytes);
// Nothing where the text is no base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace xebec::object
