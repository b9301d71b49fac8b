#pragma once

#include <string>
#include <string_view>

namespace xebec::object::internal {

bool IsUtf8(std::string_view s);
// Replaces each byte that is no part of valid UTF-8 with U+FFFD, as Go does.
std::string MendUtf8(std::string_view s);
// The length of the valid UTF-8 sequence at the start of s, 0 if there is none.
size_t Utf8SequenceLength(std::string_view s);

}  // namespace xebec::object::internal
