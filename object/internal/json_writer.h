// Compact JSON text from a tape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "object/internal/tape.h"

namespace xebec::object::internal {

void AppendJson(const TapeReader& tape, uint32_t pos, std::string* out);
void AppendJsonString(std::string_view s, std::string* out);
void AppendJsonInt(int64_t v, std::string* out);
void AppendJsonUint(uint64_t v, std::string* out);
// The shortest text that reads back as the same double; always with a '.' or an exponent, so that
// it stays a double. NaN and infinities, which JSON has not, become null.
void AppendJsonDouble(double v, std::string* out);

}  // namespace xebec::object::internal
