// Finds where a JSON value ends, without looking into it: how a list is cut into its items.
#pragma once

#include <cstddef>
#include <string_view>

namespace xebec::object::internal {

// The offset behind the object or array that starts at text[at] ('{' or '['), npos if it does not
// end. Brackets are counted, not matched. Cost: some GB/s with AVX2.
size_t SkipContainer(std::string_view text, size_t at);

// The offset behind the value (of any type) that starts at text[at], npos if it does not end.
size_t SkipValue(std::string_view text, size_t at);

// The offset of the next byte that is no white space, text.size() at the end.
size_t SkipSpace(std::string_view text, size_t at);

}  // namespace xebec::object::internal
